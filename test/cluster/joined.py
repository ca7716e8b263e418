"""Real nodes that join the first one: the machines on which a cluster grows and shrinks.

Node n is at 127.0.1.n; all have the same port, and their peers that plus 10000. What is asked of
the cluster goes by CLUSTER, as any client could ask it.
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import nodes

PEER_PORTS_OFFSET = 10000
ANSWER_SECONDS_MAX = 30
SETTLED_SECONDS_MAX = 90
END_SECONDS_MAX = 30
REPLICAS = 3
SHARE_ENOUGH = 0.5  # of what a node would hold if all held as much
POLL_SECONDS = 0.05


class Died(Exception):
    """A node ended that nobody had told to."""


def link_read(reader):
    """A RESP2 reply; errors are raised as nodes.Trouble."""
    line = reader.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionResetError("the connection ended")
    kind, rest = line[:1], line[1:-2].decode(errors="replace")
    if kind == b"-":
        raise nodes.Trouble(rest)
    if kind == b"$":
        return None if rest == "-1" else reader.read(int(rest) + 2)[:-2].decode(errors="replace")
    if kind == b"*":
        return [link_read(reader) for _ in range(int(rest))]
    return int(rest) if kind == b":" else rest


def rows(reply):
    """The maps of a table, which RESP2 tells as lists."""
    return [dict(zip(row[::2], row[1::2])) for row in reply]


def request(words):
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part)
                                              for part in parts)


def ask_all(host, port, requests, seconds=5):
    """The replies to all of them, sent at once; the first error is raised."""
    with socket.create_connection((host, port), seconds) as link:
        link.sendall(b"".join(request(words) for words in requests))
        stream = link.makefile("rb")
        return [link_read(stream) for _ in requests]


def ask(host, port, *words, seconds=5):
    return ask_all(host, port, [words], seconds)[0]


def wait_until(done, seconds, trouble):
    """Asks `done()` until it says yes; an unanswered question counts as no."""
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError, nodes.Trouble):
            if done():
                return
        if time.monotonic() > end:
            raise nodes.Trouble(trouble())
        time.sleep(POLL_SECONDS)


class Member:
    """One node: its process and its folder."""

    def __init__(self, cluster, number):
        self.cluster, self.number = cluster, number
        self.folder = cluster.folder / str(number)
        self.folder.mkdir(parents=True)
        self.data, self.log = self.folder / "data", self.folder / "node.log"
        self.process, self.is_member = None, number == 1

    def command(self):
        cluster = self.cluster
        words = [cluster.program, "start", "--data", str(self.data), "--bind",
                 nodes.address(self.number), "--port", str(cluster.port), "--peer-port",
                 str(cluster.port + PEER_PORTS_OFFSET), *cluster.settings]
        if not self.is_member:
            words += ["--join", f"{nodes.address(1)}:{cluster.port + PEER_PORTS_OFFSET}",
                      "--token-file", str(cluster.token_file)]
        return words

    def launch(self, command=None):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command or self.command(), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder)

    def start(self):
        self.launch()
        wait_until(self.answers, ANSWER_SECONDS_MAX,
                   lambda: f"node {self.number} does not answer: {self.said()}")
        self.is_member = True

    def answers(self):
        self.check_running()
        return self.ask("PING") == "PONG"

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def check_running(self):
        if self.process is not None and not self.is_running():
            code, self.process = self.process.returncode, None
            raise Died(f"node {self.number} ended with {code}: {self.said()}")

    def ask_all(self, requests, seconds=5):
        return ask_all(nodes.address(self.number), self.cluster.port, requests, seconds=seconds)

    def ask(self, *words, seconds=5):
        return ask(nodes.address(self.number), self.cluster.port, *words, seconds=seconds)

    def said(self):
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-6:])[-900:]

    def wait_end(self, seconds=END_SECONDS_MAX):
        """Its exit code, once it ends by itself."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as late:
            raise nodes.Trouble(f"node {self.number} does not end: {self.said()}") from late
        self.process = None
        return code

    def end(self):
        """As a service manager does; it must say that all went well."""
        self.process.terminate()
        code = self.wait_end()
        if code != 0:
            raise nodes.Trouble(f"node {self.number} ended with {code}: {self.said()}")

    def kill(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(END_SECONDS_MAX)
        self.process = None


class Joined:
    def __init__(self, program, folder, *settings):
        self.program, self.folder, self.settings = program, pathlib.Path(folder), settings
        self.port = self.port_find()
        self.token_file = self.folder / "token"
        self.members = {}

    @staticmethod
    def port_find():
        """Free for the clients, and 10000 above for the peers, below those the system gives."""
        while True:
            port = nodes.ports_free(12000, 19000, 1)
            with contextlib.suppress(nodes.Trouble):
                if nodes.ports_free(port + PEER_PORTS_OFFSET, port + PEER_PORTS_OFFSET + 1, 4):
                    return port

    def add(self, number):
        """A new node: the first forms the cluster, the others join it."""
        self.members[number] = Member(self, number)
        self.members[number].start()
        if number == 1:
            self.token_file.touch(0o600)
            self.token_file.write_text(self.token())

    def token(self):
        done = subprocess.run([self.program, "token", "--data", str(self.members[1].data)],
                              capture_output=True, text=True, check=False, timeout=30)
        if done.returncode != 0:
            raise nodes.Trouble(f"tutti token: {done.stderr.strip()[-200:]}")
        return done.stdout

    def running(self):
        return [member for member in self.members.values() if member.is_running()]

    def hosts(self, *numbers):
        """Where clients find those, or all that run."""
        return [(nodes.address(number), self.port)
                for number in numbers or [member.number for member in self.running()]]

    def check_running(self):
        for member in self.members.values():
            member.check_running()

    def is_settled(self):
        """All tell the same of each shard; each is held by three, or by all there are below, as it
        shall be; and each node has its part."""
        running = self.running()
        wanted = min(REPLICAS, len(running))
        told = []
        for member in running:
            alive = {row["node"] for row in rows(member.ask("CLUSTER", "MEMBERS"))
                     if row["state"] == "alive"}
            shards = [row for row in rows(member.ask("CLUSTER", "TABLE"))
                      if row["shard"] != "root"]
            if len(alive) != len(running) or any(
                    row["moving"] or len(row["copies"]) != wanted or not set(row["copies"]) <= alive
                    for row in shards):
                return False
            held = [sum(node in row["copies"] for row in shards) for node in alive]
            if min(held) < SHARE_ENOUGH * len(shards) * wanted / len(running):
                return False
            told.append([row["leader"] for row in shards])
        return all(one == told[0] and None not in one for one in told)

    def wait_settled(self, seconds=SETTLED_SECONDS_MAX):
        def settled():
            self.check_running()
            return self.is_settled()
        wait_until(settled, seconds, lambda: "the nodes do not settle: " + "; ".join(
            f"{member.number}: {member.said()}" for member in self.running()))

    def leave(self, number):
        """It hands over what it has, and ends by itself."""
        self.members[number].ask("CLUSTER", "LEAVE", seconds=SETTLED_SECONDS_MAX)
        code = self.members[number].wait_end(SETTLED_SECONDS_MAX)
        if code != 0:
            raise nodes.Trouble(f"node {number} left with {code}: {self.members[number].said()}")

    def stop(self):
        for member in self.members.values():
            member.kill()


def status_of(name, trial, program, *options):
    """Of a process that runs `trial` with a cluster of its own, in a folder that goes: 0, or 1 when
    there was trouble, which is said."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Joined(os.path.abspath(program), folder, *options)
        try:
            trial(cluster)
        except (nodes.Trouble, Died, OSError, subprocess.SubprocessError) as trouble:
            print(f"{name}: {trouble}", file=sys.stderr)
            return 1
        finally:
            cluster.stop()
    return 0
