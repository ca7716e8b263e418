"""What tests of servers share: a connection that speaks RESP, and a server that is started and ended.
"""

import contextlib
import pathlib
import socket
import subprocess
import time

REPLY_SECONDS_MAX = 4
START_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Error(Exception):
    pass


def port_free():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Link:
    def __init__(self, port, protocol):
        self.socket = socket.create_connection(("127.0.0.1", port), REPLY_SECONDS_MAX)
        self.file = self.socket.makefile("rb")
        if protocol == 3:
            self.ask([b"HELLO", b"3"])

    def send(self, words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) +
                            b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def ask(self, words):
        self.send(words)
        return self.read()

    def read(self):
        """A reply as a tuple: its type byte, then its value or the tuples in it."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            return ("closed",)
        kind, rest = line[:1].decode(), line[1:-2]
        if kind in "+-:,#(":
            return (kind, rest)
        if kind == "_":
            return (kind,)
        count = int(rest)
        if count < 0:
            return (kind, None)
        if kind in "$=":
            return (kind, self.file.read(count + 2)[:-2])
        if kind == "%":
            count *= 2
        return (kind, *(self.read() for _ in range(count)))

    def call(self, *words):
        """The reply's value; errors are raised."""
        reply = self.ask(words)
        if reply[0] in ("-", "closed"):
            raise Error(f"{words[0]}: {reply}")
        return [part[1] if len(part) > 1 else None for part in reply[1:]] \
            if reply[0] == "*" and reply[1:] != (None,) else reply[1]

    def close(self):
        self.file.close()
        self.socket.close()


class Server:
    """A server on a port of its own; its log is in `folder`."""

    def __init__(self, command, folder, name="server"):
        self.command, self.folder, self.name = command, pathlib.Path(folder), name
        self.port, self.process = port_free(), None
        self.start()

    def start(self):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(self.command(self.port), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.folder)
        end = time.monotonic() + START_SECONDS_MAX
        while True:
            with contextlib.suppress(OSError):
                link = Link(self.port, 2)
                answer = link.ask([b"PING"])
                link.close()
                if answer == ("+", b"PONG"):
                    return
            if self.process.poll() is not None or time.monotonic() > end:
                raise Error(f"{self.name} did not start: {self.said()}")
            time.sleep(0.01)

    def said(self):
        return (self.folder / f"{self.name}.log").read_text(errors="replace")[-600:]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(STOP_SECONDS_MAX)


def tutti(program, folder, *more):
    """tutti with its data in folder/data."""
    return Server(lambda port: [program, "start", "--port", str(port), "--data",
                                str(pathlib.Path(folder) / "data"), *more], folder, "tutti")


def redis_cluster(folder):
    """A cluster of one, with all slots."""
    server = Server(lambda port: ["redis-server", "--port", str(port), "--save", "", "--dir",
                                  str(folder), "--cluster-enabled", "yes", "--cluster-port",
                                  str(port_free())], folder, "redis-cluster")
    link = Link(server.port, 2)
    link.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    end = time.monotonic() + START_SECONDS_MAX
    while b"cluster_state:ok" not in link.call("CLUSTER", "INFO"):
        if time.monotonic() > end:
            raise Error(f"{server.name} did not come together: {server.said()}")
        time.sleep(0.01)
    link.close()
    return server


def redis(folder):
    return Server(lambda port: ["redis-server", "--port", str(port), "--save", "", "--dir",
                                str(folder), "--enable-debug-command", "yes"], folder,
                  "redis-server")
