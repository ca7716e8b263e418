#!/usr/bin/env python3
"""Memory for each key: small strings, hashes of ten fields, one large sorted set; by RSS."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

FIELDS = [word for i in range(10) for word in (f"field{i}", "{x:8}")]
DATA = [  # what, command, how many, at most
    ("small strings", ["SET", "{key}", "{x:16}"], 10_000_000, 0.7),
    ("hashes of 10 fields", ["HSET", "{key}", *FIELDS], 1_000_000, 0.8),
    ("members of one sorted set", ["ZADD", "zset", "{number}", "{key}"], 1_000_000, 0.8),
]


class Memory:
    name = "memory"
    title = "Memory of 10 million strings, a million hashes, a sorted set of a million members"

    def measure(self, _, quick):
        result = FreeResult(self.name, self.title,
                            ["data", "tutti bytes each", "redis-server bytes each", "ratio"])
        for what, words, count, at_most in DATA:
            count = count // 100 if quick else count
            try:
                mine, peer = (self._bytes_each(kind, words, count)
                              for kind in (servers.tutti_cache(), servers.redis()))
            except tools.Missing as missing:
                result.not_run(what, "redis-server", str(missing))
                continue
            result.rows.append([f"{count:,} {what}", f"{mine:.1f}", f"{peer:.1f}",
                                f"{mine / peer:.2f}×"])
            result.judge_at_most(what, "redis-server", mine / peer, at_most)
        result.notes.append("The growth of RSS from the empty server to the full one, divided by "
                            "the count; keys have 16 bytes.")
        return result

    @staticmethod
    def _bytes_each(kind, words, count):
        kind.prepare()
        with servers.Server(kind) as server:
            before = server.rss_bytes()
            servers.load(server, words, 10, 50, 0, count)
            each = (server.rss_bytes() - before) / count
        print(f"  memory: {kind.name}: {count:,} × {words[0]}: {each:.1f} bytes each", flush=True)
        return each


def claim():
    return Memory()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
