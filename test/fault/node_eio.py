#!/usr/bin/env python3
"""A disk that fails under load: the node acknowledges nothing more, and ends saying why.

    test/fault/node_eio.py PROGRAM SEED CALL

strace makes the system call CALL of the node's disk threads fail with EIO from some moment on.
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, tutti  # noqa: E402


class Writer(threading.Thread):
    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.link, self.number = Link(port, 2), number
        self.acknowledged = self.asked = 0

    def run(self):
        try:
            while True:
                self.asked += 1
                if self.link.ask([b"RPUSH", f"list:{self.number}", self.asked - 1])[0] != ":":
                    return
                self.acknowledged += 1
        except (OSError, ValueError):
            pass


def break_disk(server, call):
    """Returns once the process is traced."""
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                               f"inject={call}:error=EIO", "-p", str(server.process.pid)],
                              stderr=subprocess.PIPE)
    return tracer


def main():
    program, seed, call = sys.argv[1:]
    chance = random.Random(int(seed))
    with tempfile.TemporaryDirectory(prefix="tutti-eio-") as folder:
        server = tutti(program, folder, "--disk-io", "threads", "--log-segment-size", "1mb")
        tracer = None
        try:
            writers = [Writer(server.port, i) for i in range(4)]
            for writer in writers:
                writer.start()
            time.sleep(0.2 + chance.random() * 0.3)
            tracer = break_disk(server, call)
            code = server.process.wait(20)
            for writer in writers:
                writer.join()
            if code == 0:
                raise Error("it ended with 0")
            if "nput/output error" not in server.said():
                raise Error("it did not say why")
            server.start()
            link = Link(server.port, 2)
            for writer in writers:
                found = [int(value) for value in link.call("LRANGE", f"list:{writer.number}", 0, -1)]
                good = found == list(range(len(found)))
                if not good or not writer.acknowledged <= len(found) <= writer.asked:
                    raise Error(f"{len(found)} values, {writer.acknowledged} acknowledged")
        except (Error, OSError, subprocess.SubprocessError) as error:
            print(f"seed {seed}: {server.said()}; {error!r}", file=sys.stderr)
            return 1
        finally:
            server.stop()
            if tracer is not None:
                tracer.terminate()
    print(f"{sum(writer.acknowledged for writer in writers)} appends")
    return 0


if __name__ == "__main__":
    sys.exit(main())
