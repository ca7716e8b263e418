#!/usr/bin/python3
"""Who may not come in: a node with a wrong token, one that was removed, and one that speaks another
version of the protocol. Each is told why, and the cluster goes on.

    test/cluster/strangers.py TUTTI
"""

import os
import socket
import struct
import subprocess
import sys
import tempfile

import grow
import joined
import nodes

MAGIC = 0x6B4C7454  # of a frame
HELLO, REFUSED = 1, 3  # kinds of frames, see src/core/peer/peer.h
REASON_VERSION = 1
OTHER_VERSIONS = ((1, 1), (250, 251))  # of before there were shards; of a time to come


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(version, kind, payload):
    head = struct.pack("<IBBHI", MAGIC, version, kind, 0, len(payload))
    return head + struct.pack("<I", crc32c(head + payload)) + payload


def frame_read(stream):
    head = stream.read(16)
    if len(head) < 16:
        raise nodes.Trouble("the node closed without a word")
    kind, size = head[5], struct.unpack_from("<I", head, 8)[0]
    return kind, stream.read(size)


def other_version(cluster, least, most):
    """Says HELLO in versions that no node of here speaks; must be refused for that, not for
    anything else."""
    hello = struct.pack("<BBQIIII", least, most, 1, 2, 1, 0, 1) + bytes(16)
    place = (nodes.address(1), cluster.port + joined.PEER_PORTS_OFFSET)
    with socket.create_connection(place, 5) as link:
        link.sendall(frame(least, HELLO, hello))
        kind, payload = frame_read(link.makefile("rb"))
    if kind != REFUSED or payload[0] != REASON_VERSION:
        raise nodes.Trouble(f"versions {least} to {most} got frame {kind}: {payload!r}")


def wrong_token(cluster, token):
    """A token of the right form, and of another secret."""
    other = joined.Member(cluster, 8)
    changed = "".join("1" if letter == "0" else "0" if letter == "1" else letter
                      for letter in token)
    file = other.folder / "token"
    file.write_text(changed)
    command = [str(file) if word == str(cluster.token_file) else word for word in other.command()]
    other.launch(command)
    if other.wait_end() == 0:
        raise nodes.Trouble("a node with a wrong token was let in")
    must_say(other, "token")
    if (other.data / "tutti.data").exists():
        raise nodes.Trouble("a node that was refused has a data folder")


def must_say(member, *words):
    said = member.log.read_text(errors="replace")
    for word in words:
        if word not in said:
            raise nodes.Trouble(f"node {member.number} does not say {word!r}: {member.said()}")


def is_removed(cluster, number):
    """It was dead, and others have made its copies again."""
    for fields in cluster.members[1].ask("CLUSTER", "MEMBERS"):
        if fields[fields.index("node") + 1] == number:
            return fields[fields.index("state") + 1] == "removed"
    return False


def removed(cluster):
    """A dead node is removed; when it comes back, it is told so, and ends."""
    cluster.add(4)
    cluster.wait_settled()
    identity = cluster.members[4].ask("CLUSTER", "MYID")
    cluster.members[4].kill()
    joined.wait_until(lambda: cluster.members[1].ask("CLUSTER", "REMOVE", "4") == "OK",
                      joined.SETTLED_SECONDS_MAX, lambda: f"{identity} cannot be removed")
    joined.wait_until(lambda: is_removed(cluster, 4), joined.SETTLED_SECONDS_MAX,
                      lambda: f"{identity} is not removed")
    cluster.wait_settled()
    cluster.members[4].launch()
    if cluster.members[4].wait_end(joined.SETTLED_SECONDS_MAX) == 0:
        raise nodes.Trouble("a removed node came back")
    must_say(cluster.members[4], "removed")


def run(cluster):
    for number in (1, 2, 3):
        cluster.add(number)
    cluster.wait_settled()
    for versions in OTHER_VERSIONS:
        other_version(cluster, *versions)
    wrong_token(cluster, cluster.token_file.read_text())
    removed(cluster)
    cluster.check_running()
    for member in cluster.running():
        if member.ask("SET", f"still:{member.number}", "here") != "OK":
            raise nodes.Trouble(f"node {member.number} takes no writes")


def main():
    with tempfile.TemporaryDirectory(prefix="tutti-strangers-") as folder:
        cluster = joined.Joined(os.path.abspath(sys.argv[1]), folder)
        try:
            run(cluster)
        except (*grow.TROUBLES, subprocess.SubprocessError) as trouble:
            print(f"{trouble}", file=sys.stderr)
            return 1
        finally:
            cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
