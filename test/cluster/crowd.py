"""Many plain clients in one thread, each at a steady pace, that note what they did and saw.

They stand for applications behind something that says which nodes there are: `use()` tells them,
and each goes over to its new node between two operations. An operation that fails for any reason is
an error that a client saw. The keys are as in clients.py: of a group of clients, and of a window of
time.
"""

import asyncio
import random
import threading
import time

import clients

GROUP_CLIENTS = 4
REPLY_SECONDS_MAX = 15
TAIL = 10


class Refused(Exception):
    """An error reply."""


def packed(words):
    parts = [str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part)
                                              for part in parts)


async def read(reader):
    line = await reader.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionResetError("the connection ended")
    kind, rest = line[:1], line[1:-2]
    if kind == b"-":
        raise Refused(rest.decode(errors="replace"))
    if kind == b"$":
        return None if rest == b"-1" else (await reader.readexactly(int(rest) + 2))[:-2].decode()
    if kind == b"*":
        return [await read(reader) for _ in range(int(rest))]
    return int(rest) if kind == b":" else rest.decode()


class Member:
    """One client: a connection to one node at a time."""

    def __init__(self, crowd, number, seed):
        self.crowd, self.number, self.chance = crowd, number, random.Random(seed)
        self.group, self.client = number // GROUP_CLIENTS, crowd.history.client_new()
        self.reader = self.writer = self.at = None

    def wanted(self):
        nodes = self.crowd.nodes
        return nodes[self.number % len(nodes)]

    def key(self, kind):
        return f"{kind}:{time.monotonic_ns() // clients.WINDOW_NS}:{self.group}"

    async def run(self):
        await asyncio.sleep(self.chance.random() * self.crowd.pause_s)
        due = time.monotonic()
        while not self.crowd.stopping.is_set():
            await self.one()
            due = max(due + self.crowd.pause_s, time.monotonic() - self.crowd.pause_s)
            await asyncio.sleep(max(0, due - time.monotonic()))
        self.leave()

    def leave(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = self.at = None

    async def go(self, node):
        self.leave()
        self.reader, self.writer = await asyncio.open_connection(*node)
        self.at = node

    async def one(self):
        chosen = self.chance.choice((self.write, self.read, self.append, self.list, self.add,
                                     self.count, self.push, self.pop))
        kind, key, arguments, command, results = chosen()
        began, outcome, found = time.monotonic_ns(), "unknown", None
        try:
            if self.at != self.wanted():
                await asyncio.wait_for(self.go(self.wanted()), REPLY_SECONDS_MAX)
                began = time.monotonic_ns()
            self.writer.write(packed(command))
            reply = await asyncio.wait_for(read(self.reader), REPLY_SECONDS_MAX)
            outcome, found = "ok", results and results(reply)
        except Refused as refusal:
            outcome = "unknown" if str(refusal).startswith(clients.UNKNOWN) else "fail"
            self.crowd.saw(f"{self.at}: {refusal}")
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            self.crowd.saw(f"{self.at}: {type(error).__name__}: {error}")
            self.leave()
            await asyncio.sleep(clients.PAUSE_SECONDS)
        self.crowd.history.add(began, outcome, self.client, kind, key, arguments, found)
        self.crowd.took.append((began, time.monotonic_ns() - began))
        if outcome == "unknown":
            self.client = self.crowd.history.client_new()

    # ---- (kind, key, arguments, command, results) ----

    def write(self):
        key, value = self.key("reg"), self.crowd.history.value_new()
        return "write", key, [value], ("SET", key, value), None

    def read(self):
        key = self.key("reg")
        return "read", key, [], ("GET", key), lambda reply: [reply]

    def append(self):
        key, value = self.key("list"), self.crowd.history.value_new()
        return "append", key, [value], ("RPUSH", key, value), lambda reply: [reply]

    def list(self):
        key = self.key("list")
        return "list", key, [0], ("LRANGE", key, 0, -1), lambda reply: reply

    def push(self):
        key, value = self.key("queue"), self.crowd.history.value_new()
        return "push", key, [value], ("RPUSH", key, value), None

    def pop(self):
        key = self.key("queue")
        return "pop", key, [], ("LPOP", key), lambda reply: [reply]

    def add(self):
        key, amount = self.key("count"), self.chance.randint(1, 5)
        return "add", key, [amount], ("INCRBY", key, amount), lambda reply: [reply]

    def count(self):
        key = self.key("count")
        return "count", key, [], ("GET", key), lambda reply: [int(reply or 0)]


class Crowd(threading.Thread):
    """`count` clients, together `rate` operations a second, at `nodes`, which are (host, port)."""

    def __init__(self, history, nodes, count, rate, seed=1):
        super().__init__(daemon=True)
        self.history, self.nodes, self.pause_s = history, list(nodes), count / rate
        self.stopping, self.errors, self.took = threading.Event(), [], []
        self.members = [Member(self, number, seed * 1000 + number) for number in range(count)]

    def use(self, nodes):
        """From now on only these; returns when nobody is at another one."""
        self.nodes = list(nodes)
        end = time.monotonic() + REPLY_SECONDS_MAX
        while any(member.at not in (None, *self.nodes) for member in self.members):
            if time.monotonic() > end:
                raise clients.Unexpected("clients do not get off a node")
            time.sleep(0.01)

    def saw(self, error):
        self.errors.append((time.monotonic(), error))

    def run(self):
        async def all_of_them():
            await asyncio.gather(*(member.run() for member in self.members))
        asyncio.run(all_of_them())

    def stop(self):
        self.stopping.set()
        self.join(REPLY_SECONDS_MAX * 2)

    def p99_ms(self, begin_ns=0, end_ns=1 << 62):
        """Of the operations that began between the two."""
        times = sorted(took for began, took in list(self.took) if begin_ns <= began < end_ns)
        return times[len(times) * 99 // 100] / 1e6 if times else 0.0

    def longest_ms(self):
        return max((took for _, took in self.took), default=0) / 1e6
