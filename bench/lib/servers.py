"""Servers that take part: started on a port of this machine's loopback, measured, ended by pid."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from . import place, tools

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Kind:
    """How one server is started: `command(port, folder)` gives its argument list."""
    name: str
    command: object
    protocol: str = "resp"
    prepare: object = None
    settle: object = None  # (server) -> None: once it answers

    def open(self):
        return Server(self)

    def spread(self, clients, pipeline):
        """(connections, requests under way on each) for so many clients."""
        return clients, pipeline


class Server:
    def __init__(self, kind, folder=None, keep=False):
        self.kind, self.port, self.keep = kind, port_free(), keep
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="server-", dir=place.DATA))
        self.log = open(self.folder / "server.log", "ab")
        self.began = time.monotonic()
        self.process = subprocess.Popen(kind.command(self.port, self.folder), cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self._wait()
        self.start_s = time.monotonic() - self.began
        if kind.settle:
            kind.settle(self)

    def _wait(self):
        """Until it answers; for RESP until it has loaded its data."""
        while time.monotonic() - self.began < START_SECONDS_MAX:
            if self.process.poll() is not None:
                raise tools.Missing(f"{self.kind.name} ended: {self.said()}")
            with contextlib.suppress(OSError):
                if self.kind.protocol != "resp":
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    return
                if self.ask("PING") == "+PONG":
                    return
            time.sleep(0.005)
        raise tools.Missing(f"{self.kind.name} did not answer: {self.said()}")

    def said(self):
        return (self.folder / "server.log").read_text(errors="replace")[-300:]

    def ask(self, *words, seconds=600, bulk=False):
        """One RESP command; the first line of the reply, or with `bulk` the bytes it announces."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as link:
            parts = [b"*%d\r\n" % len(words)]
            for word in words:
                word = str(word).encode()
                parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
            link.sendall(b"".join(parts))
            reply = link.makefile("rb")
            first = reply.readline().decode(errors="replace").strip()
            if not bulk or not first.startswith("$"):
                return first
            return reply.read(int(first[1:])).decode(errors="replace")

    def ask_bulk(self, *words):
        return self.ask(*words, bulk=True)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cpu_s(self):
        return process_cpu_s(self.process.pid)

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def stop_all(processes, seconds):
    """Ends them, all at once; who takes longer than so many seconds is killed."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    end = time.monotonic() + seconds
    for process in processes:
        try:
            process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def process_cpu_s(pid):
    values = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(values[11]) + int(values[12])) / TICKS


def port_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def refuse_error(reply):
    if reply.startswith("-"):
        raise tools.Missing(reply)


# ---- kinds ---------------------------------------------------------------------------------------

def tutti_command(*more):
    def command(port, folder):
        return [os.path.abspath(place.TUTTI), "start", "--port", str(port), "--data",
                str(folder / "data"), *more]
    return command


def tutti_cache(*more, name="tutti, cache mode"):
    def settle(server):
        refuse_error(server.ask("POLICY", "SET", "", "MODE", "cache", "EVICT", "none"))
    return Kind(name, tutti_command(*more), prepare=tools.tutti, settle=settle)


def tutti_strong(*more, name="tutti, strong mode"):
    return Kind(name, tutti_command(*more), prepare=tools.tutti)


def redis_command(*more):
    def command(port, folder):
        return ["redis-server", "--port", str(port), "--dir", str(folder), *more]
    return command


def redis():
    return Kind("redis-server, no persistence",
                redis_command("--save", "", "--appendonly", "no"), prepare=redis_prepare)


def redis_always():
    return Kind("redis-server, appendfsync always",
                redis_command("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
                prepare=redis_prepare)


def redis_prepare():
    tools.program("redis-server")


def memcached():
    user = ["-u", "nobody"] if os.geteuid() == 0 else []

    def command(port, _):
        return ["memcached", "-l", "127.0.0.1", "-p", str(port), "-t", "1", "-m", "4096", *user]
    return Kind("memcached, one thread", command, "memcached",
                prepare=lambda: tools.program("memcached"))


# ---- load ----------------------------------------------------------------------------------------

@dataclasses.dataclass
class Load:
    operations: int
    seconds: float
    p50_us: float
    p99_us: float
    p999_us: float
    max_us: float
    client_cpu_s: float


def load(server, words, clients, pipeline, seconds, keys, seed=1):
    """Runs bench/load.c against a server; seconds 0: each key once."""
    connections, each = server.kind.spread(clients, pipeline)
    done = subprocess.run([str(tools.compiled("load")), server.kind.protocol, server.address,
                           str(connections), str(each), str(seconds), str(keys), str(seed), *words],
                          text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise tools.Missing(f"{server.kind.name}: {done.stderr.strip()[-200:]}")
    fields = done.stdout.split()
    return Load(int(fields[0]), *(float(field) for field in fields[1:]))
