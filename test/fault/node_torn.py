#!/usr/bin/env python3
"""A node killed while it does large things: they are there as a whole, or not at all.

    test/fault/node_torn.py PROGRAM ROUNDS SEED LANES

One client replaces all data, again and again: FLUSHALL, a policy, a transaction of thousands of
writes with one generation number, in each lane; others fill the log so that segments are switched,
and snapshots run all the time. After a kill all that a generation wrote is there, or nothing of it.
"""

import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402

KEYS = 1500
TAGS = ("{a}", "{b}", "{c}")


class Generations(threading.Thread):
    """Each begins with an empty database 1; FLUSHDB is a generation of its own."""

    def __init__(self, port, done, asked):
        super().__init__(daemon=True)
        self.link, self.done, self.asked = Link(port, 2), done, asked
        self.trouble = ""

    def run(self):
        try:
            while True:
                self.asked += 1
                for tag in TAGS:
                    self._one(tag, self.asked)
                self.done = self.asked
        except (OSError, ValueError):
            pass
        except Error as error:
            self.trouble = str(error)

    def _one(self, tag, number):
        batch = [(b"MULTI",)]
        batch += [(b"SET", f"{tag}{i}", f"{number}:{'v' * (i % 700)}") for i in range(KEYS)]
        batch += [(b"DEL", f"{tag}list"), (b"RPUSH", f"{tag}list", *range(number, number + 100)),
                  (b"EXEC",)]
        for words in batch:
            self.link.send(words)
        replies = [self.link.read() for _ in batch]
        if replies[-1][0] == "closed":
            raise OSError
        if replies[-1][0] != "*":
            raise Error(f"EXEC was answered {replies[-1]}")


class Flusher(threading.Thread):
    """In database 1: fill, and empty it again, with policies that come and go."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.link, self.last = Link(port, 2), None

    def run(self):
        try:
            self.link.call("SELECT", 1)
            for turn in range(1 << 30):
                self.last = ("filling", turn)
                for i in range(50):
                    self.link.call("SET", f"k{i}", "v" * 5000)
                self.link.call("POLICY", "SET", f"prefix{turn % 5}:", "cache", "MEMORY", "1mb")
                self.last = ("flushing", turn)
                self.link.call("FLUSHDB")
                self.last = ("flushed", turn)
                self.link.call("POLICY", "DEL", f"prefix{turn % 5}:")
                self.link.ask([b"BGSAVE"])
        except (OSError, Error, ValueError, IndexError):
            pass


def check(server, generations, flusher):
    link = Link(server.port, 2)
    if generations.trouble:
        raise Error(generations.trouble)
    for tag in TAGS:
        values = {(link.call("GET", f"{tag}{i}") or b"0:").split(b":")[0] for i in range(0, KEYS, 7)}
        if len(values) != 1:
            raise Error(f"{tag} holds generations {sorted(values)}")
        found = int(values.pop())
        if not generations.done <= found <= generations.asked:
            raise Error(f"{tag} holds {found}, {generations.done} was acknowledged")
        numbers = [int(number) for number in link.call("LRANGE", f"{tag}list", 0, -1)]
        if found and numbers != list(range(found, found + 100)):
            raise Error(f"{tag}list is of another generation than {found}")
    link.call("SELECT", 1)
    count = int(link.call("DBSIZE"))
    if flusher.last and flusher.last[0] == "flushed" and count:
        raise Error(f"{count} keys are back after FLUSHDB")
    link.call("FLUSHDB")
    link.close()


def main():
    program, rounds, seed, lanes = sys.argv[1], *(int(word) for word in sys.argv[2:])
    chance, number, done, asked = random.Random(seed), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="tutti-torn-") as folder:
        server = tutti(program, folder, "--lanes", str(lanes), "--log-segment-size", "1mb")
        try:
            for number in range(rounds):
                generations, flusher = Generations(server.port, done, asked), Flusher(server.port)
                generations.start()
                flusher.start()
                while number == 0 and generations.done == 0 and generations.is_alive():
                    time.sleep(0.01)  # however slow the machine: one of them is there as a whole
                time.sleep(0.2 + chance.random() * 0.5)
                server.kill()
                generations.join()
                flusher.join()
                server.start()
                check(server, generations, flusher)
                done, asked = generations.done, generations.asked
        except (Error, OSError) as error:
            print(f"seed {seed}, round {number + 1}: {server.said()}; {error}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    print(f"{rounds} kills, {asked} generations, {done} acknowledged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
