#!/usr/bin/env python3
"""From the start of the process to the first PONG with ten million keys on the disk."""

import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, place, servers, tools  # noqa: E402
from lib.free_result import FreeResult  # noqa: E402

KEYS = 10_000_000
SAVE_SECONDS_MAX = 600


def redis_on_disk():
    return servers.Kind("redis-server, its RDB",
                        servers.redis_command("--save", "900 1", "--appendonly", "no"),
                        prepare=servers.redis_prepare)


def saved(server):
    """Until the snapshot is on the disk."""
    for _ in range(SAVE_SECONDS_MAX * 10):  # one may be under way already
        before = server.ask("LASTSAVE")
        time.sleep(1.1)  # LASTSAVE counts seconds
        if not server.ask("BGSAVE").startswith("-"):
            break
    for _ in range(SAVE_SECONDS_MAX * 10):
        if server.ask("LASTSAVE") != before:
            return
        time.sleep(0.1)
    raise tools.Missing("the snapshot did not end")


class Start:
    name = "start"
    title = "Start with 10 million keys, until the first PONG"

    def measure(self, rounds, quick):
        count = KEYS // 100 if quick else KEYS
        result = FreeResult(self.name, self.title, ["server", "seconds", "CPU s"])
        kinds = [servers.tutti_strong(name="tutti, its snapshot"), redis_on_disk()]
        folders = []
        try:
            for kind in kinds:
                folders.append(self._filled(kind, count))
            self._rounds(kinds, folders, rounds, result)
        except tools.Missing as missing:
            result.not_run("seconds", kinds[1].name, str(missing))
        finally:
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
        return result

    @staticmethod
    def _filled(kind, count):
        kind.prepare()
        folder = tempfile.mkdtemp(prefix="start-", dir=place.DATA)
        with servers.Server(kind, folder, keep=True) as server:
            servers.load(server, ["SET", "{key}", "{x:16}"], 50, 50, 0, count)
            saved(server)
        return folder

    def _rounds(self, kinds, folders, rounds, result):
        times = {kind.name: [] for kind in kinds}
        for number in range(rounds):
            for kind, folder in zip(kinds, folders):
                with servers.Server(kind, folder, keep=True) as server:
                    times[kind.name].append((server.start_s, server.cpu_s()))
                print(f"  start round {number + 1}: {kind.name}: {times[kind.name][-1][0]:.2f} s",
                      flush=True)
        medians = []
        for kind in kinds:
            seconds, cpu_s = (statistics.median(part) for part in zip(*times[kind.name]))
            medians.append(seconds)
            result.rows.append([kind.name, f"{seconds:.2f}", f"{cpu_s:.2f}"])
        result.judge_at_least("as fast", kinds[1].name, medians[1] / medians[0], 2.0)


def claim():
    return Start()


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
