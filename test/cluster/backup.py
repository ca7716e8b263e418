#!/usr/bin/python3
"""A backup of a cluster none of whose nodes has all shards: it is whole, becomes a cluster of one
node, and that grows again.

    test/cluster/backup.py TUTTI
"""

import subprocess
import sys

import joined
import nodes

KEYS = 400
TOOL_SECONDS_MAX = 60


def expect(good, why, said=""):
    if not good:
        raise nodes.Trouble(f"{why}: {said}")


def tool(cluster, *words):
    done = subprocess.run([cluster.program, *words], capture_output=True, text=True, check=False,
                          timeout=TOOL_SECONDS_MAX)
    return done.returncode, done.stdout + done.stderr


def check_keys(member):
    for i in range(KEYS):
        said = member.ask("GET", f"key:{i}")
        expect(said == str(i), f"key:{i} is {said} on node {member.number}")


def back_up(cluster, folder, number):
    return tool(cluster, "backup", str(folder), "--from",
                f"{nodes.address(number)}:{cluster.port}")


def check_backup(cluster, folder):
    fourth = cluster.members[4]
    held = [row for row in joined.rows(fourth.ask("CLUSTER", "MEMBERS")) if row["me"]]
    expect(held[0]["shards"] < 64, "it has all shards itself", held)
    code, said = back_up(cluster, folder, 4)
    expect(code == 0 and f"{KEYS} keys" in said, "the backup was not made", said)
    code, said = back_up(cluster, folder, 4)
    expect(code != 0 and "not empty" in said, "it was written over", said)
    for member in cluster.members.values():
        expect(not (member.data / "backup.partial").exists(),
               f"node {member.number} keeps what it wrote for it")


def check_refuses_a_part(cluster, folder):
    """Of a shard whose nodes are all away there is nothing to be had."""
    for number in (1, 2, 3):
        cluster.members[number].kill()
    code, said = back_up(cluster, folder, 4)
    expect(code != 0 and not folder.exists(), "a backup was made without most of the nodes", said)
    expect(not folder.with_name(folder.name + ".partial").exists(), "a part of it is left", said)


def check_restores(cluster, folder):
    restored = joined.Member(cluster, 7)
    code, said = tool(cluster, "restore", str(folder), "--data", str(restored.data))
    expect(code == 0, "it was not restored", said)
    restored.is_member = True
    cluster.members = {7: restored}
    restored.start()
    joined.wait_until(lambda: restored.ask("SET", "new", 1) == "OK", joined.ANSWER_SECONDS_MAX,
                      lambda: f"no write is taken: {restored.said()}")
    check_keys(restored)
    code, said = tool(cluster, "token", "--data", str(restored.data))
    cluster.token_file.write_text(said)
    first = f"{nodes.address(1)}:"
    for number in (8, 9):
        cluster.members[number] = newcomer = joined.Member(cluster, number)
        newcomer.launch([word.replace(first, f"{nodes.address(7)}:")
                         for word in newcomer.command()])
    cluster.wait_settled()
    check_keys(cluster.members[9])


def trial(cluster):
    old = cluster.members
    try:
        for number in (1, 2, 3, 4):
            cluster.add(number)
        cluster.wait_settled()
        for i in range(KEYS):
            cluster.members[1 + i % 4].ask("SET", f"key:{i}", i)
        check_backup(cluster, cluster.folder / "whole")
        check_refuses_a_part(cluster, cluster.folder / "part")
        cluster.members[4].kill()
        check_restores(cluster, cluster.folder / "whole")
    finally:
        for member in old.values():
            member.kill()


if __name__ == "__main__":
    sys.exit(joined.status_of("backup", trial, sys.argv[1]))
