#!/usr/bin/env python3
"""A power cut: what was acknowledged before it is there, in its order.

    test/fault/node_power.py PROGRAM ROUNDS SEED DISK_IO LANES

The node's data is on a file system of its own in an image. While clients write, the node is
stopped for as long as the image is copied: what was only in memory is not in the copy. The copy is
mounted, which replays its journal, and a node is started on it. Needs root.
"""

import contextlib
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402

CLIENTS = 4
IMAGE_BYTES = 160 << 20


class Writer(threading.Thread):
    """A list that grows, with a counter beside it in the same transaction, and large values."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.link, self.number = Link(port, 2), number
        self.acknowledged = self.asked = 0
        self.trouble = ""

    def run(self):
        chance = random.Random(self.number)
        try:
            while True:
                self._batch(chance.choice((1, 5, 30)), chance.choice((1, 10, 30000)))
        except (OSError, ValueError):
            pass
        except Error as error:
            self.trouble = str(error)

    def _batch(self, count, size):
        first = self.asked
        self.asked += count
        tag = f"{{{self.number}}}"
        for value in range(first, first + count):
            for words in ((b"MULTI",), (b"RPUSH", tag + "list", value), (b"INCR", tag + "count"),
                          (b"SET", tag + "value", "v" * size), (b"EXEC",)):
                self.link.send(words)
        for value in range(first, first + count):
            replies = [self.link.read() for _ in range(5)]
            if replies[4][0] == "closed":
                raise OSError
            if replies[4][:2] != ("*", (":", b"%d" % (value + 1))):
                raise Error(f"append of {value}: {replies}")
            self.acknowledged = value + 1


def check(server, wanted, asked):
    link = Link(server.port, 2)
    for number, least in wanted.items():
        tag = f"{{{number}}}"
        found = [int(value) for value in link.call("LRANGE", tag + "list", 0, -1)]
        if found != list(range(len(found))):
            raise Error(f"client {number}: a gap or a repetition")
        if not least <= len(found) <= asked[number]:
            raise Error(f"client {number}: {len(found)} values, {least} acknowledged before, "
                        f"{asked[number]} asked")
        if int(link.call("GET", tag + "count") or 0) != len(found):
            raise Error(f"client {number}: half a transaction")
    link.close()
    return sum(wanted.values())


@contextlib.contextmanager
def mounted(image, place):
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", image, place], check=True, capture_output=True)
    try:
        yield place
    finally:
        for _ in range(50):
            if subprocess.run(["umount", place], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", place], check=False)


def cut(program, folder, server, writers, more):
    copy = folder / "copy.img"
    server.process.send_signal(19)  # SIGSTOP
    wanted = {writer.number: writer.acknowledged for writer in writers}
    subprocess.run(["cp", "--sparse=always", folder / "image", copy], check=True)
    asked = {writer.number: writer.asked for writer in writers}
    server.process.send_signal(18)  # SIGCONT
    with mounted(copy, folder / "after") as place:
        again = tutti(program, place, *more)
        try:
            return check(again, wanted, asked)
        finally:
            again.stop()


def main():
    program, rounds, seed, disk, lanes = sys.argv[1:]
    rounds, chance, number, total = int(rounds), random.Random(int(seed)), 0, 0
    more = ("--disk-io", disk, "--lanes", lanes, "--log-segment-size", "1mb")
    with tempfile.TemporaryDirectory(prefix="tutti-power-") as name:
        folder = pathlib.Path(name)
        with open(folder / "image", "wb") as image:
            image.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", folder / "image"], check=True, capture_output=True)
        try:
            with mounted(folder / "image", folder / "disk") as place:
                server = tutti(program, place, *more)
                try:
                    writers = [Writer(server.port, i) for i in range(CLIENTS)]
                    for writer in writers:
                        writer.start()
                    for number in range(rounds):
                        time.sleep(chance.random() * 0.5)
                        if chance.random() < 0.5:
                            Link(server.port, 2).ask([b"BGSAVE"])
                            time.sleep(chance.random() * 0.05)
                        total = cut(program, folder, server, writers, more)
                        trouble = [writer.trouble for writer in writers if writer.trouble]
                        if trouble:
                            raise Error(trouble[0])
                finally:
                    server.kill()
        except (Error, OSError, subprocess.SubprocessError) as error:
            print(f"seed {seed}, round {number + 1}: {error}", file=sys.stderr)
            return 1
    print(f"{rounds} power cuts, {total} appends")
    return 0


if __name__ == "__main__":
    sys.exit(main())
