"""RESP2 for claims that ask many nodes: a connection that blocks, and one for asyncio."""

import asyncio
import socket

from . import tools

REPLY_LINE_BYTES_MAX = 1 << 20


class Refused(tools.Missing):
    """An error reply; its text is that of the server."""


def packed(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def simple(line):
    """The value of a line that says all; errors come back as Refused, not raised."""
    text = line[1:-2].decode(errors="replace")
    if line[:1] == b"-":
        return Refused(text)
    return int(text) if line[:1] == b":" else text



class Link:
    """One connection; `ask` returns strings, numbers, None and lists, and raises Refused."""

    def __init__(self, host, port, seconds=5):
        self.socket = socket.create_connection((host, port), seconds)
        self.reader = self.socket.makefile("rb")

    def ask(self, *words):
        self.socket.sendall(packed(words))
        reply = self.read()
        if isinstance(reply, Refused):
            raise reply
        return reply

    def ask_all(self, commands):
        """Many at once, in one write."""
        self.socket.sendall(b"".join(map(packed, commands)))
        for _ in commands:
            reply = self.read()
            if isinstance(reply, Refused):
                raise reply

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection ended")
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else self.reader.read(size + 2)[:-2].decode(errors="replace")
        if line[:1] == b"*":
            return None if int(line[1:]) < 0 else [self.read() for _ in range(int(line[1:]))]
        return simple(line)

    def close(self):
        self.reader.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(host, port, *words, seconds=5):
    """One command over a fresh connection."""
    with Link(host, port, seconds) as link:
        return link.ask(*words)


class AsyncLink:
    """The same for asyncio; replies that are errors are returned as Refused."""

    @classmethod
    async def open(cls, host, port):
        link = cls()
        link.reader, link.writer = await asyncio.open_connection(host, port,
                                                                 limit=REPLY_LINE_BYTES_MAX)
        return link

    async def ask(self, *words):
        self.writer.write(packed(words))
        return await self.read()

    async def read(self):
        line = await self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection ended")
        if line[:1] == b"$":
            size = int(line[1:])
            return None if size < 0 else (await self.reader.readexactly(size + 2))[:-2].decode(
                errors="replace")
        if line[:1] == b"*":
            return None if int(line[1:]) < 0 else [await self.read()
                                                   for _ in range(int(line[1:]))]
        return simple(line)

    def close(self):
        self.writer.close()
