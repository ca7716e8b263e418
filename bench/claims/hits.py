#!/usr/bin/env python3
"""Hit ratio of a cache on generated traces, against Redis's LRU and LFU at the same cap."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

TRACES = ["zipf", "scans", "shifting"]
REQUESTS, KEYS, VALUE_BYTES, CAP_BYTES = 2_000_000, 1_000_000, 100, 8 << 20
EVICT = ["s3fifo", "lru", "lfu"]
PEERS = ["allkeys-lru", "allkeys-lfu"]


def tutti_capped(evict):
    def settle(server):
        servers.refuse_error(server.ask("POLICY", "SET", "", "MODE", "cache", "MEMORY", CAP_BYTES,
                                        "EVICT", evict))
    return servers.Kind(f"tutti {evict}", servers.tutti_command(), prepare=tools.tutti,
                        settle=settle)


def redis_capped(policy):
    return servers.Kind(f"redis-server {policy}",
                        servers.redis_command("--save", "", "--maxmemory", str(CAP_BYTES),
                                              "--maxmemory-policy", policy),
                        prepare=servers.redis_prepare)


def hit_ratio(kind, trace, quick):
    kind.prepare()
    requests = REQUESTS // 20 if quick else REQUESTS
    with servers.Server(kind) as server:
        done = subprocess.run([str(tools.compiled("trace")), str(server.port), trace,
                               str(requests), str(KEYS), str(VALUE_BYTES), "1"],
                              text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise tools.Missing(done.stderr.strip()[-200:])
    asked, found = (int(field) for field in done.stdout.split())
    print(f"  hits: {trace}: {kind.name}: {found / asked:.4f}", flush=True)
    return found / asked


class Hits:
    name = "hits"
    title = "Hit ratio at a cap of 8 MiB"

    def measure(self, _, quick):
        mine = [tutti_capped(evict) for evict in EVICT]
        peers = [redis_capped(policy) for policy in PEERS]
        result = FreeResult(self.name, self.title,
                            ["trace"] + [kind.name for kind in mine + peers])
        for trace in TRACES:
            try:
                ratios = [hit_ratio(kind, trace, quick) for kind in mine + peers]
            except tools.Missing as missing:
                result.not_run(trace, "redis-server", str(missing))
                continue
            result.rows.append([trace] + [f"{ratio:.4f}" for ratio in ratios])
            best = max(ratios[len(mine):])
            result.judge_at_least(f"{trace}, s3fifo", "the better of redis-server's LRU and LFU",
                                  ratios[0] / best, 1.0)
        result.notes.append(f"{REQUESTS:,} requests for {KEYS:,} keys with values of {VALUE_BYTES} "
                            "bytes; bench/trace.c says what the traces are.")
        return result


def claim():
    return Hits()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
