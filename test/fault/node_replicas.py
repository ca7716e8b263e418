#!/usr/bin/env python3
"""Three nodes with the same data answer as a node that is alone does, whichever is asked.

    test/fault/node_replicas.py PROGRAM ROUNDS SEED LANES

Clients with keys of their own send the same random pipelines to a node that is alone, which is the
model, and to each of the three; rude clients beside them break off in the middle. Then what a
change of the leader means is looked at case by case.
"""

import contextlib
import pathlib
import random
import select
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from node_lanes import compare, expect  # noqa: E402
from resp import Error, Link, tutti  # noqa: E402

NODES = (1, 2, 3)
LEADER_SECONDS_MAX = 20
SETTLED_SECONDS_MAX = 40
TAG = "{t}"  # all keys of a case are in one lane


def ports_in_a_row(count):
    for _ in range(1000):
        first = random.randrange(12000, 19000)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise Error("no ports are free")


class Trio:
    def __init__(self, program, folder, lanes, *more):
        first = ports_in_a_row(len(NODES) * lanes)
        peers = ",".join(f"{n}=127.0.0.1:{first + (n - 1) * lanes}" for n in NODES)
        self.nodes = {}
        for n in NODES:
            place = pathlib.Path(folder) / f"node{n}"
            place.mkdir()
            self.nodes[n] = tutti(program, place, "--node", str(n), "--peers", peers, "--lanes",
                                  str(lanes), "--enable-debug-command", "yes", *more)

    def link(self, n, protocol=2):
        return Link(self.nodes[n].port, protocol)

    def told(self, n):
        text = self.link(n).call("INFO", "replication").decode()
        return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)

    def leader(self, among=NODES):
        """Of the lane that the system gives the connection: the same for one lane only."""
        end = time.monotonic() + LEADER_SECONDS_MAX
        while time.monotonic() < end:
            for n in among:
                with contextlib.suppress(OSError, Error):
                    if self.told(n)["node_role"] == "leader":
                        return n
            time.sleep(0.02)
        raise Error("nobody leads")

    def is_settled(self, n):
        """Does it say that each shard is led by whom it shall be?"""
        table = self.link(n).ask(["CLUSTER", "TABLE"])
        if table[0] != "*":  # not formed yet
            return False
        for row in table[1:]:
            row = dict(zip((name[1] for name in row[1::2]), row[2::2]))
            anyone = row[b"preferred"] == ("$", None)  # the root
            led = anyone or row[b"leader"] == row[b"preferred"]
            if not led or row[b"moving"] != (":", b"0"):
                return False
        return True

    def settle(self):
        """Leaders go to where they shall be some seconds after a start: until they have, for what
        is watched then counts as changed. From then on nothing moves by itself."""
        end = time.monotonic() + SETTLED_SECONDS_MAX
        while not all(self.is_settled(n) for n in NODES):
            if time.monotonic() > end:
                raise Error("the shards' leaders do not settle")
            time.sleep(0.1)
        self.link(NODES[0]).call("CLUSTER", "REBALANCE", "PAUSE")

    def signal(self, numbers, what):
        for n in numbers:
            self.nodes[n].process.send_signal(what)

    def kill(self, numbers):
        for n in numbers:
            self.nodes[n].kill()

    def stop(self):
        for node in self.nodes.values():
            if node.process.poll() is None:
                node.process.send_signal(signal.SIGCONT)
                node.kill()


def others(n):
    return [other for other in NODES if other != n]


def key(name):
    return TAG + name


# --- with nothing broken -----------------------------------------------------------------------


def wait_to_hear(listening, link):
    """Messages reach nodes whose links are up, which may be some time after the start."""
    listening.ask(["SUBSCRIBE", "there"])
    for _ in range(LEADER_SECONDS_MAX * 10):
        link.call("PUBLISH", "there", "?")
        if select.select([listening.socket], [], [], 0.1)[0]:
            break
    else:
        raise Error("messages do not arrive")
    listening.send(["UNSUBSCRIBE", "there"])
    while listening.read()[1][1] != b"unsubscribe":
        pass


def everywhere(trio):
    """What is written at one node is read at the others; messages reach everybody."""
    links = {n: trio.link(n) for n in NODES}
    listening = {n: trio.link(n, 2 + n % 2) for n in NODES}
    for n in NODES:
        for other in NODES:
            wait_to_hear(listening[n], links[other])
        listening[n].ask(["SUBSCRIBE", "news"])
    for n in NODES:
        links[n].call("SET", key("a"), str(n))
        for other in NODES:
            expect(f"what {n} wrote, at {other}", links[other].call("GET", key("a")),
                   str(n).encode())
        expect("PUBLISH counts its own node's", links[n].call("PUBLISH", "news", str(n)), b"1")
    for n in NODES:
        heard = [listening[n].read()[3][1] for _ in NODES]
        expect(f"messages at {n}", heard, [b"1", b"2", b"3"])
    for n in NODES:
        links[n].call("READONLY")
        links[n].call("GET", key("a"))
        links[n].call("SET", key("a"), "again")
        links[n].call("READWRITE")
        expect("after READWRITE", links[n].call("GET", key("a")), b"again")
        expect("WAIT", int(links[n].call("WAIT", "1", "5000")) >= 1, True)


def transactions(trio):
    for n in NODES:
        mine, theirs = trio.link(n), trio.link(others(n)[0])
        for spoil in (False, True):
            mine.call("WATCH", key("w"))
            mine.call("MULTI")
            mine.call("SET", key("w"), "mine")
            if spoil:
                theirs.call("SET", key("w"), "theirs")
            got = mine.ask(["EXEC"])
            expect(f"EXEC at {n}", got, ("*", None) if spoil else ("*", ("+", b"OK")))


def waiting(trio):
    for n in NODES:
        for other in NODES:
            mine = trio.link(n)
            mine.send(["BLPOP", key("q"), "20"])
            time.sleep(0.05)
            trio.link(other).call("RPUSH", key("q"), "x")
            expect(f"BLPOP at {n}", mine.read(), ("*", ("$", key("q").encode()), ("$", b"x")))
    gone = trio.link(NODES[0])
    gone.send(["BLPOP", key("q"), "20"])
    time.sleep(0.1)
    gone.close()
    time.sleep(0.2)
    trio.link(NODES[1]).call("RPUSH", key("q"), "y")
    expect("nobody takes it who has gone", trio.link(NODES[2]).call("LPOP", key("q")), b"y")


# --- the leader changes ------------------------------------------------------------------------


def handed_over(trio):
    """Who waits goes on waiting at the next leader; what was watched counts as changed."""
    leader = trio.leader()
    follower = others(leader)[0]
    links = [trio.link(leader), trio.link(follower)]
    watchers = [trio.link(leader), trio.link(follower)]
    for i, link in enumerate(links):
        link.send(["BLPOP", key(f"h{i}"), "20"])
    for link in watchers:
        link.call("WATCH", key("w"))
    time.sleep(0.2)
    trio.link(leader).call("REPLICATION", "HANDOVER")
    end = time.monotonic() + LEADER_SECONDS_MAX
    while trio.leader() == leader and time.monotonic() < end:
        time.sleep(0.05)
    expect("another leads", trio.leader() != leader, True)
    for link in watchers:
        link.call("MULTI")
        link.call("SET", key("w"), "1")
        expect("EXEC after a change", link.ask(["EXEC"]), ("*", None))
        link.call("MULTI")
        link.call("SET", key("w"), "2")
        expect("and the next", link.ask(["EXEC"]), ("*", ("+", b"OK")))
    pusher = trio.link(follower)
    for i, link in enumerate(links):
        pusher.call("RPUSH", key(f"h{i}"), "x")
        expect("BLPOP after a change", link.read()[2], ("$", b"x"))
    expect("who led answers", links[0].call("SET", key("a"), "1"), b"OK")


def is_error(reply, code):
    return reply[0] == "-" and reply[1].startswith(code)


def not_kept(trio):
    """A leader whom nobody hears says of each reply that it is not to be; messages stay."""
    leader = trio.leader()
    rest = others(leader)
    link, subscriber = trio.link(leader), trio.link(leader, 3)
    link.call("SET", key("a"), "0")
    subscriber.ask(["SUBSCRIBE", "news"])
    trio.kill(rest)
    for words in (["SET", key("a"), "1"], ["GET", key("a")], ["MULTI"], ["INCR", key("n")], ["EXEC"],
                  ["PUBLISH", "news", "x"]):
        link.send(words)
    subscriber.send(["SET", key("b"), "1"])
    time.sleep(0.5)
    trio.signal([leader], signal.SIGSTOP)
    for n in rest:
        trio.nodes[n].start()
    other = trio.link(rest[0])
    expect("the others go on", other.call("SET", key("a"), "2"), b"OK")
    trio.signal([leader], signal.SIGCONT)
    replies = [link.read() for _ in range(6)]
    told = [is_error(reply, b"TRYAGAIN not kept") for reply in replies]
    expect(f"what was not kept, {replies}", told, [True, True, False, False, True, False])
    heard = sorted(subscriber.read()[0] for _ in range(2))
    expect("an error and a message", heard, ["-", ">"])
    for n in NODES:
        expect("nothing of it was done", trio.link(n).call("GET", key("a")), b"2")
        expect("nor of the transaction", trio.link(n).ask(["GET", key("n")])[1], None)


def killed(trio):
    """Writes whose leader was killed: as many as were acknowledged, and no more than were sent."""
    leader = trio.leader()
    link = trio.link(others(leader)[0])
    done = unknown = refused = 0
    for i in range(40):
        if i == 10:
            trio.kill([leader])
        for _ in range(50):
            link.send(["INCR", key("count")])
        for _ in range(50):
            reply = link.read()
            done += reply[0] == ":"
            unknown += is_error(reply, b"UNKNOWN")
            refused += is_error(reply, b"TRYAGAIN")
    expect("every one is answered", done + unknown + refused, 2000)
    value = int(link.call("GET", key("count")))
    expect(f"{value} of {done} and {unknown}", done <= value <= done + unknown, True)
    trio.nodes[leader].start()


def alone(trio):
    """Without a majority nothing is done, and that is said; READONLY still reads."""
    link = trio.link(1)
    link.call("SET", key("a"), "1")
    link.call("CONFIG", "SET", "leader-wait-ms", "300")
    trio.kill(others(1))
    time.sleep(1.5)
    for words in (["SET", key("a"), "2"], ["GET", key("a")], ["BLPOP", key("q"), "1"]):
        reply = link.ask(words)
        expect(f"{words}: {reply}", is_error(reply, b"TRYAGAIN no leader"), True)
    link.call("READONLY")
    expect("READONLY reads", link.ask(["GET", key("a")])[0], "$")
    for n in others(1):
        trio.nodes[n].start()
    link.call("CONFIG", "SET", "leader-wait-ms", "5000")
    expect("it goes on", link.call("SET", key("a"), "3"), b"OK")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    rounds, seed, lanes = (int(word) for word in sys.argv[2:5])
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "model").mkdir()
        model, trio = tutti(program, pathlib.Path(folder) / "model"), None
        step = "start"
        try:
            # Beside other tests a node may get no turn for a while, and a new leader says
            # TRYAGAIN where the model does not.
            calm = pathlib.Path(folder) / "calm"
            calm.mkdir()
            trio = Trio(program, calm, lanes, "--election-timeout-ms", "3000")
            trio.leader()
            step = "settling"
            trio.settle()
            for n in NODES:
                step = f"pipelines at {n}"
                compare([model.port, trio.nodes[n].port], rounds, seed + n)
                model.stop()
                model.start()
            trio.stop()
            trio = Trio(program, folder, lanes)
            trio.leader()
            for case in (everywhere, transactions, waiting):
                step = case.__name__
                case(trio)
            if lanes == 1:  # of one leader: more lanes, and more shards, have more
                trio.stop()
                single = pathlib.Path(folder) / "single"
                single.mkdir()
                trio = Trio(program, single, lanes, "--shards", "1")
                for case in (handed_over, killed, not_kept, alone):
                    step = case.__name__
                    case(trio)
        except (Error, OSError, IndexError) as error:
            said = "".join(node.said() for node in trio.nodes.values()) if trio else ""
            print(f"seed {seed}, {step}: {said}; {error!r}", file=sys.stderr)
            return 1
        finally:
            model.stop()
            if trio is not None:
                trio.stop()
    print("as one")
    return 0


if __name__ == "__main__":
    sys.exit(main())
