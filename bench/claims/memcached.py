#!/usr/bin/env python3
"""GET and SET in cache mode against memcached with one thread, each by its own protocol."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET, GET = ["SET", "{key}", "{x:32}"], ["GET", "{key}"]
STORE, FETCH = ["set", "{key}", "0", "0", "32", "\\n", "{x:32}"], ["get", "{key}"]


def case(title, pipeline, words, memcached_words, fill=None, memcached_fill=None):
    return Case(f"{title}, pipeline {pipeline}", words, pipeline=pipeline, fill=fill,
                peer_words=memcached_words, peer_fill=memcached_fill,
                throughput_at_least=1.0, cpu_at_least=1.0)


def claim():
    return ServerClaim(
        name="memcached",
        title="GET and SET in cache mode, 50 clients, each server by its own protocol",
        mine=servers.tutti_cache(),
        peer=servers.memcached(),
        cases=[case("SET", 1, SET, STORE), case("GET", 1, GET, FETCH, SET, STORE),
               case("SET", 16, SET, STORE), case("GET", 16, GET, FETCH, SET, STORE)],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
