"""Three real nodes, and what can be done to them. Everything is ended by pid, or with the name
space that this runs in.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import time

NODES = (1, 2, 3)
READY_SECONDS_MAX = 60
END_SECONDS_MAX = 30
DISK_BYTES = 192 << 20
SETTINGS = ("--log-segment-size", "1mb")
FLUSH_CALLS = "pwritev2,pwrite64,fdatasync,fsync"


class Trouble(Exception):
    """A node did what it must not do; or the machine cannot do what is asked of it."""


def address(number):
    return f"127.0.1.{number}"


def ports_free(first, last, count):
    """`count` ports in a row that are free on all addresses."""
    for _ in range(1000):
        port = random.randrange(first, last)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for number in NODES:
                for each in range(port, port + count):
                    probes.enter_context(socket.socket()).bind((address(number), each))
            return port
    raise Trouble("no free ports")


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(words)}: {done.stderr.strip()[-200:]}")


def ask(number, port, *words, seconds=2):
    """One command on a fresh connection: a line, or the bytes that it announces."""
    with socket.create_connection((address(number), port), seconds) as link:
        parts = [str(word).encode() for word in words]
        link.sendall(b"*%d\r\n" % len(parts) +
                     b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        reply = link.makefile("rb")
        first = reply.readline().decode("latin-1").strip()
        return reply.read(int(first[1:])).decode("latin-1") if first.startswith("$") else first


class Node:
    """One process, its data folder, and the faults that it has at the moment."""

    def __init__(self, cluster, number, disk_io):
        self.cluster, self.number, self.disk_io = cluster, number, disk_io
        self.folder = cluster.folder / str(number)
        self.disk = self.folder / "disk"  # where root mounts a small file system
        self.log = self.folder / "node.log"
        self.clock = self.folder / "clock"
        self.process = self.tracer = None
        self.disk.mkdir(parents=True)
        if cluster.has_mounts:
            image = self.folder / "image"
            with open(image, "wb") as file:
                file.truncate(DISK_BYTES)
            run("mkfs.ext4", "-q", str(image))
            run("mount", "-o", "loop", str(image), str(self.disk))
        self.clock.write_bytes(struct.pack("=q", 0))

    @property
    def data(self):
        return self.disk / "data"

    def command(self):
        peers = ",".join(f"{n}={address(n)}:{self.cluster.port + 1}" for n in NODES)
        return [self.cluster.program, "start", "--node", str(self.number), "--peers", peers,
                "--bind", address(self.number), "--port", str(self.cluster.port), "--data",
                str(self.data), "--disk-io", self.disk_io, *SETTINGS]

    def start(self):
        environment = dict(os.environ)
        if self.cluster.clock_library:
            environment |= {"LD_PRELOAD": self.cluster.clock_library,
                            "CLOCK_SHIFT_FILE": str(self.clock)}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.folder, env=environment)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def check_running(self):
        """It ends only when it is told to."""
        if self.process is not None and not self.is_running():
            raise Trouble(f"node {self.number} ended with {self.process.returncode}: {self.said()}")

    def said(self):
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-6:])[-900:]

    def kill(self):
        self.untrace()
        if self.process is not None:
            self.process.kill()
            self.process.wait(END_SECONDS_MAX)
        self.process = None

    def end(self):
        """As a service manager does; it must say that all went well."""
        self.process.terminate()
        try:
            code = self.process.wait(END_SECONDS_MAX)
        except subprocess.TimeoutExpired as late:
            raise Trouble(f"node {self.number} does not end: {self.said()}") from late
        if code != 0:
            raise Trouble(f"node {self.number} ended with {code}: {self.said()}")
        self.process = None

    def signal(self, number):
        self.process.send_signal(number)

    def slow_flushes(self, microseconds):
        self.tracer = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={FLUSH_CALLS}", "-e",
             f"inject={FLUSH_CALLS}:delay_enter={microseconds}", "-p", str(self.process.pid)],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def untrace(self):
        if self.tracer is not None:
            self.tracer.terminate()
            self.tracer.wait(END_SECONDS_MAX)
        self.tracer = None

    def fill_disk(self):
        with open(self.disk / "filler", "ab", buffering=0) as filler, \
                contextlib.suppress(OSError):
            for size in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    for _ in range(DISK_BYTES // size):
                        filler.write(bytes(size))

    def empty_disk(self):
        (self.disk / "filler").unlink(missing_ok=True)

    def lose_disk(self):
        shutil.rmtree(self.data)

    def flip_bit(self, chance):
        """In what the log holds, not in the zeros that wait behind it. Says where."""
        segments = sorted(self.data.glob("lane-*/log-*.segment"))
        for _ in range(100):
            path = chance.choice(segments)
            with open(path, "r+b") as file:
                at = chance.randrange(path.stat().st_size)
                file.seek(at)
                byte = file.read(1)
                if byte in (b"\0", b""):
                    continue
                file.seek(at)
                file.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))
                return f"{path.name} at {at}"
        return "nowhere: it holds nothing"

    def jump_clock(self, seconds):
        with open(self.clock, "r+b") as file:
            file.write(struct.pack("=q", seconds))

    def info(self):
        text = ask(self.number, self.cluster.port, "INFO", "replication")
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


class Cluster:
    def __init__(self, program, folder, abilities, chance):
        self.program, self.folder = program, pathlib.Path(folder)
        self.has_mounts, self.has_firewall = "mounts" in abilities, "firewall" in abilities
        self.clock_library = os.environ.get("TUTTI_TEST_CLOCK", "")
        self.port = ports_free(20000, 30000, 3)
        if self.has_firewall:
            run("nft", "add table inet fault")
            run("nft", "add chain inet fault out { type filter hook output priority 0 ; }")
        ways = ["threads", *(chance.choice(("auto", "threads")) for _ in NODES[1:])]
        chance.shuffle(ways)
        self.nodes = {number: Node(self, number, way) for number, way in zip(NODES, ways)}

    def start(self):
        for node in self.nodes.values():
            node.start()

    def check_running(self):
        for node in self.nodes.values():
            node.check_running()

    def leader(self):
        """Who leads the most shards; 0: nobody that answers leads any."""
        led = {}
        for number, node in self.nodes.items():
            with contextlib.suppress(OSError, ValueError, KeyError):
                led[number] = int(node.info()["shards_led"])
        most = max(led.values(), default=0)
        return next((number for number in led if led[number] == most > 0), 0)

    def is_whole(self):
        """All three run, know who leads each shard, and are at what it has committed."""
        try:
            infos = [node.info() for node in self.nodes.values()]
        except (OSError, ValueError):
            return False
        return all(info.get("shards_without_leader") == info.get("shards_recovering") == "0"
                   for info in infos)

    def wait_whole(self, seconds=READY_SECONDS_MAX):
        end = time.monotonic() + seconds
        while not self.is_whole():
            self.check_running()
            if time.monotonic() > end:
                said = "; ".join(f"{n}: {node.said()}" for n, node in self.nodes.items())
                raise Trouble(f"the three do not come together: {said}")
            time.sleep(0.05)

    def cut(self, *pairs):
        """Nothing from the first to the second of each pair; the other way is open."""
        for sender, receiver in pairs:
            run("nft", f"add rule inet fault out ip saddr {address(sender)} ip daddr "
                       f"{address(receiver)} drop")

    def lose(self, sender, receiver):
        run("nft", f"add rule inet fault out ip saddr {address(sender)} ip daddr "
                   f"{address(receiver)} numgen random mod 3 < 1 drop")

    def heal(self):
        if self.has_firewall:
            run("nft", "flush chain inet fault out")

    def stop(self):
        self.heal()
        for node in self.nodes.values():
            with contextlib.suppress(Exception):
                if node.is_running():
                    node.signal(signal.SIGCONT)
                node.kill()
            if self.has_mounts:
                subprocess.run(["umount", "-l", str(node.disk)], check=False, capture_output=True)
