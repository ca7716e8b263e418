#!/usr/bin/env python3
"""Clients that mean harm: the node stays up, answers others, and its memory stays within bounds.

    test/fault/node_hostile.py PROGRAM CONNECTIONS ARGUMENTS LANES

CONNECTIONS idle ones at a time, ARGUMENTS of one command. Memory is looked at only where the
environment has no SANITIZED.
"""

import contextlib
import os
import pathlib
import resource
import socket
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from resp import Error, Link, Server, tutti  # noqa: E402

MB = 1 << 20


def expect(what, got, wanted):
    if got != wanted:
        raise Error(f"{what}: {str(got)[:300]}, not {str(wanted)[:300]}")


def encode(*words):
    words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


def raw(server):
    return socket.create_connection(("127.0.0.1", server.port), 20)


def memory(server):
    """What it has in memory, in bytes."""
    pages = pathlib.Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def alive(server, what):
    if server.process.poll() is not None:
        raise Error(f"after {what} it has ended with {server.process.returncode}")
    link = Link(server.port, 2)
    expect(f"after {what}, PING", link.ask([b"PING"]), ("+", b"PONG"))
    link.close()


def bounded(server, what, before, most):
    if os.environ.get("SANITIZED"):
        return
    grown = memory(server) - before
    if grown > most:
        raise Error(f"{what} took {grown >> 20} MB, more than {most >> 20}")


def push(link, data, most):
    """Send it again and again, without reading, until nothing is taken or `most` bytes are gone."""
    link.setblocking(False)
    sent, idle = 0, 0
    while sent < most and idle < 20:
        try:
            sent += link.send(data[sent % len(data):] if sent % len(data) else data)
            idle = 0
        except BlockingIOError:
            idle += 1
            time.sleep(0.02)
        except OSError:
            break
    link.settimeout(20)
    return sent


def half_requests(server):
    request = encode("SET", "half", "x" * 40)
    links = []
    for at in range(len(request)):
        link = raw(server)
        link.sendall(request[:at])
        links.append(link)
    for at, link in enumerate(links):
        if at % 2:
            link.close()
        else:
            link.sendall(request[at:])
            expect("the rest of it", link.recv(10), b"+OK\r\n")
            link.close()


def declared_sizes(server):
    before = memory(server)
    links = []
    for text in (b"*1000000000\r\n", b"*2147483647\r\n", b"*3\r\n$536870912\r\n",
                 b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$536870912\r\nabc", b"*1000000\r\n$536870912\r\n"):
        for _ in range(20):
            link = raw(server)
            link.sendall(text)
            links.append(link)
    for text in (b"*99999999999999999999\r\n", b"*1\r\n$-5\r\n",
                 b"*1\r\n$536870913\r\n", b"*1\r\n$99999999999999999999\r\n", b"*1\r\n:1\r\n",
                 b"*1x\r\n", b"x" * 70000):
        link = raw(server)
        with contextlib.suppress(OSError):
            link.sendall(text)
        got = b""
        with contextlib.suppress(OSError):
            while part := link.recv(1000):
                got += part
        expect(f"an answer to {text[:30]}", got[:1] in (b"-", b""), True)
        link.close()
    alive(server, "declared sizes")
    bounded(server, "declared sizes", before, 100 * MB)
    for link in links:
        link.close()


def slow_readers(server):
    """They ask for much and read nothing."""
    link = Link(server.port, 2)
    link.call("SET", "large", "v" * MB)
    link.call("RPUSH", "list", *(["e" * 1000] * 1000))
    before, readers = memory(server), []
    for words in (("GET", "large"), ("LRANGE", "list", 0, -1), ("MGET", *["large"] * 5)):
        for _ in range(10):
            reader = raw(server)
            push(reader, encode(*words) * 100, 100 * len(encode(*words)))
            readers.append(reader)
    time.sleep(0.5)
    alive(server, "slow readers")
    bounded(server, "30 slow readers", before, 400 * MB)
    reply = len(b"$%d\r\n" % MB) + MB + 2
    left = reply * 100
    while left > 0: # who reads after all gets everything
        part = readers[0].recv(MB)
        expect("the connection of a slow reader", part != b"", True)
        left -= len(part)
    for reader in readers:
        reader.close()
    for _ in range(100):
        if memory(server) - before < 50 * MB:
            break
        time.sleep(0.05)
    link.call("DEL", "large", "list")
    alive(server, "slow readers went")


def never_reading(server):
    """Pipelines without end: it is stopped, or what it sends is bounded."""
    before, links = memory(server), []
    for words in (("PING",), ("SET", "a", "b" * 100), ("COMMAND",), ("INFO",), ("NOSUCH", "x")):
        link = raw(server)
        push(link, encode(*words) * 1000, 200 * MB)
        links.append(link)
    alive(server, "clients that do not read")
    bounded(server, "5 clients that do not read", before, 200 * MB)
    for link in links:
        link.close()


def subscribers(server):
    """Who does not read what is published is closed at the limit of its class."""
    before = memory(server)
    link = raw(server)
    link.sendall(encode("SUBSCRIBE", "news"))
    expect("SUBSCRIBE", link.recv(100)[:4], b"*3\r\n")  # of another lane: it takes a moment
    publisher = Link(server.port, 2)
    message = "m" * 100000
    for _ in range(1000):
        if publisher.call("PUBLISH", "news", message) == b"0":
            break
    expect("listeners after 100 MB", publisher.call("PUBLISH", "news", message), b"0")
    bounded(server, "a subscriber that does not read", before, 150 * MB)
    link.close()


def many_arguments(server, count):
    link = Link(server.port, 2)
    link.socket.settimeout(60)
    for words in (["DEL"], ["SADD", "many"], ["MGET"], ["HSET", "fields"], ["SUNION"]):
        data = encode(*words)[len(b"*1\r\n"):]
        one = [b"$7\r\nm%06d\r\n" % i for i in range(count)]
        link.socket.sendall(b"*%d\r\n" % (len(words) + count) + data + b"".join(one))
        expect(words[0], link.read()[0] in ":*-", True)
    link.call("DEL", "many", "fields")
    alive(server, "commands of many arguments")


def globs(server):
    """They cost no more than they are long."""
    link = Link(server.port, 2)
    keys = ["a" * 1000 + str(i) for i in range(200)]
    link.call("MSET", *[part for key in keys for part in (key, 1)])
    began = cpu(server)
    for pattern in ("a*" * 200 + "b", "*a" * 500 + "b", "[" + "a" * 5000, "?*" * 300 + "b",
                    "\\" * 999, "*[^a]*" * 50):
        expect("KEYS", link.ask([b"KEYS", pattern.encode()])[0] in "*-", True)
        expect("SCAN", link.ask([b"SCAN", b"0", b"MATCH", pattern.encode(), b"COUNT", b"1000"])[0]
               in "*-", True)
        expect("CONFIG GET", link.ask([b"CONFIG", b"GET", pattern.encode()])[0] in "*-", True)
        expect("PSUBSCRIBE", Link(server.port, 3).ask([b"PSUBSCRIBE", pattern.encode()])[0] in ">-",
               True)
    link.call("PUBLISH", "a" * 2000, "x")
    took = cpu(server) - began
    if took > 10 and not os.environ.get("SANITIZED"):
        raise Error(f"globs took {took:.1f} s of CPU")
    link.call("DEL", *keys)


def strangers(server):
    """Who has not authenticated keeps no more than 64 KB."""
    link = Link(server.port, 2)
    link.call("CONFIG", "SET", "requirepass", "secret")
    try:
        before, links = memory(server), []
        for i in range(200):
            flood = raw(server)
            text = (b"*2\r\n$5\r\nHELLO\r\n$16000\r\n", b"*9\r\n", b"*10\r\n$16384\r\n", b"")[i % 4]
            with contextlib.suppress(OSError):
                flood.sendall(text)
                push(flood, b"x" * 10000 if i % 4 else b"x" * 100, 300000)
            links.append(flood)
        for _ in range(20):
            flood = raw(server)
            push(flood, encode("PING") * 500, 20 * MB)
            links.append(flood)
        bounded(server, "220 strangers", before, 220 * 256 * 1024)
        inside = raw(server)
        inside.sendall(encode("GET", "x") + encode("AUTH", "secret") + encode("PING"))
        got = b""
        while got.count(b"\r\n") < 3:
            got += inside.recv(1000)
        expect("AUTH in a flood", got.split(b"\r\n")[0][:7], b"-NOAUTH")
        for flood in links:
            flood.close()
    finally:
        link.call("CONFIG", "SET", "requirepass", "")
    alive(server, "strangers")


def idle(server, count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(count, hard - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 100), hard))
    before, links = memory(server), []
    for _ in range(count):
        links.append(raw(server))
    link = Link(server.port, 2)
    seen = int(dict(line.split(b":", 1) for line in link.call("INFO", "clients").split(b"\r\n")
                    if b":" in line)[b"connected_clients"])
    if LANES == 1:
        expect("idle connections", seen >= count, True)
    bounded(server, f"{count} idle connections", before, count * 4096 + 20 * MB)
    for link in links:
        link.close()
    alive(server, "idle connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def no_descriptors(program, folder):
    """No file descriptors are left: clients that are there go on, and others come later."""
    place = pathlib.Path(folder) / "few"
    place.mkdir()
    server = Server(lambda port: ["sh", "-c", f"ulimit -n 60 && exec {program} start --port {port} "
                                  f"--data {place}/data --log-segment-size 1mb"], place)
    try:
        there = Link(server.port, 2)
        links = [raw(server) for _ in range(100)]
        time.sleep(0.2)
        began = cpu(server)
        for i in range(200):
            expect("SET", there.call("SET", i, "v" * 20000), b"OK")
        there.ask([b"BGSAVE"])
        time.sleep(2)
        if cpu(server) - began > 1:
            raise Error("it spins while there are no file descriptors")
        for link in links:
            link.close()
        alive(server, "a lack of file descriptors")
        expect("GET", there.call("STRLEN", 199), b"20000")
    finally:
        if server.stop() != 0:
            raise Error("it failed for want of file descriptors: " + server.said())


def cpu(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quit_with_output(server):
    link = raw(server)
    keeper = Link(server.port, 2)
    keeper.call("SET", "large", "v" * (4 * MB))
    link.sendall(encode("GET", "large") * 3 + encode("QUIT") + encode("SET", "large", "changed"))
    got = b""
    while part := link.recv(MB):
        got += part
    want = 3 * (len(b"$%d\r\n" % (4 * MB)) + 4 * MB + 2) + 5
    expect("bytes before the end of QUIT", len(got), want)
    link = raw(server)
    link.sendall(encode("GET", "large") * 3 + encode("SET", "large", "new"))
    link.shutdown(socket.SHUT_WR)
    got = b""
    while part := link.recv(MB):
        got += part
    expect("bytes after a half close", len(got), want)
    expect("DEL", keeper.call("DEL", "large"), b"1")


def main():
    global LANES
    program, connections, arguments, LANES = sys.argv[1], *(int(word) for word in sys.argv[2:])
    with tempfile.TemporaryDirectory(prefix="tutti-hostile-") as folder:
        server = tutti(program, folder, "--lanes", str(LANES))
        tests = (half_requests, declared_sizes, slow_readers, never_reading, subscribers,
                 lambda server: many_arguments(server, arguments), globs, strangers,
                 lambda server: idle(server, connections), quit_with_output)
        name = ""
        try:
            for test in tests:
                name, began = test.__name__, time.monotonic()
                test(server)
                if os.environ.get("VERBOSE"):
                    print(f"{name}: {time.monotonic() - began:.2f} s, {memory(server) >> 20} MB")
            name = "no_descriptors"
            no_descriptors(program, folder)
            code = server.stop()
            if code != 0:
                raise Error(f"it ended with {code}")
        except (Error, OSError) as error:
            print(f"{name}: {server.said()}; {error!r}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    print("bounded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
