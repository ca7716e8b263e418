#!/usr/bin/python3
"""What CONFIG SET and ACL change while a node is away, it has when it is back; a newcomer, too.

    test/cluster/catch_up.py TUTTI LANES
"""

import signal
import sys

import joined
import nodes

CAUGHT_UP_SECONDS_MAX = 30
SETTING = "slowlog-max-len"


def setting(member):
    return member.ask("CONFIG", "GET", SETTING)[1]


def users(member):
    """Without the order in which they were made."""
    return sorted(member.ask("ACL", "LIST"))


def wait_for(member, value, listed):
    joined.wait_until(lambda: setting(member) == value and users(member) == listed,
                      CAUGHT_UP_SECONDS_MAX,
                      lambda: f"node {member.number} has {setting(member)}, {users(member)}, not "
                              f"{value}, {listed}")


def check_was_down(cluster):
    first, third = cluster.members[1], cluster.members[3]
    first.ask("ACL", "SETUSER", "gone", "on", "nopass", "~*", "+@all")
    joined.wait_until(lambda: users(third) == users(first), CAUGHT_UP_SECONDS_MAX,
                      lambda: f"node 3 is not told: {users(third)}")
    third.end()
    first.ask("CONFIG", "SET", SETTING, 77)
    first.ask("ACL", "SETUSER", "alice", "on", ">secret", "~a:*", "+get", "(~b:* +set)")
    first.ask("ACL", "DELUSER", "gone")
    third.start()
    wait_for(third, "77", users(first))
    if third.ask("AUTH", "alice", "secret") != "OK":
        raise nodes.Trouble("the password did not come along")


def check_was_cut_off(cluster):
    """It has something of its own to tell, which is older."""
    first, second, third = (cluster.members[number] for number in (1, 2, 3))
    second.ask("CONFIG", "SET", SETTING, 78)
    wait_for(third, "78", users(first))
    second.process.send_signal(signal.SIGSTOP)
    try:
        joined.wait_until(lambda: first.ask("CLUSTER", "MEMBERS") and any(
            row["node"] == 2 and row["state"] == "dead"
            for row in joined.rows(first.ask("CLUSTER", "MEMBERS"))), CAUGHT_UP_SECONDS_MAX,
                          lambda: "node 2 is not taken for dead")
        third.ask("CONFIG", "SET", SETTING, 79)
        third.ask("ACL", "SETUSER", "alice", "off")
        wait_for(first, "79", users(third))
    finally:
        second.process.send_signal(signal.SIGCONT)
    wait_for(second, "79", users(third))
    wait_for(first, "79", users(second))


def check_starts_again(cluster):
    """One after the other: somebody always knows."""
    for number in (1, 2, 3):
        member = cluster.members[number]
        listed = users(cluster.members[number % 3 + 1])
        member.end()
        member.start()
        wait_for(member, "79", listed)


def trial(cluster):
    for number in (1, 2, 3):
        cluster.add(number)
    cluster.wait_settled()
    check_was_down(cluster)
    check_was_cut_off(cluster)
    check_starts_again(cluster)
    cluster.add(4)
    wait_for(cluster.members[4], "79", users(cluster.members[1]))


if __name__ == "__main__":
    sys.exit(joined.status_of("catch_up", trial, sys.argv[1], "--lanes", sys.argv[2]))
