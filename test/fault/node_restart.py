#!/usr/bin/env python3
"""A random mix of all write commands; what is there after a restart is what was there before.

    test/fault/node_restart.py PROGRAM ROUNDS SEED LANES

Restarts by SIGTERM and by SIGKILL, with and without a snapshot since the last, and in the end out
of a backup.
"""

import pathlib
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from mix import Mix, difference, picture  # noqa: E402
from resp import Error, Link, tutti  # noqa: E402

COMMANDS_A_ROUND = 3000
PIPELINE = 50


def change(link, mix, chance):
    for _ in range(COMMANDS_A_ROUND // PIPELINE):
        batch = [mix.command() for _ in range(PIPELINE)]
        for words in batch:
            link.send(words)
        for words in batch:
            reply = link.read()
            if reply[0] == "closed":
                raise Error(f"{words}: the connection was closed")
        if chance.random() < 0.05:
            link.ask([b"SELECT", str(chance.randrange(3))])
        if chance.random() < 0.03:
            link.ask([b"BGSAVE"])
        if chance.random() < 0.01:
            link.ask([b"FLUSHDB"])
        if chance.random() < 0.02:
            link.ask([b"SWAPDB", b"0", b"1"])


def state(link, lanes):
    digest = link.call("DEBUG", "DIGEST") if lanes == 1 else b""
    return digest, picture(link)


def same(what, before, after):
    told = difference(before[1], after[1])
    if told:
        raise Error(f"after {what}, {told}")
    if before[0] != after[0]:
        raise Error(f"after {what}, DEBUG DIGEST was {before[0]} and is {after[0]}")


def restart(server, chance, lanes, mix):
    link = Link(server.port, 2)
    change(link, mix, chance)
    before = state(link, lanes)
    how = chance.choice(("SIGTERM", "SIGKILL", "SHUTDOWN"))
    if how == "SIGTERM":
        code = server.stop()
    elif how == "SHUTDOWN":
        link.send([b"SHUTDOWN"])
        code = server.process.wait(30)
    else:
        server.kill()
        code = 0
    if code != 0:
        raise Error(f"{how}: it ended with {code}")
    server.start()
    same(how, before, state(Link(server.port, 2), lanes))


def backup(program, server, folder, lanes, more):
    before = state(Link(server.port, 2), lanes)
    server.stop()
    copy = pathlib.Path(folder) / "other"
    copy.mkdir()
    subprocess.run([program, "backup", "--data", f"{folder}/data", f"{folder}/backup"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([program, "restore", f"{folder}/backup", "--data", f"{copy}/data"], check=True,
                   stdout=subprocess.DEVNULL)
    restored = tutti(program, copy, *more)
    try:
        same("a restore", before, state(Link(restored.port, 2), lanes))
    finally:
        restored.stop()


def main():
    program, rounds, seed, lanes = sys.argv[1], *(int(word) for word in sys.argv[2:])
    chance, mix, number = random.Random(seed), Mix(seed, exact=False), 0
    with tempfile.TemporaryDirectory(prefix="tutti-restart-") as folder:
        more = ("--lanes", str(lanes), "--enable-debug-command", "yes", "--log-segment-size", "1mb")
        server = tutti(program, folder, *more)
        try:
            for number in range(rounds):
                restart(server, chance, lanes, mix)
            backup(program, server, folder, lanes, more)
        except (Error, OSError, subprocess.SubprocessError) as error:
            print(f"seed {seed}, round {number + 1}: {server.said()}; {error}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    print(f"{rounds} restarts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
