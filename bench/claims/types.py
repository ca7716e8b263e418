#!/usr/bin/env python3
"""Writes to every type with pipelines of 16, in cache mode, against redis-server in memory."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

COMMANDS = [
    ["INCR", "{key}"],
    ["LPUSH", "list", "{x:32}"],
    ["HSET", "hash", "{key}", "{x:32}"],
    ["ZADD", "zset", "{number}", "{key}"],
    ["SADD", "set", "{key}"],
    ["MSET"] + ["{key}", "{x:32}"] * 10,
]


def claim():
    return ServerClaim(
        name="types",
        title="INCR, LPUSH, HSET, ZADD, SADD and MSET of 10 keys, 50 clients, pipeline 16",
        mine=servers.tutti_cache(),
        peer=servers.redis(),
        cases=[Case(words[0], words, pipeline=16, cpu_at_least=1.15, keys=100_000)
               for words in COMMANDS],
        notes=["Each is one key with up to 100,000 members, or 100,000 keys (INCR, MSET)."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
