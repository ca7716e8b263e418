#!/usr/bin/env python3
"""Latency and memory while a snapshot of 2 GB is written under load, against the same without."""

import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

KEYS, VALUE_BYTES = 4_000_000, 450
SET = ["SET", "{key}", f"{{x:{VALUE_BYTES}}}"]
SECONDS = 5


class Watch(threading.Thread):
    """The largest RSS seen until it is told to stop."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.peak_bytes, self.stopped = server, 0, False
        self.start()

    def run(self):
        while not self.stopped:
            self.peak_bytes = max(self.peak_bytes, self.server.rss_bytes())
            time.sleep(0.05)

    def stop(self):
        self.stopped = True
        self.join()
        return self.peak_bytes


def is_saving(server):
    return "rdb_bgsave_in_progress:1" in server.ask_bulk("INFO", "persistence")


class Snapshot:
    name = "snapshot"
    title = "p99.9 of SET in strong mode, 50 clients, while a snapshot of 2 GB is written"

    def measure(self, rounds, quick):
        result = FreeResult(self.name, self.title,
                            ["round", "p99.9 µs without", "p99.9 µs during", "RSS MiB before",
                             "peak MiB during"])
        count = KEYS // 100 if quick else KEYS
        kind = servers.tutti_strong()
        try:
            kind.prepare()
            with servers.Server(kind) as server:
                servers.load(server, SET, 50, 50, 0, count)
                pairs = [self._round(server, count, number, result) for number in range(rounds)]
        except tools.Missing as missing:
            result.not_run("p99.9", "its own without", str(missing))
            return result
        result.judge_at_most("p99.9", "its own without",
                             statistics.median(during / without for without, during, _ in pairs), 2)
        result.judge_at_most("memory", "its own before",
                             statistics.median(grown for *_, grown in pairs), 1.1)
        return result

    @staticmethod
    def _round(server, count, number, result):
        while is_saving(server):
            time.sleep(0.2)
        plain = servers.load(server, SET, 50, 1, SECONDS, count, number)
        before = server.rss_bytes()
        watch = Watch(server)
        if not is_saving(server):  # the log may have grown enough to begin one
            servers.refuse_error(server.ask("BGSAVE"))
        during = []
        while not during or is_saving(server):
            during.append(servers.load(server, SET, 50, 1, 2, count, number).p999_us)
        peak = watch.stop()
        worst = max(during[:-1] or during)  # the last one ran past the end of the snapshot
        result.rows.append([number + 1, f"{plain.p999_us:,.0f}", f"{worst:,.0f}",
                            f"{before / 2**20:,.0f}", f"{peak / 2**20:,.0f}"])
        print(f"  snapshot round {number + 1}: {plain.p999_us:,.0f} µs, {worst:,.0f} µs", flush=True)
        return plain.p999_us, worst, peak / before


def claim():
    return Snapshot()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
