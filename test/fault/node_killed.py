#!/usr/bin/env python3
"""A node killed at random moments under load: each acknowledged strong write is there afterwards.

    test/fault/node_killed.py PROGRAM ROUNDS SEED

Each client has a list of its own and a counter of its own. It appends its next number, alone or in
a transaction with the counter, and notes what was acknowledged. After each kill the list must be
0, 1, 2, … without a gap or a repetition, at least as far as was acknowledged and at most as far as
was asked; the counter, changed only in transactions with the list, must agree with it; what
clients deleted must stay deleted.
"""

import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402

CLIENTS = 6


class Client(threading.Thread):
    """Appends until the connection breaks."""

    def __init__(self, port, number, begin, pipeline):
        super().__init__(daemon=True)
        self.link, self.number, self.pipeline = Link(port, 2), number, pipeline
        self.acknowledged = self.asked = begin
        self.trouble = ""

    def run(self):
        try:
            while True:
                self._batch()
        except (OSError, Error):
            pass

    def _batch(self):
        expected = []
        for _ in range(self.pipeline):
            value, at = self.asked, self.number
            self.asked += 1
            for words in ((b"MULTI",), (b"RPUSH", f"list:{at}", value), (b"INCR", f"count:{at}"),
                          (b"SET", f"temporary:{at}", value), (b"EXEC",),
                          (b"DEL", f"temporary:{at}")):
                self.link.send(words)
            expected.append(value)
        for value in expected:
            replies = [self.link.read() for _ in range(6)]
            if replies[-1][0] == "closed":
                raise Error("closed")
            if replies[4][0] == "closed":
                raise Error("closed")
            if replies[4][:1] != ("*",) or replies[4][1] != (":", str(value + 1).encode()):
                self.trouble = f"append of {value} was answered {replies}"
                raise Error(self.trouble)
            self.acknowledged = value + 1


def check(server, clients):
    link = Link(server.port, 2)
    for client in clients:
        found = [int(value) for value in link.call("LRANGE", f"list:{client.number}", 0, -1)]
        count = int(link.call("GET", f"count:{client.number}") or 0)
        name = f"client {client.number}"
        if client.trouble:
            raise Error(f"{name}: {client.trouble}")
        if found != list(range(len(found))):
            raise Error(f"{name}: its list has a gap or a repetition")
        if not client.acknowledged <= len(found) <= client.asked:
            raise Error(f"{name}: {len(found)} values, {client.acknowledged} acknowledged, "
                        f"{client.asked} asked")
        if count != len(found):
            raise Error(f"{name}: half a transaction: {len(found)} values, counted {count}")
        client.asked = client.acknowledged = len(found)
        left = link.call("GET", f"temporary:{client.number}")
        if left is not None and int(left) != len(found) - 1:
            raise Error(f"{name}: {left} was deleted and is back")
    link.close()


def main():
    program, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tutti-killed-") as folder:
        server = tutti(program, folder)
        begins, total = [0] * CLIENTS, 0
        try:
            for number in range(rounds):
                clients = [Client(server.port, i, begins[i], chance.choice((1, 4, 16)))
                           for i in range(CLIENTS)]
                for client in clients:
                    client.start()
                time.sleep(chance.random() * 0.4)
                if chance.random() < 0.3:
                    Link(server.port, 2).ask([b"BGSAVE"])
                    time.sleep(chance.random() * 0.05)
                server.kill()
                for client in clients:
                    client.join()
                server.start()
                check(server, clients)
                begins = [client.asked for client in clients]
                total = sum(begins)
        except (Error, OSError) as error:
            print(f"seed {seed}, round {number + 1}: {server.said()}; {error}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    print(f"{rounds} kills, {total} appends")
    return 0


if __name__ == "__main__":
    sys.exit(main())
