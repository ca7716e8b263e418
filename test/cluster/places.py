#!/usr/bin/python3
"""Nodes that are somewhere else than they should be: ports and addresses that are taken, nodes that
come back at another address, and nodes that were removed while nobody could tell them.

    test/cluster/places.py TUTTI
"""

import signal
import socket
import subprocess
import sys

import joined
import nodes

REFUSED_SECONDS_MAX = 30
FORGOTTEN_MS = 7000  # after that a removed node is linked to by nobody


def expect(good, why, said=""):
    if not good:
        raise nodes.Trouble(f"{why}: {said}")


def members(cluster, asked=1):
    return {row["node"]: row for row in joined.rows(cluster.members[asked].ask("CLUSTER",
                                                                               "MEMBERS"))}


def end_refused(member, *texts, may_be_told=False, seconds=REFUSED_SECONDS_MAX):
    """`may_be_told`: its links may still be up, and then it ends as one that has left does."""
    try:
        code = member.process.wait(seconds)
    except subprocess.TimeoutExpired as late:
        raise nodes.Trouble(f"node {member.number} does not end: {member.said()}") from late
    member.process = None
    said = member.said()
    expect(code != 0 or may_be_told, f"node {member.number} ended as if all were well", said)
    for text in texts:
        expect(text in said, f"node {member.number} did not say '{text}'", said)


def check_taken_ports(cluster):
    """No number is given to who cannot listen."""
    before = members(cluster)
    for port in (cluster.port, cluster.port + joined.PEER_PORTS_OFFSET):
        member = joined.Member(cluster, f"taken-{port}")
        with socket.socket() as taken:
            taken.bind((nodes.address(4), port))
            taken.listen()
            member.launch([nodes.address(4) if word == nodes.address(member.number) else word
                           for word in member.command()])
            end_refused(member, f"port {port}", "is busy")
    expect(members(cluster).keys() == before.keys(), "a number was given for nothing",
           members(cluster))


def check_taken_address(cluster):
    """Nor to who says that it is where another is."""
    member = joined.Member(cluster, "twin")
    words = [nodes.address(4) if word == nodes.address("twin") else word
             for word in member.command()]
    member.launch([*words, "--peer-address", nodes.address(2)])
    end_refused(member, "node 2, which is ", "has the address", "--peer-address")


def move(cluster, number, to):
    """Starts it at another address."""
    member = cluster.members[number]
    member.launch([nodes.address(to) if word == nodes.address(number) else word
                   for word in member.command()])


def check_moves(cluster):
    """The highest number, to which others connect; then its old address is another's."""
    cluster.members[3].end()
    move(cluster, 3, 9)
    joined.wait_until(lambda: members(cluster)[3]["peers-at"].startswith(nodes.address(9)),
                      REFUSED_SECONDS_MAX, lambda: f"nobody knows where node 3 is: "
                                                   f"{cluster.members[3].said()}")
    joined.wait_until(lambda: joined.ask(nodes.address(9), cluster.port, "SET", "moved", 1) == "OK",
                      REFUSED_SECONDS_MAX, lambda: "node 3 does not serve where it is now")
    cluster.members[4] = newcomer = joined.Member(cluster, 4)
    newcomer.launch([nodes.address(3) if word == nodes.address(4) else word
                     for word in newcomer.command()])

    def told_apart():
        rows = members(cluster)
        return (4 in rows and rows[4]["state"] == rows[3]["state"] == "alive" and
                rows[4]["peers-at"].startswith(nodes.address(3)))
    joined.wait_until(told_apart, REFUSED_SECONDS_MAX,
                      lambda: f"node 4 is taken for node 3: {members(cluster)}")
    newcomer.is_member = True


def remove(cluster, number):
    cluster.members[1].ask("CLUSTER", "REMOVE", number, "FORCE", seconds=REFUSED_SECONDS_MAX)
    joined.wait_until(lambda: members(cluster).get(number, {}).get("state") in
                      (None, "removed"), REFUSED_SECONDS_MAX,
                      lambda: f"node {number} is not removed: {members(cluster)}")


def forget(cluster, number):
    joined.wait_until(lambda: members(cluster).get(number, {}).get("state-ms", FORGOTTEN_MS) >=
                      FORGOTTEN_MS, REFUSED_SECONDS_MAX,
                      lambda: f"node {number} is not forgotten: {members(cluster)}")


def check_removed_while_cut_off(cluster):
    """It had links; nobody could tell it, and nobody connects to it any more."""
    member = cluster.members[4]
    member.process.send_signal(signal.SIGSTOP)
    try:
        remove(cluster, 4)
        forget(cluster, 4)
    finally:
        member.process.send_signal(signal.SIGCONT)
    end_refused(member, "removed from the cluster", "empty folder", may_be_told=True)


def check_removed_while_down(cluster):
    member = cluster.members[3]
    member.kill()
    remove(cluster, 3)
    move(cluster, 3, 9)
    end_refused(member, "was removed from the cluster", "empty folder")


def check_removed_and_alone(cluster):
    """When it comes back there is nobody to ask; later there is."""
    forget(cluster, 3)
    for number in (1, 2):
        cluster.members[number].end()
    member = cluster.members[3]
    move(cluster, 3, 9)
    joined.wait_until(lambda: "ready on" in member.said(), REFUSED_SECONDS_MAX, member.said)
    for number in (1, 2):
        cluster.members[number].start()
    end_refused(member, "was removed from the cluster", "empty folder")


def trial(cluster):
    for number in (1, 2):
        cluster.add(number)
    check_taken_ports(cluster)
    check_taken_address(cluster)
    cluster.add(3)
    cluster.wait_settled()
    check_moves(cluster)
    check_removed_while_cut_off(cluster)
    check_removed_while_down(cluster)
    check_removed_and_alone(cluster)


if __name__ == "__main__":
    sys.exit(joined.status_of("places", trial, sys.argv[1]))
