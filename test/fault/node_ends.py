#!/usr/bin/env python3
"""A node that is told to end under load answers what it can, keeps what it answered, and ends well.

    test/fault/node_ends.py PROGRAM ROUNDS SEED LANES

Among its clients are ones that do not read, that are stopped, and that wait for keys.
"""

import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402

SECONDS_MAX = 15
STOPPED = """
import socket, sys
link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
while True:
    link.sendall(b"SET stopped " + b"v" * 60000 + b"\\r\\nGET stopped\\r\\n" * 20)
"""


class Writer(threading.Thread):
    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.link, self.number = Link(port, 2), number
        self.acknowledged = {}

    def run(self):
        try:
            for turn in range(1 << 30):
                keys = [f"w{self.number}:{turn}:{i}" for i in range(20)]
                for key in keys:
                    self.link.send([b"SET", key, turn])
                for key in keys:
                    if self.link.read() == ("closed",):
                        return
                    self.acknowledged[key] = turn
        except (OSError, ValueError):
            pass


def one(server, chance, lanes):
    writers = [Writer(server.port, i) for i in range(4)]
    for writer in writers:
        writer.start()
    waiting = [Link(server.port, 2) for _ in range(4)]
    for i, link in enumerate(waiting):
        link.send([b"BLPOP", f"never{i}", b"0"])
    listener = Link(server.port, 2)
    listener.call("SUBSCRIBE", "news")
    stopped = subprocess.Popen([sys.executable, "-c", STOPPED, str(server.port)],
                               stderr=subprocess.DEVNULL)
    half = socket.create_connection(("127.0.0.1", server.port))
    half.sendall(b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nabc")
    try:
        time.sleep(0.3)
        stopped.send_signal(signal.SIGSTOP)
        time.sleep(chance.random() * 0.3)
        began = time.monotonic()
        if chance.random() < 0.5:
            server.process.terminate()
        else:
            Link(server.port, 2).send([b"SHUTDOWN"])
        code = server.process.wait(SECONDS_MAX)
        took = time.monotonic() - began
    finally:
        stopped.send_signal(signal.SIGCONT)
        stopped.kill()
        stopped.wait()
    if code != 0:
        raise Error(f"it ended with {code}")
    for writer in writers:
        writer.join()
    server.start()
    link = Link(server.port, 2)
    for writer in writers:
        for key, turn in writer.acknowledged.items():
            link.send([b"GET", key])
        for key, turn in writer.acknowledged.items():
            reply = link.read()
            if reply != ("$", b"%d" % turn):
                raise Error(f"{key} was acknowledged as {turn} and is {reply}")
    if link.call("EXISTS", "half") != b"0":
        raise Error("half a request was run")
    link.close()
    return took


def main():
    program, rounds, seed, lanes = sys.argv[1], *(int(word) for word in sys.argv[2:])
    chance, number, longest = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory(prefix="tutti-ends-") as folder:
        server = tutti(program, folder, "--lanes", str(lanes))
        try:
            for number in range(rounds):
                longest = max(longest, one(server, chance, lanes))
        except (Error, OSError, subprocess.SubprocessError) as error:
            print(f"seed {seed}, round {number + 1}: {server.said()}; {error!r}", file=sys.stderr)
            return 1
        finally:
            server.kill()
    print(f"{rounds} ends, the longest took {longest:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
