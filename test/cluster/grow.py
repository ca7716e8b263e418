#!/usr/bin/python3
"""One node becomes three, then five, then three again, under load: no client sees an error.

    test/cluster/grow.py TUTTI TUTTI_SIM CLIENTS RATE SECONDS HISTORY

RATE is the operations a second of all clients, SECONDS how long each size lasts. The first node is
one of the two that leave. HISTORY keeps what the clients saw; it must be linearizable, and at the
end everything acknowledged must be there.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

import clients
import crowd
import history
import joined
import nodes
import real

READ_BACK_SECONDS_MAX = 60
LEAVERS = (1, 5)
TROUBLES = (nodes.Trouble, joined.Died, clients.Unexpected, OSError, subprocess.SubprocessError)


class Growth:
    """The steps, and how the clients fared in each: `phases` are (name, p99 in ms, seconds)."""

    def __init__(self, program, folder, clients_count, rate, *settings):
        self.cluster = joined.Joined(program, folder, *settings)
        self.history, self.phases = history.History(), []
        self.cluster.add(1)
        self.crowd = crowd.Crowd(self.history, self.cluster.hosts(), clients_count, rate)

    def phase(self, name, work, *arguments):
        began = time.monotonic_ns()
        work(*arguments)
        ended = time.monotonic_ns()
        self.phases.append((name, self.crowd.p99_ms(began, ended), (ended - began) / 1e9))
        print(f"{name}: {self.phases[-1][2]:.2f} s, p99 {self.phases[-1][1]:.2f} ms, "
              f"{len(self.crowd.errors)} errors", flush=True)

    def join(self, *numbers):
        for number in numbers:
            self.cluster.add(number)
        self.cluster.wait_settled()
        self.crowd.use(self.cluster.hosts())

    def leave(self, *numbers):
        self.crowd.use(self.cluster.hosts(*(member.number for member in self.cluster.running()
                                            if member.number not in numbers)))
        for number in numbers:
            self.cluster.leave(number)
        self.cluster.wait_settled()

    def run(self, seconds):
        self.crowd.start()
        try:
            self.phase("1 node", time.sleep, seconds)
            self.phase("1 → 3", self.join, 2, 3)
            self.phase("3 nodes", time.sleep, seconds)
            self.phase("3 → 5", self.join, 4, 5)
            self.phase("5 nodes", time.sleep, seconds)
            self.phase("5 → 3", self.leave, *LEAVERS)
            self.phase("3 nodes again", time.sleep, seconds)
        finally:
            self.crowd.stop()

    def read_back(self):
        """Through each node that is left."""
        for member in self.cluster.running():
            count = clients.keys_read_back(self.history, nodes.address(member.number),
                                           self.cluster.port,
                                           time.monotonic() + READ_BACK_SECONDS_MAX)
            print(f"read {count} keys through node {member.number}", flush=True)

    def errors_tell(self):
        """The first few, and how many."""
        errors = [f"{error}" for _, error in self.crowd.errors]
        return f"clients saw {len(errors)} errors: " + "; ".join(errors[:5])


def main():
    program, simulator, count, rate, seconds, path = sys.argv[1:]
    path = pathlib.Path(path).absolute()
    with tempfile.TemporaryDirectory(prefix="tutti-grow-") as folder:
        growth = Growth(os.path.abspath(program), folder, int(count), float(rate))
        try:
            growth.run(float(seconds))
            growth.read_back()
            if growth.crowd.errors:
                raise nodes.Trouble(growth.errors_tell())
        except TROUBLES as trouble:
            print(f"{trouble}", file=sys.stderr)
            return 1
        finally:
            growth.cluster.stop()
            growth.history.write(path, "growth")
    return 0 if real.judge(os.path.abspath(simulator), path) else 1


if __name__ == "__main__":
    sys.exit(main())
