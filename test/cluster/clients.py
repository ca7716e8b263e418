"""Clients that work on the nodes by redis-py, and note what they did and saw.

Keys live for a window of time, so that no key gets more operations than a checker can search; the
name of a key has its window. Each key has one client on each node. A client whose operation has
an unknown outcome begins again under a new number.
"""

import random
import threading
import time
import urllib.parse

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS_MAX = 1
REPLY_SECONDS_MAX = 4  # a node gives up before
PAUSE_SECONDS = 0.05  # after a refusal
WINDOW_NS = 2_500_000_000
LIST_TAIL = 20  # most reads of a list are of its end
GROUPS = 3
POP_WAIT_SECONDS = 0.3

# Errors that say: it did not happen, and it will not.
REFUSALS = ("TRYAGAIN", "DISKFULL", "LOADING", "EXECABORT", "OOM", "NOREPLICAS", "CLUSTERDOWN",
            "EXEC without MULTI")
UNKNOWN = "UNKNOWN"


class Unexpected(Exception):
    """An answer that no fault explains."""


def is_refusal(error):
    return isinstance(error, (redis.exceptions.TryAgainError, redis.exceptions.BusyLoadingError,
                              redis.exceptions.ExecAbortError)) or \
        str(error).startswith(REFUSALS)


class Client(threading.Thread):
    """One connection at a time to one node, until `stopping` is set."""

    def __init__(self, history, host, port, group, seed, stopping, expiry=True):
        super().__init__(daemon=True, name=f"{host}-{group}")
        self.history, self.host, self.port, self.group = history, host, port, group
        self.chance, self.stopping, self.expiry = random.Random(seed), stopping, expiry
        self.link, self.number, self.trouble = None, history.client_new(), ""
        self.list_known, self.done, self.refused = {}, 0, 0
        self.actions = [(self.write, 14), (self.read, 14), (self.swap, 12), (self.append, 14),
                        (self.list, 10), (self.push, 8), (self.pop, 8), (self.pop_waiting, 1),
                        (self.add, 8), (self.count, 5), (self.pair_write, 6), (self.pair_read, 6),
                        (self.transaction, 6), *([(self.put, 3), (self.get, 6)] if expiry else [])]

    def run(self):
        actions, weights = zip(*self.actions)
        while not self.stopping.is_set():
            try:
                self.chance.choices(actions, weights)[0]()
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError):
                self.leave()
                self.stopping.wait(PAUSE_SECONDS)
            except (Unexpected, redis.exceptions.RedisError, ValueError) as error:
                self.trouble = f"{self.name}: {error!r}"
                self.stopping.set()
        self.leave()

    def leave(self):
        if self.link is not None:
            self.link.close()
        self.link, self.number = None, self.history.client_new()

    def connect(self):
        if self.link is None:
            self.link = redis.Redis(self.host, self.port, socket_timeout=REPLY_SECONDS_MAX,
                                    socket_connect_timeout=CONNECT_SECONDS_MAX,
                                    single_connection_client=True, retry=Retry(NoBackoff(), 0))

    def key(self, kind):
        """The group's key of this window; sometimes still that of the one before."""
        window = (time.monotonic_ns() - self.chance.choice((0, 0, 0, 300_000_000))) // WINDOW_NS
        return f"{kind}:{window}:{self.group}"

    def noted(self, notes, *commands):
        """Runs the commands and notes one operation for each of `notes`, which are (kind, key,
        arguments, results of the last reply). Returns the outcome and that reply."""
        self.connect()
        began = time.monotonic_ns()
        try:
            for command in commands:
                reply = self.link.execute_command(*command)
            outcome = "ok"
        except redis.exceptions.ResponseError as error:
            outcome, reply = self.outcome_of(error), None
            if len(commands) > 1 and command is not commands[-1]:
                self.leave()  # half a transaction is queued there
        except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError):
            self.note(notes, began, "unknown", None)
            raise
        if outcome == "ok" and commands[0][0] == "MULTI" and reply is None:
            outcome = "fail"  # WATCH
        self.note(notes, began, outcome, reply)
        if outcome == "unknown":
            self.number = self.history.client_new()
        return outcome, reply

    def note(self, notes, began, outcome, reply):
        self.done += outcome == "ok"
        for kind, key, arguments, result in notes:
            results = result(reply) if outcome == "ok" and result is not None else None
            self.history.add(began, outcome, self.number, kind, key, arguments, results)

    def outcome_of(self, error):
        self.refused += 1
        if str(error).startswith(UNKNOWN):
            return "unknown"
        if is_refusal(error):
            self.stopping.wait(PAUSE_SECONDS)
            return "fail"
        raise Unexpected(str(error))

    # ---- registers ----

    def write(self):
        key, value = self.key("reg"), self.history.value_new()
        self.noted([("write", key, [value], None)], ("SET", key, value))

    def read(self):
        key = self.key("reg")
        self.noted([("read", key, [], lambda reply: [reply])], ("GET", key))

    def swap(self):
        """WATCH, look, and write if nobody was faster. An EXEC that does nothing proves only that
        something was written since WATCH, or that the leader changed: it is noted as failed."""
        key, value = self.key("reg"), self.history.value_new()
        self.connect()
        began = time.monotonic_ns()
        try:
            self.link.execute_command("WATCH", key)
            seen = self.link.execute_command("GET", key)
        except redis.exceptions.ResponseError as error:
            self.outcome_of(error)
            self.leave()  # and its WATCH
            return
        self.history.add(began, "ok", self.number, "read", key, [], [seen])
        self.noted([("cas", key, [seen, value], lambda _: [1])],
                   ("MULTI",), ("SET", key, value), ("EXEC",))

    def pair_write(self):
        key, value = self.key("pair"), self.history.value_new()
        self.noted([("write", key, [value], None)], ("MULTI",), ("SET", f"{{{key}}}a", value),
                   ("SET", f"{{{key}}}b", value), ("EXEC",))

    def pair_read(self):
        key = self.key("pair")
        self.noted([("read", key, [], lambda reply: reply)],
                   ("MGET", f"{{{key}}}a", f"{{{key}}}b"))

    # ---- lists, queues, counters ----

    def append(self):
        key, value = self.key("list"), self.history.value_new()
        outcome, length = self.noted([("append", key, [value], lambda reply: [reply])],
                                     ("RPUSH", key, value))
        if outcome == "ok":
            self.list_known[key] = length

    def list(self):
        key = self.key("list")
        known = self.list_known.get(key, 0)
        begin = self.chance.choice((0, max(0, known - LIST_TAIL), max(0, known - 2)))
        self.noted([("list", key, [begin], lambda reply: reply)], ("LRANGE", key, begin, -1))

    def push(self):
        key, value = self.key("queue"), self.history.value_new()
        self.noted([("push", key, [value], None)], ("RPUSH", key, value))

    def pop(self):
        key = self.key("queue")
        self.noted([("pop", key, [], lambda reply: [reply])], ("LPOP", key))

    def pop_waiting(self):
        key = self.key("queue")
        self.noted([("pop", key, [], lambda reply: [None if reply is None else reply[1]])],
                   ("BLPOP", key, POP_WAIT_SECONDS))

    def add(self):
        key, amount = self.key("count"), self.chance.randint(1, 5)
        self.noted([("add", key, [amount], lambda reply: [reply])], ("INCRBY", key, amount))

    def count(self):
        key = self.key("count")
        self.noted([("count", key, [], lambda reply: [int(reply or 0)])], ("GET", key))

    def transaction(self):
        """Two keys in one: both or neither."""
        tag = self.key("both")
        listed, counted, value = f"{{{tag}}}list", f"{{{tag}}}count", self.history.value_new()
        self.noted([("append", listed, [value], lambda reply: [reply[0]]),
                    ("add", counted, [1], lambda reply: [reply[1]]),
                    ("list", listed, [0], lambda reply: reply[2])],
                   ("MULTI",), ("RPUSH", listed, value), ("INCR", counted),
                   ("LRANGE", listed, 0, -1), ("EXEC",))

    # ---- expiry ----

    def put(self):
        key = f"{self.key('gone')}:{self.chance.randrange(1 << 30)}"
        value, life_ms = self.history.value_new(), self.chance.choice((50, 300, 1000))
        self.noted([("put", key, [value, life_ms], None)], ("SET", key, value, "PX", life_ms))
        for _ in range(3):
            self.noted([("get", key, [], lambda reply: [reply])], ("GET", key))
            time.sleep(life_ms / 2000)

    def get(self):
        key = f"{self.key('gone')}:{self.chance.randrange(1 << 30)}"
        self.noted([("get", key, [], lambda reply: [reply])], ("GET", key))


class StaleReader(Client):
    """A READONLY connection: what it sees may be old, but never goes back."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.actions = [(self.read, 3), (self.list, 2), (self.count, 2)]

    def connect(self):
        if self.link is None:
            super().connect()
            self.link.execute_command("READONLY")
            self.list_known.clear()

    def read(self):
        key = self.key("reg")
        self.noted([("stale-read", key, [], lambda reply: [reply])], ("GET", key))
        self.stopping.wait(0.005)

    def list(self):
        key = self.key("list")
        self.noted([("stale-list", key, [0], lambda reply: reply)], ("LRANGE", key, 0, -1))
        self.stopping.wait(0.02)

    def count(self):
        key = self.key("count")
        self.noted([("stale-count", key, [], lambda reply: [int(reply or 0)])], ("GET", key))
        self.stopping.wait(0.005)


READ_BACK = {"write": "read", "read": "read", "cas": "read", "append": "list", "list": "list",
             "add": "count", "count": "count", "push": "pop", "pop": "pop"}


def keys_read_back(history, host, port, stop_at_s):
    """Reads all keys of the history through one node, and empties all queues: what was
    acknowledged must be there."""
    keys = {}
    for line in list(history.lines):
        kind, key = line.split(" ")[4:6]
        if kind in READ_BACK:
            keys[urllib.parse.unquote(key)] = READ_BACK[kind]
    client = Client(history, host, port, 0, 0, threading.Event())
    for key, kind in keys.items():
        while not read_back(client, kind, key):
            if time.monotonic() > stop_at_s:
                raise Unexpected(f"{host} did not answer for {key} in time")
            time.sleep(PAUSE_SECONDS)
    client.leave()
    return len(keys)


def read_back(client, kind, key):
    """True: it was read, or there is nothing left of it."""
    try:
        if kind == "pop":
            outcome, reply = client.noted([("pop", key, [], lambda reply: [reply])], ("LPOP", key))
            return outcome == "ok" and (reply is None or read_back(client, kind, key))
        if kind == "list":
            note, command = ("list", key, [0], lambda reply: reply), ("LRANGE", key, 0, -1)
        elif kind == "count":
            note = ("count", key, [], lambda reply: [int(reply or 0)])
            command = ("GET", key)
        elif key.startswith("pair:"):
            note = ("read", key, [], lambda reply: reply)
            command = ("MGET", f"{{{key}}}a", f"{{{key}}}b")
        else:
            note, command = ("read", key, [], lambda reply: [reply]), ("GET", key)
        return client.noted([note], command)[0] == "ok"
    except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError):
        client.leave()
        return False
