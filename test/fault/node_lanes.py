#!/usr/bin/env python3
"""A node of several lanes answers as one of a single lane does, command by command.

    test/fault/node_lanes.py PROGRAM ROUNDS SEED LANES

Clients with keys of their own send the same random pipelines to a node of one lane, which is the
model, and to one of LANES; rude clients beside them break off in the middle, or do not read. Then
what concerns several lanes is looked at case by case.
"""

import contextlib
import pathlib
import random
import struct
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from mix import Mix  # noqa: E402
from resp import Error, Link, tutti  # noqa: E402

CLIENTS = 4
PIPELINE = 60


# --- the same pipelines ------------------------------------------------------------------------


def wrap(mix, chance):
    """Some commands, with what a session can put around them."""
    kind = chance.random()
    if kind < 0.05:
        tag = chance.randrange(12)
        inside = [["SET", mix.key("s", tag), mix.word()], ["LPUSH", mix.key("l", tag), mix.word()],
                  ["INCR", mix.key("s", tag)], ["PING"], ["LRANGE", mix.key("l", tag), "0", "-1"]]
        watch = [["WATCH", mix.key("s", tag)]] if chance.random() < 0.5 else []
        spoil = [["SET", watch[0][1], mix.word()]] if watch and chance.random() < 0.3 else []
        end = [["EXEC"]] if chance.random() < 0.8 else [["DISCARD"]]
        return watch + spoil + [["MULTI"]] + inside + end
    if kind < 0.10:
        return [["ECHO", mix.word()], ["NOSUCH"], ["GET"], ["SELECT", str(chance.randrange(3))],
                mix.command()]
    if kind < 0.13:
        return [["CLIENT", "REPLY", "SKIP"], mix.command()]
    if kind < 0.15:
        return [["CLIENT", "REPLY", "OFF"], mix.command(), mix.command(), ["CLIENT", "REPLY", "ON"]]
    if kind < 0.17:
        return [["BLPOP", mix.key("l"), "0.001"], mix.command()]
    return [mix.command()]


def silent_count(batch):
    """How many of them are not answered."""
    silent, count, off = 0, 0, False
    while count < len(batch):
        words = [word.upper() for word in batch[count][:3]]
        if words == ["CLIENT", "REPLY", "SKIP"]:
            silent += 1 if count + 1 == len(batch) else 2
            count += 2
            continue
        if words == ["CLIENT", "REPLY", "OFF"]:
            off = True
        if words == ["CLIENT", "REPLY", "ON"]:
            off = False
        silent += off
        count += 1
    return silent


class Twin(threading.Thread):
    """The same to both."""

    def __init__(self, number, seed, ports, rounds):
        super().__init__(daemon=True)
        self.mix, self.chance = Mix(seed, f"c{number}:"), random.Random(seed)
        protocol = 2 + number % 2
        self.links = [Link(port, protocol) for port in ports]
        self.rounds, self.trouble = rounds, ""

    def run(self):
        try:
            for _ in range(self.rounds):
                self._round()
        except (OSError, Error) as error:
            self.trouble = self.trouble or repr(error)

    def _round(self):
        batch = []
        while len(batch) < PIPELINE:
            batch += wrap(self.mix, self.chance)
        count = len(batch) - silent_count(batch)
        cut = self.chance.random() < 0.3
        answers = []
        for link in self.links:
            data = b"".join(encode(words) for words in batch)
            at = self.chance.randrange(len(data)) if cut else 0
            link.socket.sendall(data[:at])
            link.socket.sendall(data[at:])
            answers.append([link.read() for _ in range(count)])
        if answers[0] != answers[1]:
            i = next(i for i in range(count) if answers[0][i] != answers[1][i])
            self.trouble = (f"reply {i} of {batch}: {str(answers[0][i])[:200]} with one lane, "
                            f"{str(answers[1][i])[:200]}")
            raise Error(self.trouble)


def encode(words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def rude(port, seed, stop):
    """Breaks off in the middle, in several ways."""
    mix, chance = Mix(seed, "rude:"), random.Random(seed)
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as link:
            data = b"".join(encode(words) for _ in range(chance.choice((1, 10, 300)))
                            for words in wrap(mix, chance))
            if chance.random() < 0.3:
                data += encode(["BLPOP", mix.key("l") + "x", "0"])
            if chance.random() < 0.3:
                data = data[:chance.randrange(len(data))]
            link.sendall(data)
            if chance.random() < 0.5:
                time.sleep(chance.random() * 0.01)
            if chance.random() < 0.5:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def compare(ports, rounds, seed):
    stop = threading.Event()
    strangers = [threading.Thread(target=rude, args=(ports[1], seed + i, stop), daemon=True)
                 for i in range(2)]
    twins = [Twin(i, seed * 100 + i, ports, rounds) for i in range(CLIENTS)]
    for thread in strangers + twins:
        thread.start()
    for twin in twins:
        twin.join()
    stop.set()
    for thread in strangers:
        thread.join()
    for twin in twins:
        if twin.trouble:
            raise Error(twin.trouble)


# --- case by case ------------------------------------------------------------------------------


def links_to_all(port, lanes):
    """One connection to each lane: ids are dealt so that they tell it."""
    found = {}
    for _ in range(1000):
        link = Link(port, 2)
        found.setdefault((int(link.call("CLIENT", "ID")) - 1) % lanes, link)
        if len(found) == lanes:
            return [found[lane] for lane in range(lanes)]
    raise Error("the system gives a lane no connections")


def expect(what, got, wanted):
    if got != wanted:
        raise Error(f"{what}: {str(got)[:300]}, not {str(wanted)[:300]}")


def spread(count, name):
    return [f"{name}{i}" for i in range(count)]


def sees_its_writes(links, lanes):
    """A pipeline sees what it wrote before, in whatever lane, alone or with others."""
    for number, link in enumerate(links):
        link.call("FLUSHALL")
        keys = spread(20, f"own{number}:")
        pairs = [part for key in keys for part in (key, "one")]
        batch = [["MSET", *pairs]] + [["GET", key] for key in keys] + [["DEL", *keys]]
        batch += [["EXISTS", key] for key in keys] + [["MSET", *pairs], ["DBSIZE"], ["FLUSHALL"]]
        batch += [["GET", key] for key in keys] + [["SET", key, "two"] for key in keys]
        batch += [["MGET", *keys], ["DBSIZE"]]
        link.socket.sendall(b"".join(encode(words) for words in batch))
        got = [link.read() for _ in batch]
        n = len(keys)
        ok = ("+", b"OK")
        wanted = [ok] + [("$", b"one")] * n + [(":", b"%d" % n)] + [(":", b"0")] * n
        wanted += [ok, (":", b"%d" % n), ok] + [("$", None)] * n + [ok] * n
        wanted += [("*", *[("$", b"two")] * n), (":", b"%d" % n)]
        expect(f"a pipeline of lane {number}", got, wanted)


def all_keys(links, lanes):
    links[0].call("FLUSHALL")
    keys = spread(500, "all:")
    for key in keys:
        links[0].call("SET", key, 1)
    for link in links:
        expect("KEYS", sorted(link.call("KEYS", "*")), sorted(key.encode() for key in keys))
        expect("DBSIZE", link.call("DBSIZE"), b"500")
        cursor, found = b"0", []
        while True:
            reply = link.ask([b"SCAN", cursor, b"COUNT", b"20"])
            cursor = reply[1][1]
            found += [part[1] for part in reply[2][1:]]
            if cursor == b"0":
                break
        expect("SCAN", sorted(set(found)), sorted(key.encode() for key in keys))
        expect("RANDOMKEY", link.call("RANDOMKEY") in {key.encode() for key in keys}, True)
    expect("DEL", links[-1].call("DEL", *keys), b"500")
    expect("RANDOMKEY", links[0].call("RANDOMKEY"), None)


def refusals(links, lanes):
    for link in links:
        keys = spread(8 * lanes, "far:")
        for words in (["MSETNX", *[part for key in keys for part in (key, 1)]],
                      ["SUNION", *keys], ["WATCH", *keys], ["BLPOP", *keys, "0"],
                      ["SINTERSTORE", *keys]):
            reply = link.ask(words)
            expect(words[0], (reply[0], reply[1][:9]), ("-", b"CROSSSLOT"))
        link.call("MULTI")
        for key in keys:
            link.call("SET", key, 1)
        reply = link.ask(["EXEC"])
        expect("EXEC", b"CROSSSLOT" in reply[1], True)
        expect("after it", link.call("PING"), b"PONG")
        together = [f"{{one}}{i}" for i in range(400)]
        expect("SUNION of many in one lane", link.ask(["SUNION", *together]), ("*",))


def blocking(links, lanes, port):
    for number, link in enumerate(links):
        for key in spread(4 * lanes, f"wait{number}:"):
            link.send(["BLPOP", key, "0"])
            link.send(["RPUSH", key, "later"])
            time.sleep(0.01)
            other = links[(number + 1) % lanes]
            expect("RPUSH", other.call("RPUSH", key, "sooner"), b"1")
            expect("BLPOP", link.read(), ("*", ("$", key.encode()), ("$", b"sooner")))
            expect("what stands behind it", link.read(), (":", b"1"))
            expect("DEL", link.call("DEL", key), b"1")
    for key in spread(4 * lanes, "timeout:"):
        expect("a timeout", links[0].ask(["BLPOP", key, "0.01"]), ("*", None))


def clients_of(port, name):
    lines = []
    for link in links_to_all(port, LANES):
        lines += [line for line in link.call("CLIENT", "LIST").split(b"\n") if line]
        link.close()
    return [line for line in lines if b" name=" + name + b" " in line]


def gone_while_waiting(links, lanes, port):
    """Who waits in another lane and goes takes nothing, and is forgotten."""
    keys = spread(4 * lanes, "gone:")
    for key in keys:
        link = Link(port, 2)
        link.call("CLIENT", "SETNAME", "goes")
        link.send(["BLPOP", key, "0"])
        time.sleep(0.01)
        link.file.close()
        link.close()
    for _ in range(100):
        left = clients_of(port, b"goes")
        if not left:
            break
        time.sleep(0.02)
    expect("clients that went while they waited", left, [])
    for key in keys:
        expect("RPUSH", links[0].call("RPUSH", key, "kept"), b"1")
        expect("LLEN", links[0].call("LLEN", key), b"1")


def watching(links, lanes):
    for number, link in enumerate(links):
        other = links[(number + 1) % lanes]
        for key in spread(3 * lanes, "watched:"):
            for touched in (True, False):
                link.call("WATCH", key)
                if touched:
                    other.call("SET", key, 1)
                link.call("MULTI")
                link.call("SET", key, "mine")
                expect("EXEC", link.ask(["EXEC"])[1], None if touched else ("+", b"OK"))


def messages(links, lanes, port):
    listeners = [Link(port, 2) for _ in range(4 * lanes)]
    for link in listeners:
        link.call("SUBSCRIBE", "news")
    for number, link in enumerate(links):
        expect("PUBLISH", link.call("PUBLISH", "news", number), b"%d" % len(listeners))
        for listener in listeners:
            expect("a message", listener.read()[3], ("$", b"%d" % number))
    for listener in listeners:
        listener.close()


def settings(links, lanes, port):
    links[0].call("CONFIG", "SET", "hash-max-listpack-entries", "3")
    for link in links:
        expect("CONFIG GET", link.call("CONFIG", "GET", "hash-max-listpack-entries"),
               [b"hash-max-listpack-entries", b"3"])
    for key in spread(4 * lanes, "hash:"):
        links[0].call("HSET", key, *"abcdefgh")
        expect("its encoding", links[0].call("OBJECT", "ENCODING", key), b"hashtable")
    links[-1].call("ACL", "SETUSER", "anna", "on", ">secret", "~*", "&*", "+@all")
    for _ in range(4 * lanes):
        link = Link(port, 2)
        expect("AUTH", link.call("AUTH", "anna", "secret"), b"OK")
        link.close()


def other_users(links, lanes, port):
    """What a user may do is the user's, not the default user's, in whatever lane the key is."""
    anna, berta = Link(port, 2), Link(port, 2)
    links[0].call("ACL", "SETUSER", "anna", "on", ">secret", "~*", "&*", "+@all")
    links[0].call("ACL", "SETUSER", "berta", "on", ">secret", "~mine:*", "+@all")
    anna.call("AUTH", "anna", "secret")
    berta.call("AUTH", "berta", "secret")
    links[0].call("ACL", "SETUSER", "default", "-@all", "+ping", "+acl", "resetkeys")
    try:
        for key in spread(4 * lanes, "acl:"):
            expect("a SET of anna's", anna.ask(["SET", key, 1]), ("+", b"OK"))
            expect("a SET of berta's", berta.ask(["SET", key, 1])[1][:6], b"NOPERM")
            expect("MULTI", anna.ask(["MULTI"]), ("+", b"OK"))
            anna.call("SET", key, 2)
            expect("EXEC", anna.ask(["EXEC"]), ("*", ("+", b"OK")))
        for key in spread(4 * lanes, "other:"):
            anna.call("SET", "{" + key + "}weight", 1)
            anna.call("RPUSH", f"mine:{{{key}}}", 1)
            reply = berta.ask(["SORT", f"mine:{{{key}}}", "BY", "other:*"])
            expect("a SORT by keys that are not berta's", reply[0], "-")
        expect("MGET", len(anna.call("MGET", *spread(20, "acl:"))), 20)
    finally:
        anna.call("ACL", "SETUSER", "default", "on", "nopass", "~*", "&*", "+@all")


def broken_protocol(port, lanes):
    """What was asked before is answered before the error."""
    for key in spread(4 * lanes, "broken:"):
        link = Link(port, 2)
        link.socket.sendall(encode(["SET", key, 1]) + encode(["INCR", key]) + b"*1\r\nbad\r\n")
        got = [link.read() for _ in range(4)]
        expect("the replies", [got[0], got[1], got[2][0], got[3][0]],
               [("+", b"OK"), (":", b"2"), "-", "closed"])
        link = Link(port, 2)
        link.socket.sendall(encode(["SET", key, 1]) + encode(["QUIT"]) + encode(["SET", key, 2]))
        expect("QUIT", [link.read() for _ in range(3)],
               [("+", b"OK"), ("+", b"OK"), ("closed",)])
        link = Link(port, 2)
        link.socket.sendall(encode(["SET", key, 1]) + encode(["GET", key]))
        link.socket.shutdown(socket.SHUT_WR)
        expect("after a half close", [link.read() for _ in range(3)],
               [("+", b"OK"), ("$", b"1"), ("closed",)])


def memory(links, lanes):
    """maxmemory is the node's, not each lane's."""
    links[0].call("FLUSHALL")
    links[0].call("CONFIG", "SET", "maxmemory", "20mb")
    stored = 0
    for i in range(60):
        for _ in range(10):
            stored += links[0].ask(["SET", f"fill:{i}:{_}", "v" * 100000])[0] == "+"
    links[0].call("CONFIG", "SET", "maxmemory", "0")
    links[0].call("FLUSHALL")
    expect("values of 100 kB in 20 MB", 100 < stored <= 220, True)


def cases(port, lanes):
    links = links_to_all(port, lanes)
    sees_its_writes(links, lanes)
    all_keys(links, lanes)
    refusals(links, lanes)
    blocking(links, lanes, port)
    gone_while_waiting(links, lanes, port)
    watching(links, lanes)
    messages(links, lanes, port)
    settings(links, lanes, port)
    other_users(links, lanes, port)
    broken_protocol(port, lanes)
    memory(links, lanes)


def main():
    global LANES
    program, rounds, seed, lanes = sys.argv[1], *(int(word) for word in sys.argv[2:])
    LANES = lanes
    with tempfile.TemporaryDirectory(prefix="tutti-lanes-") as folder:
        places = [pathlib.Path(folder) / name for name in ("one", "several")]
        for place in places:
            place.mkdir()
        servers = [tutti(program, places[0]), tutti(program, places[1], "--lanes", str(lanes))]
        try:
            compare([server.port for server in servers], rounds, seed)
            cases(servers[1].port, lanes)
            code = servers[1].stop()
            if code != 0:
                raise Error(f"it ended with {code}")
        except (Error, OSError) as error:
            print(f"seed {seed}: {servers[1].said()}; {error}", file=sys.stderr)
            return 1
        finally:
            for server in servers:
                server.stop()
    print("as one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
