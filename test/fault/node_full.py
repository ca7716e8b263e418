#!/usr/bin/env python3
"""A disk that becomes full under load, again and again; what was acknowledged is there.

    test/fault/node_full.py PROGRAM FOLDER ROUNDS DISK_IO

FOLDER is on a small file system. Writes are refused by name while it is full and come back when it
is not; reads go on; snapshots fail and do no harm; a node starts on a full disk.
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402

VALUE = "v" * 20000
SECONDS_MAX = 20


def until(what, ask, good):
    end = time.monotonic() + SECONDS_MAX
    while not good(reply := ask()):
        if time.monotonic() > end:
            raise Error(f"{what}: still {str(reply)[:200]}")
        time.sleep(0.01)


def fill(folder):
    with open(folder / "filler", "ab", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1 << 20))
        except OSError:
            pass
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
        os.fsync(filler.fileno())


class Load:
    """Appends; the list is what was acknowledged, in its order."""

    def __init__(self):
        self.acknowledged, self.next = [], 0

    def append(self, link):
        for words in ((b"MULTI",), (b"RPUSH", b"list", self.next), (b"SET", f"value{self.next % 150}", VALUE),
                      (b"EXEC",)):
            link.send(words)
        replies = [link.read() for _ in range(4)]
        if replies[3][0] == "*":
            self.acknowledged.append(self.next)
        elif b"DISKFULL" not in replies[3][1]:
            raise Error(f"an append was answered {replies}")
        self.next += 1
        return replies[3]

    def check(self, link):
        found = [int(value) for value in link.call("LRANGE", "list", 0, -1)]
        if found != self.acknowledged:
            raise Error(f"{len(found)} values, {len(self.acknowledged)} acknowledged")


def info(link, name):
    for line in link.call("INFO", "persistence").decode().split("\r\n"):
        if line.startswith(name + ":"):
            return line.split(":")[1]
    return ""


def save_when_full(link, folder):
    """A snapshot that succeeds after all frees old segments: then it is filled again."""
    fill(folder)
    link.ask([b"BGSAVE"])
    until("no snapshot under way", lambda: info(link, "rdb_bgsave_in_progress"),
          lambda active: active == "0")
    return info(link, "rdb_last_bgsave_status")


def one(server, folder, load, number):
    link = Link(server.port, 2)
    for _ in range(200):
        load.append(link)
    if number % 2:
        link.ask([b"BGSAVE"])
    fill(folder)
    until("writes on a full disk", lambda: load.append(link), lambda reply: reply[0] == "-")
    for _ in range(20):
        load.append(link)
    load.check(link)
    until("a snapshot on a full disk", lambda: save_when_full(link, folder),
          lambda status: status == "err")
    load.check(link)
    if number % 3 == 2:
        server.kill()
        server.start()
        link = Link(server.port, 2)
        load.check(link)
        fill(folder)
        until("writes on a full disk after a start", lambda: load.append(link),
              lambda reply: reply[0] == "-")
    (folder / "filler").unlink()
    until("writes when there is room", lambda: load.append(link), lambda reply: reply[0] == "*")
    until("no snapshot under way", lambda: info(link, "rdb_bgsave_in_progress"),
          lambda active: active == "0")
    link.ask([b"BGSAVE"])
    until("a snapshot when there is room", lambda: info(link, "rdb_last_bgsave_status"),
          lambda status: status == "ok")
    if number % 2:
        server.kill()
    elif server.stop() != 0:
        raise Error("it did not end well: " + server.said())
    server.start()
    load.check(Link(server.port, 2))


def main():
    program, folder, rounds, disk = sys.argv[1:]
    folder, load, number = pathlib.Path(folder), Load(), 0
    server = tutti(program, folder, "--disk-io", disk, "--log-segment-size", "1mb")
    try:
        for number in range(int(rounds)):
            one(server, folder, load, number)
    except (Error, OSError) as error:
        print(f"round {number + 1}: {server.said()}; {error}", file=sys.stderr)
        return 1
    finally:
        server.stop()
    print(f"{rounds} times full, {len(load.acknowledged)} appends")
    return 0


if __name__ == "__main__":
    sys.exit(main())
