#!/usr/bin/python3
"""Strangers at the ports of other nodes: the cluster stays as it is, its clients see no error, and
no node's memory grows without a bound.

    test/cluster/hostile.py TUTTI

Memory is looked at only where the environment has no SANITIZED. Datagrams are replayed only where
they can be listened to, which takes root.
"""

import contextlib
import hashlib
import hmac
import os
import pathlib
import random
import resource
import select
import socket
import struct
import sys
import threading
import time

import joined
import nodes
import strangers

MB = 1 << 20
HELLO, PROOF, REFUSED, JOIN = 1, 2, 3, 5  # kinds of frames, see src/core/peer/peer.h
VERSION = 2
REASON_CLUSTER, REASON_SECRET = 2, 6
HALF_OPEN = 3000
DATAGRAMS = 20000
GROWTH_BYTES_MAX = 24 * MB
LISTENS_SECONDS = 2
ETHERNET_IP_UDP_BYTES = 14 + 20 + 8


def expect(good, why, said=""):
    if not good:
        raise nodes.Trouble(f"{why}: {said}")


class Steady(threading.Thread):
    """One client that writes and reads through a node, all the time: what it saw go wrong."""

    def __init__(self, host, port):
        super().__init__()
        self.host, self.port, self.errors, self.count = host, port, [], 0
        self.stopping, self.longest = threading.Event(), 0.0

    def run(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self.count += 1
                joined.ask(self.host, self.port, "SET", f"steady:{self.count % 100}", self.count,
                           seconds=20)
                said = joined.ask(self.host, self.port, "GET", f"steady:{self.count % 100}",
                                  seconds=20)
                if said != str(self.count):
                    self.errors.append(f"read {said} for {self.count}")
            except (OSError, ValueError, nodes.Trouble) as error:
                self.errors.append(f"{error!r}")
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.005)


class Trial:
    def __init__(self, cluster):
        self.cluster, self.chance = cluster, random.Random(7)
        self.port = cluster.port + joined.PEER_PORTS_OFFSET
        token = cluster.token_file.read_text().strip().removeprefix("tutti1-")
        self.id, self.secret = int(token[:16], 16), bytes.fromhex(token[16:80])

    def place(self, number=2):
        return nodes.address(number), self.port

    def connect(self, number=2):
        return socket.create_connection(self.place(number), 20)

    def hello(self, cluster=None, node=0):
        return struct.pack("<BBQIIII", VERSION, VERSION, self.id if cluster is None else cluster,
                           node, 0, 0, 1) + self.chance.randbytes(16)

    def memory(self):
        """Of each node, in bytes."""
        return [int(pathlib.Path(f"/proc/{member.process.pid}/statm").read_text().split()[1]) *
                resource.getpagesize() for member in self.cluster.running()]

    def states(self):
        """Who is there, as the first node knows it; and who leads what."""
        first = self.cluster.members[1]
        alive = [(row["node"], row["state"]) for row in joined.rows(first.ask("CLUSTER",
                                                                              "MEMBERS"))]
        return alive, [row["leader"] for row in joined.rows(first.ask("CLUSTER", "TABLE"))]

    # --- the trials ---------------------------------------------------------------------------

    def garbage(self):
        for size in (1, 15, 16, 17, 100, 1000, 100000):
            for _ in range(30):
                with contextlib.suppress(OSError), self.connect(1 + size % 3) as link:
                    link.sendall(self.chance.randbytes(size))

    def broken_frames(self):
        """Whole frames of garbage; a payload of a gigabyte that never comes; cut in the middle."""
        for _ in range(100):
            with contextlib.suppress(OSError), self.connect() as link:
                kind = self.chance.randrange(256)
                link.sendall(strangers.frame(VERSION, kind, self.chance.randbytes(42)))
                link.sendall(self.chance.randbytes(1000))
        links = []
        for size in (1025, 1 << 20, 1 << 30, (1 << 32) - 1):
            link = self.connect()
            head = struct.pack("<IBBHI", strangers.MAGIC, VERSION, HELLO, 0, size)
            link.sendall(head + struct.pack("<I", strangers.crc32c(head)))
            with contextlib.suppress(OSError):
                for _ in range(64):
                    link.sendall(bytes(16384))
            links.append(link)
        for link in links:
            link.close()

    def half_open(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, HALF_OPEN + 500), hard))
        links = []
        for i in range(min(HALF_OPEN, hard - 500)):
            with contextlib.suppress(OSError):
                links.append(self.connect(1 + i % 3))
        self.cluster.check_running()
        for link in links:
            link.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def slow(self):
        """A byte now and then, of a HELLO that would be good."""
        text = strangers.frame(VERSION, HELLO, self.hello())
        links = [self.connect(1 + i % 3) for i in range(40)]
        for byte in text:
            for link in links:
                with contextlib.suppress(OSError):
                    link.sendall(bytes([byte]))
            time.sleep(0.02)
        for link in links:
            link.close()

    def refused(self, link, reason, what):
        kind, payload = strangers.frame_read(link.makefile("rb"))
        expect(kind == REFUSED and payload[0] == reason, f"{what} got frame {kind}", payload)

    def other_cluster(self):
        """The right secret, and another cluster."""
        with self.connect() as link:
            link.sendall(strangers.frame(VERSION, HELLO, self.hello(self.id ^ 1)))
            self.refused(link, REASON_CLUSTER, "a token of another cluster")

    def proven(self, link, secret):
        """Shakes hands as a machine that wants to join: its own bytes, and the node's stream."""
        mine = self.hello()
        link.sendall(strangers.frame(VERSION, HELLO, mine))
        stream = link.makefile("rb")
        kind, theirs = strangers.frame_read(stream)
        expect(kind == HELLO, "no HELLO came", theirs)
        proof = hmac.new(secret, b"C" + mine + theirs, hashlib.sha256).digest()
        link.sendall(strangers.frame(VERSION, PROOF, proof))
        hello, own = (strangers.frame(VERSION, kind, text)
                      for kind, text in ((HELLO, mine), (PROOF, proof)))
        return hello + own, stream

    def wrong_secret(self):
        with self.connect() as link:
            _, stream = self.proven(link, bytes(32))
            kind, payload = strangers.frame_read(stream)
            expect(kind == REFUSED and payload[0] == REASON_SECRET, f"it got frame {kind}", payload)

    def replayed(self):
        """What a machine with the token has said is of no use to who has only heard it."""
        with self.connect() as link:
            said, stream = self.proven(link, self.secret)
            expect(strangers.frame_read(stream)[0] == PROOF, "the token is not good")
        with self.connect() as link:
            link.sendall(said)
            stream = link.makefile("rb")
            expect(strangers.frame_read(stream)[0] == HELLO, "no HELLO came")
            kind, payload = strangers.frame_read(stream)
            expect(kind == REFUSED and payload[0] == REASON_SECRET,
                   f"a replayed handshake got frame {kind}", payload)

    def bad_joins(self):
        """From who has the token: garbage instead of what it is, too much of it, or nothing."""
        idle = []
        for size in (0, 1, 100, 1000):
            for _ in range(20):
                with self.connect(1) as link:
                    _, stream = self.proven(link, self.secret)
                    strangers.frame_read(stream)
                    link.sendall(strangers.frame(VERSION, JOIN, self.chance.randbytes(size)))
                    with contextlib.suppress(OSError, nodes.Trouble):
                        strangers.frame_read(stream)
        for _ in range(30):
            link = self.connect(1)
            self.proven(link, self.secret)
            head = struct.pack("<IBBHI", strangers.MAGIC, VERSION, JOIN, 0, 1 << 30)
            with contextlib.suppress(OSError):
                link.sendall(head + struct.pack("<I", strangers.crc32c(head)))
            idle.append(link)
        for link in idle:
            link.close()

    # --- gossip -------------------------------------------------------------------------------

    def flood(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for i in range(DATAGRAMS):
                out.sendto(self.chance.randbytes(self.chance.randrange(1400)),
                           self.place(1 + i % 3))

    def forged(self):
        """The right form, version and cluster: that node 1 and 3 are dead. But no proof."""
        dead = bytes([3, 3]) + bytes(3) + b"\x01\xff\xff\xff\x7f\x02"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for i in range(DATAGRAMS):
                head = b"\x01" + struct.pack("<Q", self.id)
                out.sendto(head + dead + self.chance.randbytes(self.chance.randrange(60) + 16),
                           self.place(1 + i % 3))

    def listened(self, seconds):
        """Datagrams to the gossip ports, as they went by."""
        heard, end = [], time.monotonic() + seconds
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as ear:
            ear.bind(("lo", 0))
            while (left := end - time.monotonic()) > 0:
                if not select.select([ear], [], [], left)[0]:
                    continue
                packet = ear.recv(2000)
                is_udp = len(packet) > ETHERNET_IP_UDP_BYTES and packet[23] == 17
                if is_udp and struct.unpack_from(">H", packet, 36)[0] == self.port:
                    heard.append(packet[ETHERNET_IP_UDP_BYTES:])
        return heard

    def replayed_gossip(self):
        """Of a time in which node 3 was dead, when it is back."""
        third = self.cluster.members[3]
        third.kill()
        try:
            heard = self.listened(LISTENS_SECONDS)
        except PermissionError:
            heard = None
        joined.wait_until(lambda: ("3", "dead") in [(str(node), state) for node, state in
                                                    self.states()[0]],
                          joined.ANSWER_SECONDS_MAX, lambda: f"node 3 is not dead: {self.states()}")
        third.start()
        self.cluster.wait_settled()
        if heard is None:
            return
        expect(len(heard) > 5, "no gossip was heard", len(heard))
        before = self.states()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for i in range(DATAGRAMS):
                out.sendto(heard[i % len(heard)], self.place(1 + i % 3))
        time.sleep(LISTENS_SECONDS)
        expect(self.states()[0] == before[0], "old gossip is believed", self.states())


def run(trial, name):
    """Under a client that must not notice it."""
    cluster = trial.cluster
    before, memory = trial.states(), trial.memory()
    client = Steady(nodes.address(1), cluster.port)
    client.start()
    try:
        getattr(trial, name)()
        cluster.check_running()
    finally:
        client.stopping.set()
        client.join()
    expect(not client.errors, f"during {name} a client saw {len(client.errors)} errors",
           client.errors[:3])
    after = trial.states()
    expect(after == before, f"{name} has changed who is there, or who leads", (before, after))
    grown = max(now - then for now, then in zip(trial.memory(), memory))
    bounded = os.environ.get("SANITIZED") or grown < GROWTH_BYTES_MAX
    expect(bounded, f"{name} took {grown / MB:.1f} MB")
    if os.environ.get("VERBOSE"):
        print(f"{name}: {client.count} operations, the longest {client.longest * 1000:.0f} ms, "
              f"memory {grown / MB:+.1f} MB", flush=True)


def whole_trial(cluster):
    for number in (1, 2, 3):
        cluster.add(number)
    cluster.wait_settled()
    trial = Trial(cluster)
    for name in ("garbage", "broken_frames", "half_open", "slow", "other_cluster",
                 "wrong_secret", "replayed", "bad_joins", "flood", "forged"):
        run(trial, name)
    trial.replayed_gossip()


if __name__ == "__main__":
    sys.exit(joined.status_of("hostile", whole_trial, sys.argv[1]))
