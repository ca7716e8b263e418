"""Nodes of one cluster, any number: each on an address of its own, all on the same port.

Node n is at 127.0.1.n; its peers reach it at the clients' port plus 10000, with tutti as with Redis.
Kinds say how a node is started and how a cluster is made of them; what all claims ask of a cluster
(who has a slot, is all covered) goes by CLUSTER SLOTS, which both answer.
"""

import contextlib
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import place, resp, servers, slots, tools

ANSWER_SECONDS_MAX = 60
WHOLE_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
PORTS_BEGIN, PORTS_END = 12000, 19000  # the peers' are below those the system gives away
PEER_PORTS_OFFSET = 10000
POLL_S = 0.02
SHARE_ENOUGH = 0.9


def address(number):
    return f"127.0.1.{number}"


def port_free(numbers):
    while True:
        port = random.randrange(PORTS_BEGIN, PORTS_END)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for number in numbers:
                for each in (port, port + PEER_PORTS_OFFSET, port + PEER_PORTS_OFFSET + 1):
                    probes.enter_context(socket.socket()).bind((address(number), each))
            return port


def wait_until(done, seconds, trouble):
    """Asks `done()` until it says yes; what fails on the way counts as no."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError, ValueError, resp.Refused):
            if done():
                return
        time.sleep(POLL_S)
    raise tools.Missing(trouble())


class Group:
    def __init__(self, name, nodes):
        self.name, self.nodes = name, nodes
        self.port = port_free(range(1, nodes + 1))
        place.DATA.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="group-", dir=place.DATA))
        self.processes = {}
        self.cpu_ended_s = 0.0

    def launch(self, number, command, environment=None):
        """Starts a node's process and waits until it answers."""
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        with open(folder / "server.log", "ab") as log:
            self.processes[number] = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment)
        wait_until(lambda: self.answers(number), ANSWER_SECONDS_MAX,
                   lambda: f"{self.name}: node {number} does not answer: {self.said(number)}")

    def answers(self, number):
        if self.processes[number].poll() is not None:
            raise tools.Missing(f"{self.name}: node {number} ended: {self.said(number)}")
        return self.ask(number, "PING") == "PONG"

    def said(self, number):
        log = self.folder / str(number) / "server.log"
        return " ".join(log.read_text(errors="replace")[-300:].split()) if log.exists() else ""

    def ask(self, number, *words, seconds=5):
        return resp.ask(address(number), self.port, *words, seconds=seconds)

    def link(self, number):
        return resp.Link(address(number), self.port)

    def at(self, number):
        return f"{address(number)}:{self.port}"

    def running(self):
        return [number for number, process in self.processes.items() if process.poll() is None]

    def owners(self, number):
        """[owner of each slot, 0: nobody], as that node says it. A node may leave out the host of
        its own."""
        owners = [0] * slots.SLOTS
        for first, last, primary, *_ in self.ask(number, "CLUSTER", "SLOTS"):
            owner = int(primary[0].rsplit(".", 1)[1]) if primary[0] else number
            owners[first:last + 1] = [owner] * (last + 1 - first)
        return owners

    def wait_whole(self):
        """Until all that run name the same owner for each slot, and call that healthy."""
        def whole():
            said = [self.owners(number) for number in self.running()]
            return all(one == said[0] for one in said) and 0 not in said[0] and all(
                "cluster_state:ok" in self.ask(number, "CLUSTER", "INFO")
                for number in self.running())
        wait_until(whole, WHOLE_SECONDS_MAX, lambda: f"{self.name}: the slots are not covered")

    def cpu_s(self):
        return self.cpu_ended_s + sum(servers.process_cpu_s(self.processes[number].pid)
                                      for number in self.running())

    def kill(self, number):
        self.cpu_ended_s += servers.process_cpu_s(self.processes[number].pid)
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes[number].wait()

    def stop(self):
        servers.stop_all(self.processes.values(), STOP_SECONDS_MAX)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            self.form()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


class RedisCluster(Group):
    """Redis Cluster 7.0: primaries, each with so many replicas; data in memory alone."""

    def __init__(self, primaries, replicas_each=0, timeout_ms=None, empty=0):
        nodes = primaries * (1 + replicas_each)
        name = f"Redis Cluster, {primaries}" + (f"+{primaries * replicas_each}"
                                                if replicas_each else " primaries")
        if timeout_ms is not None:
            name += f", node timeout {timeout_ms / 1000:g} s"
        super().__init__(name, nodes + empty)
        self.members, self.replicas_each = nodes, replicas_each
        self.more = [] if timeout_ms is None else ["--cluster-node-timeout", str(timeout_ms)]

    def start(self, number):
        folder = self.folder / str(number)
        self.launch(number, [
            "redis-server", "--bind", address(number), "--bind-source-addr", address(number),
            "--port", str(self.port), "--dir", str(folder), "--save", "", "--appendonly", "no",
            "--protected-mode", "no", "--cluster-enabled", "yes", *self.more])

    def cli(self, *words, seconds=600):
        done = subprocess.run(["redis-cli", "--cluster", *words], text=True, capture_output=True,
                              check=False, timeout=seconds)
        if done.returncode != 0:
            raise tools.Missing(f"redis-cli --cluster {words[0]}: {done.stdout[-300:]}"
                                f"{done.stderr[-200:]}")
        return done.stdout

    def form(self):
        servers.redis_prepare()
        tools.program("redis-cli", "redis-tools")
        for number in range(1, self.members + 1):
            self.start(number)
        self.cli("create", *(self.at(number) for number in range(1, self.members + 1)),
                 "--cluster-replicas", str(self.replicas_each), "--cluster-yes")
        self.wait_whole()
        self.wait_recovered()

    def wait_known(self, identity):
        """Until each node knows the one with this id."""
        wait_until(lambda: all(identity in self.ask(number, "CLUSTER", "NODES")
                               for number in self.running()), WHOLE_SECONDS_MAX,
                   lambda: f"{self.name}: the new node is not known to all")

    def wait_recovered(self):
        """Until all slots have an owner, and each primary its replicas."""
        self.wait_whole()
        wait_until(self.followed, WHOLE_SECONDS_MAX,
                   lambda: f"{self.name}: not all replicas follow")

    def followed(self):
        if self.replicas_each == 0:
            return True
        states = [self.ask(number, "INFO", "replication") for number in self.running()]
        primaries = [state for state in states if "role:master" in state]
        return len(primaries) * (1 + self.replicas_each) == len(states) and all(
            state.count("state=online") == self.replicas_each for state in primaries)


class Tutti(Group):
    """Nodes that join the first one, which forms the cluster."""

    def __init__(self, nodes, *more, room=None, name=None):
        """`room`: for how many there are addresses, when more join later."""
        super().__init__(name or f"tutti, {nodes} nodes", room or nodes)
        self.members, self.more = nodes, list(more)
        self.token = ""

    def start(self, number):
        """A node that has been a member before finds the others by what it has saved."""
        data = self.folder / str(number) / "data"
        command = [str(tools.tutti().resolve()), "start", "--data", str(data), "--bind",
                   address(number), "--port", str(self.port), "--peer-port",
                   str(self.port + PEER_PORTS_OFFSET), *self.more]
        if number > 1 and not data.exists():
            token = self.folder / "token"
            token.write_text(self.token)
            command += ["--join", f"{address(1)}:{self.port + PEER_PORTS_OFFSET}",
                        "--token-file", str(token)]
        self.launch(number, command)

    def form(self):
        for number in range(1, self.members + 1):
            self.start(number)
            if number == 1:
                self.token = self.token_read()
        self.wait_settled()

    def token_read(self):
        done = subprocess.run([str(tools.tutti()), "token", "--data",
                               str(self.folder / "1" / "data")], text=True, capture_output=True,
                              check=False)
        if done.returncode != 0:
            raise tools.Missing(f"tutti token: {done.stderr.strip()[-200:]}")
        return done.stdout

    def table(self, number):
        """[{shard, slots, copies, moving, …}] of all shards but the root, as that node says it."""
        rows = [dict(zip(row[::2], row[1::2])) for row in self.ask(number, "CLUSTER", "TABLE")]
        return [row for row in rows if row["shard"] != "root"]

    def held(self, number):
        """How many slots that node holds, leading or not."""
        return sum(int(row["slots"].split("-")[-1]) + 1 - int(row["slots"].split("-")[0])
                   for row in self.table(number) if number in row["copies"])

    def settled(self):
        """Each shard is held by three nodes, or by all there are below that, and nothing moves."""
        wanted = min(3, len(self.running()))
        return all(len(row["copies"]) == wanted and not row["moving"]
                   for number in self.running() for row in self.table(number))

    def wait_settled(self, seconds=WHOLE_SECONDS_MAX):
        self.wait_whole()
        wait_until(self.settled, seconds, lambda: f"{self.name}: not settled in {seconds} s")

    wait_recovered = wait_settled

    def wait_share(self, number, seconds):
        """Until that node holds its share of the slots' copies, and nothing is under way."""
        share = slots.SLOTS * 3 / len(self.running())
        wait_until(lambda: self.held(number) >= share * SHARE_ENOUGH, seconds,
                   lambda: f"{self.name}: node {number} has {self.held(number)} slots")
        self.wait_settled(seconds)

    def leave(self, number, seconds=WHOLE_SECONDS_MAX):
        """Drains it and waits for its end."""
        self.ask(number, "CLUSTER", "LEAVE", seconds=seconds)
        wait_until(lambda: self.processes[number].poll() is not None, seconds,
                   lambda: f"{self.name}: node {number} does not leave: {self.said(number)}")
