#!/usr/bin/python3
"""A majority is lost for good: one of three nodes becomes a cluster again, which grows again. And
a backup of one of them becomes one, too.

    test/cluster/recover.py TUTTI
"""

import subprocess
import sys

import joined
import nodes

KEYS = 200
RECOVER_SECONDS_MAX = 60


def recover(cluster, number, *words, typed=""):
    done = subprocess.run([cluster.program, "recover", "--data",
                           str(cluster.members[number].data), *words], input=typed,
                          capture_output=True, text=True, check=False,
                          timeout=RECOVER_SECONDS_MAX)
    return done.returncode, done.stdout + done.stderr


def expect(good, why, said=""):
    if not good:
        raise nodes.Trouble(f"{why}: {said}")


def check_keys(member):
    for i in range(KEYS):
        said = member.ask("GET", f"key:{i}")
        expect(said == str(i), f"key:{i} is {said} on node {member.number}")


def check_restores(cluster):
    """A backup of one of three becomes a cluster of one that serves."""
    backup = cluster.folder / "backup"
    for words in (["backup", str(backup), "--from", f"{nodes.address(3)}:{cluster.port}"],
                  ["restore", str(backup), "--data", str(cluster.folder / "7" / "data")]):
        (cluster.folder / "7").mkdir(exist_ok=True)
        done = subprocess.run([cluster.program, *words], capture_output=True, text=True,
                              check=False, timeout=RECOVER_SECONDS_MAX)
        expect(done.returncode == 0, "the backup was not made, or restored", done.stderr)
    (cluster.folder / "7").rename(cluster.folder / "restored")
    restored = joined.Member(cluster, 7)
    restored.data, restored.is_member = cluster.folder / "restored" / "data", True
    restored.start()
    try:
        joined.wait_until(lambda: restored.ask("SET", "new", "1") == "OK",
                          joined.ANSWER_SECONDS_MAX,
                          lambda: f"no write is taken: {restored.said()}")
        check_keys(restored)
        expect(restored.ask("DBSIZE") == KEYS + 1, "the restored keys are not as many")
    finally:
        restored.kill()


def lose_majority(cluster):
    for number in (1, 2, 3):
        cluster.add(number)
    cluster.wait_settled()
    for i in range(KEYS):
        cluster.members[1].ask("SET", f"key:{i}", i)
    expect(cluster.members[1].ask("WAIT", 2, 10000) == 2, "not all nodes have the writes")
    check_restores(cluster)
    code, said = recover(cluster, 3, "--force", "--yes")
    expect(code != 0 and "in use" in said, "a node that runs was recovered", said)
    cluster.members[3].kill()
    code, said = recover(cluster, 3, "--force", "--yes")
    expect(code != 0 and "majority is not lost" in said, "it recovered beside a majority", said)
    cluster.members[1].kill()
    code, said = recover(cluster, 3, "--force", "--yes")
    expect(code != 0 and "with this one the majority is not lost" in said,
           "it recovered where starting would do", said)
    cluster.members[2].kill()


def check_asks_first(cluster):
    code, said = recover(cluster, 3)
    expect(code == 0 and "Nothing was changed" in said, "it does not only tell", said)
    for part in ("64 of 64 shards", "does not answer", "Lost is what only the other nodes have",
                 ".before-recover", "Recover ONE node only"):
        expect(part in said, f"it does not say '{part}'", said)
    code, said = recover(cluster, 3, "--force", typed="another\n")
    expect(code != 0 and "nothing was changed" in said, "it did not want the name", said)


def recovered(cluster):
    """It has all, and has grown again."""
    third = cluster.members[3]
    code, said = recover(cluster, 3, "--force", typed="tutti\n")
    expect(code == 0 and f"{KEYS} keys" in said, "it was not recovered", said)
    third.is_member = True
    third.launch()
    joined.wait_until(lambda: third.answers() and third.ask("SET", "new", "1") == "OK",
                      joined.ANSWER_SECONDS_MAX, lambda: f"no write is taken: {third.said()}")
    check_keys(third)


def check_old_ones_stay_out(cluster):
    """Two old nodes are a majority of the old cluster; no key goes from one to the other."""
    third, second = cluster.members[3], cluster.members[2]
    cluster.members[1].start()
    second.start()
    joined.wait_until(lambda: second.ask("SET", "old", "1") == "OK", joined.ANSWER_SECONDS_MAX,
                      lambda: f"the old majority takes no write: {second.said()}")
    expect(second.ask("GET", "new") is None, "an old node has heard of the new cluster")
    expect(third.ask("GET", "old") is None, "the new cluster has heard of an old node")
    check_keys(third)
    cluster.members[1].kill()
    second.kill()


def check_grows(cluster):
    third = cluster.members[3]
    token = subprocess.run([cluster.program, "token", "--data", str(third.data)],
                           capture_output=True, text=True, check=True, timeout=30).stdout
    cluster.token_file.write_text(token)
    first = f"{nodes.address(1)}:"
    for number in (4, 5):
        cluster.members[number] = newcomer = joined.Member(cluster, number)
        newcomer.launch([word.replace(first, f"{nodes.address(3)}:")
                         for word in newcomer.command()])
    cluster.wait_settled()
    expect(len(cluster.running()) == 3, "they are not three again", cluster.running())
    for number in (4, 5):
        check_keys(cluster.members[number])
    third.kill()  # what it had is on the others
    joined.wait_until(lambda: check_keys(cluster.members[5]) is None, joined.ANSWER_SECONDS_MAX,
                      lambda: "the new nodes do not have all")


def trial(cluster):
    lose_majority(cluster)
    check_asks_first(cluster)
    recovered(cluster)
    check_old_ones_stay_out(cluster)
    check_grows(cluster)


if __name__ == "__main__":
    sys.exit(joined.status_of("recover", trial, sys.argv[1]))
