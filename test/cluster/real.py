#!/usr/bin/python3
"""Three real nodes under load and faults: nothing acknowledged is lost, nothing read is stale.

    test/cluster/real.py TUTTI TUTTI_SIM SECONDS SEED HISTORY

Run as root it goes into name spaces of its own (network, mounts, processes), so that nothing is
left behind however it ends; otherwise it uses 127.0.1.1 to .3 of this machine, and leaves out
partitions and full disks. The plan is made from SEED and printed; whom "the leader" means is only
known when the fault comes. HISTORY keeps what the clients saw.
"""

import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import clients
import faults
import history
import nodes

CLIENT_GROUPS = 3
READ_BACK_SECONDS_MAX = 120
CHECK_SECONDS_MAX = 300
ABILITIES = "TUTTI_TEST_ABILITIES"  # set inside of the name spaces
SPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]


def spaces_possible():
    return os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(
        [*SPACES, "true"], capture_output=True, check=False).returncode == 0


def enter_spaces():
    """Becomes the same program inside; what it can do there is in the environment."""
    if ABILITIES in os.environ or not spaces_possible():
        return os.environ.get(ABILITIES, "").split()
    abilities = ["mounts"]
    if shutil.which("nft") and shutil.which("ip"):
        abilities.append("firewall")
    os.environ[ABILITIES] = " ".join(abilities)
    os.execvp(SPACES[0], [*SPACES, sys.executable, *sys.argv])


def can_mount(folder):
    """A small file system on a loop device."""
    image, place = folder / "probe", folder / "probe-at"
    place.mkdir()
    image.write_bytes(b"")
    os.truncate(image, 16 << 20)
    with contextlib.suppress(nodes.Trouble, OSError):
        nodes.run("mkfs.ext4", "-q", str(image))
        nodes.run("mount", "-o", "loop", str(image), str(place))
        nodes.run("umount", str(place))
        return True
    return False


def can_filter():
    with contextlib.suppress(nodes.Trouble):
        nodes.run("ip", "link", "set", "lo", "up")
        nodes.run("nft", "add table inet probe")
        nodes.run("nft", "delete table inet probe")
        return True
    return False


class Test:
    def __init__(self, program, folder, abilities, seconds, seed):
        self.seconds, self.seed, self.chance = seconds, seed, random.Random(seed)
        self.history, self.stopping = history.History(), threading.Event()
        self.cluster = nodes.Cluster(program, folder, abilities, self.chance)
        self.faults, left_out = faults.possible(self.cluster)
        for why in left_out:
            print(f"left out: {why}", flush=True)
        self.plan = faults.plan(self.faults, self.chance, seconds)
        self.began = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.2f} s  {text}", flush=True)

    def clients_start(self):
        """In the groups' keys, each node has a client; and one that reads what may be old. Times
        to live mean nothing while clocks jump by hours."""
        expiry = faults.clock_jump not in self.faults
        made = []
        for number in nodes.NODES:
            for group in range(CLIENT_GROUPS):
                made.append(clients.Client(self.history, nodes.address(number), self.cluster.port,
                                           group, self.chance.random(), self.stopping, expiry))
            made.append(clients.StaleReader(self.history, nodes.address(number), self.cluster.port,
                                            number % CLIENT_GROUPS, self.chance.random(),
                                            self.stopping))
        for client in made:
            client.start()
        return made

    def one_fault(self, fault, wants_leader, lasts, rests):
        number = self.chance.choice(nodes.NODES)
        if wants_leader:
            number = self.cluster.leader() or number
        steps = fault(self.cluster, number, self.chance)
        self.say(next(steps))
        self.stopping.wait(lasts)
        next(steps, None)
        self.stopping.wait(rests)
        self.cluster.check_running()

    def run_plan(self):
        end = time.monotonic() + self.seconds
        for step in self.plan:
            if time.monotonic() > end or self.stopping.is_set():
                return
            self.one_fault(*step)

    def run(self):
        try:
            self.cluster.start()
            self.cluster.wait_whole()
            made = self.clients_start()
            self.run_plan()
            self.cluster.wait_whole()
            self.stopping.set()
            for client in made:
                client.join(clients.REPLY_SECONDS_MAX * 4)
            self.judge_clients(made)
            self.read_back()
        finally:
            self.stopping.set()
            self.cluster.stop()

    def judge_clients(self, made):
        trouble = [client.trouble for client in made if client.trouble]
        if trouble:
            raise nodes.Trouble("; ".join(trouble))
        idle = [client.name for client in made if client.done == 0]
        if idle:
            raise nodes.Trouble(f"clients that never got an answer: {' '.join(idle)}")
        counts = self.history.counts
        self.say(f"{counts['ok']} operations, {counts['fail']} refused, {counts['unknown']} with "
                 f"unknown outcome; {sum(client.refused for client in made)} errors")
        began, lasted = self.history.longest_silence()
        self.say(f"no change was acknowledged for {lasted:.2f} s at {began - self.began:.2f} s")

    def read_back(self):
        for number in nodes.NODES:
            count = clients.keys_read_back(self.history, nodes.address(number), self.cluster.port,
                                           time.monotonic() + READ_BACK_SECONDS_MAX)
            self.say(f"read {count} keys through node {number}")


def judge(simulator, path):
    done = subprocess.run([simulator, "check", str(path)], capture_output=True, text=True,
                          check=False, timeout=CHECK_SECONDS_MAX)
    print((done.stdout + done.stderr).strip()[-2000:], flush=True)
    return done.returncode == 0


def main():
    program, simulator, seconds, seed, path = sys.argv[1:]
    program, simulator = os.path.abspath(program), os.path.abspath(simulator)
    path = pathlib.Path(path).absolute()
    abilities = enter_spaces()
    print(f"seed {seed}, {seconds} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="tutti-cluster-") as name:
        folder = pathlib.Path(name)
        abilities = [ability for ability in abilities
                     if (can_mount(folder) if ability == "mounts" else can_filter())]
        test = Test(program, folder, abilities, float(seconds), int(seed))
        try:
            test.run()
        except (nodes.Trouble, clients.Unexpected, OSError, subprocess.SubprocessError) as error:
            print(f"seed {seed}: {error}", file=sys.stderr)
            return 1
        finally:
            test.history.write(path, f"seed {seed}, {seconds} s")
    if not judge(simulator, path):
        print(f"seed {seed}: the history is wrong; it is in {path}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
