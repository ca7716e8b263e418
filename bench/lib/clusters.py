"""Clusters of three that take part: on 127.0.1.1 to .3, driven at the node that leads."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import place, servers, tools

NODES = 3
START_SECONDS_MAX = 60
LEADER_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
PORTS_BEGIN, PORTS_END = 20000, 30000  # below those that the system gives away by itself


def address(number):
    return f"127.0.1.{number}"


def ports_free(count):
    """The first of `count` ports in a row that are free on all the nodes' addresses."""
    while True:
        first = random.randrange(PORTS_BEGIN, PORTS_END)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for number in range(1, NODES + 1):
                for port in range(first, first + count):
                    probe = probes.enter_context(socket.socket())
                    probe.bind((address(number), port))
            return first


def ask(host, port, *words, seconds=5):
    """One RESP command; the first line of the reply, or the bytes that it announces."""
    with socket.create_connection((host, port), seconds) as link:
        link.sendall(b"*%d\r\n" % len(words) +
                     b"".join(b"$%d\r\n%s\r\n" % (len(word), word)
                              for word in (str(word).encode() for word in words)))
        reply = link.makefile("rb")
        first = reply.readline().decode(errors="replace").strip()
        if not first.startswith("$"):
            return first
        return reply.read(int(first[1:])).decode(errors="replace")


def info(host, port, section="replication"):
    lines = ask(host, port, "INFO", section).splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


class Cluster:
    """Three processes. `port` is the clients', the same on each address; `peer_port` begins the
    peers'. Which node leads is asked of the nodes."""

    def __init__(self, kind):
        self.kind = kind
        self.port = ports_free(1 + kind.peer_ports)
        self.peer_port = self.port + 1
        place.DATA.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cluster-", dir=place.DATA))
        self.processes = {}
        self.cpu_ended_s = 0.0
        try:
            for number in range(1, NODES + 1):
                self.start(number)
            self.leader = self.leader_wait()
        except BaseException:
            self.stop()
            raise

    def start(self, number):
        folder = self.folder / str(number)
        folder.mkdir(exist_ok=True)
        with open(folder / "server.log", "ab") as log:
            self.processes[number] = subprocess.Popen(
                self.kind.command(self, number, folder), cwd=folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def leader_wait(self, without=0, seconds=LEADER_SECONDS_MAX):
        """The number of the node that leads, once one does and the others follow."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for number, process in self.processes.items():
                if process.poll() is not None and number != without:
                    raise tools.Missing(f"{self.kind.name}: node {number} ended: "
                                        f"{self.said(number)}")
            with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
                leader = self.kind.leader(self, without)
                if leader:
                    return leader
            time.sleep(0.02)
        raise tools.Missing(f"{self.kind.name}: nobody leads: {self.said(1)}")

    def said(self, number):
        log = self.folder / str(number) / "server.log"
        text = log.read_text(errors="replace")[-300:] if log.exists() else ""
        return " ".join(text.split())

    @property
    def address(self):
        return f"{address(self.leader)}:{self.port}"

    def cpu_s(self):
        total = self.cpu_ended_s
        for process in self.processes.values():
            if process.poll() is None:
                total += servers.process_cpu_s(process.pid)
        return total

    def kill(self, number):
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes[number].wait()

    def stop(self):
        servers.stop_all(self.processes.values(), STOP_SECONDS_MAX)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class ClusterKind:
    """What a claim calls a cluster: as servers.Kind, with `open` of its own."""

    peer_ports = 1
    protocol = "resp"

    def open(self):
        return Cluster(self)

    def spread(self, clients, pipeline):
        """(connections, requests under way on each) for so many clients."""
        return clients, pipeline


class TuttiCluster(ClusterKind):
    peer_ports = 2

    def __init__(self, *more, name="tutti, 3 nodes"):
        self.more, self.name = more, name

    prepare = staticmethod(tools.tutti)

    def command(self, cluster, number, folder):
        peers = ",".join(f"{n}={address(n)}:{cluster.peer_port}" for n in range(1, NODES + 1))
        return [os.path.abspath(place.TUTTI), "start", "--node", str(number), "--peers", peers,
                "--bind", address(number), "--port", str(cluster.port), "--data",
                str(folder / "data"), *self.more]

    def leader(self, cluster, without):
        """Whom all that live call the leader, itself included."""
        said = {int(info(address(number), cluster.port)["leader_node"])
                for number in range(1, NODES + 1) if number != without}
        leader = said.pop()
        return leader if not said and leader != without else 0

    def terms(self, cluster):
        """How often somebody has asked to lead so far."""
        return int(info(address(1), cluster.port)["raft_term"])


class EtcdCluster(ClusterKind):
    """`clients_each`: how many of its clients share a connection."""
    protocol = "etcd"

    def __init__(self, clients_each=1):
        self.clients_each = clients_each
        self.name = "etcd 3.4, 3 nodes" + (f", {clients_each} clients share a connection"
                                           if clients_each > 1 else "")

    @staticmethod
    def prepare():
        tools.program("etcd", "etcd-server")

    def command(self, cluster, number, folder):
        here, peer = address(number), f"http://{address(number)}:{cluster.peer_port}"
        peers = ",".join(f"n{n}=http://{address(n)}:{cluster.peer_port}"
                         for n in range(1, NODES + 1))
        return ["etcd", "--name", f"n{number}", "--data-dir", str(folder / "data"),
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--listen-client-urls", f"http://{here}:{cluster.port}",
                "--advertise-client-urls", f"http://{here}:{cluster.port}",
                "--initial-cluster", peers, "--initial-cluster-state", "new"]

    def leader(self, cluster, without):
        said = {number: etcd_status(address(number), cluster.port)
                for number in range(1, NODES + 1) if number != without}
        leaders = {status["leader"] for status in said.values()}
        ids = {status["header"]["member_id"]: number for number, status in said.items()}
        return ids.get(leaders.pop(), 0) if len(leaders) == 1 else 0

    def terms(self, cluster):
        return int(etcd_status(address(1), cluster.port)["raftTerm"])

    def spread(self, clients, pipeline):
        each = min(clients, self.clients_each)
        return clients // each, each * pipeline


def etcd_status(host, port):
    """By the HTTP gateway, which every etcd has."""
    with socket.create_connection((host, port), 1) as link:
        link.sendall(b"POST /v3/maintenance/status HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}")
        return json.loads(link.makefile("rb").read().split(b"\r\n\r\n", 1)[1])


class RedisReplicas(ClusterKind):
    """One primary, which is node 1, and two replicas."""

    name = "redis-server, 2 replicas, appendfsync always, WAIT 1"

    @staticmethod
    def prepare():
        servers.redis_prepare()

    def command(self, cluster, number, folder):
        follow = [] if number == 1 else ["--replicaof", address(1), str(cluster.port)]
        return ["redis-server", "--bind", address(number), "--port", str(cluster.port), "--dir",
                str(folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always",
                *follow]

    def leader(self, cluster, without):
        state = info(address(1), cluster.port)
        online = sum(1 for value in state.values() if "state=online" in value)
        return 1 if online == NODES - 1 else 0
