#!/usr/bin/python3
"""views.py TUTTI: what an operator sees of three real nodes, from any of them: moves as they go on,
what is busy and large, who does not answer, what tools for Redis Cluster read, and exit statuses.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile

import joined
import nodes

KEYS = 20000
VALUE_BYTES = 1000
LARGE_BYTES = 200000
SEND_RATE = "4mb"  # of snapshots: slow enough to be seen
ROWS_ALL = 100000
SEEN_SECONDS_MAX = 60
PHASES = {"waiting", "writing", "sending", "catching up", "voting in"}
DEGRADED, UNAVAILABLE = 4, 5


def demand(true, said):
    if not true:
        raise nodes.Trouble(said)


def tutti(cluster, number, *words):
    """A subcommand, asked of that node: its exit status and what it writes."""
    command = [cluster.program, *words, "--host", nodes.address(number), "--port",
               str(cluster.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.returncode, done.stdout


def facts(cluster, number, *words):
    code, text = tutti(cluster, number, *words, "--json")
    return code, json.loads(text)


def redis_cli(cluster, number, *words):
    command = ["redis-cli", "-h", nodes.address(number), "-p", str(cluster.port), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60,
                          stdin=subprocess.DEVNULL)


def fill(cluster):
    value = "v" * VALUE_BYTES
    for begin in range(0, KEYS, 500):
        pairs = [word for key in range(begin, begin + 500) for word in (f"key:{key}", value)]
        cluster.members[1].ask("MSET", *pairs)


def moves(cluster, number):
    return joined.rows(cluster.members[number].ask("CLUSTER", "MOVES"))


def watch_moves(cluster):
    """Node 2 joins; both nodes tell alike how far the copies are that node 1 sends it."""
    cluster.add(2)
    seen = {"half": False, "pace": False, "shown": False}

    def follow():
        for row in moves(cluster, 2):
            demand("unanswered" not in row, f"nobody is away: {row}")
            demand(row["to"] == 2 and row["from"] is None, f"a copy for node 2: {row}")
            demand(row["phase"] in PHASES and row["why"], f"no reason, or no phase: {row}")
            demand(0 <= row["percent"] <= 100 and row["sent-bytes"] <= row["bytes"], f"{row}")
            seen["half"] |= 0 < row["sent-bytes"] < row["bytes"]
            seen["pace"] |= row["bytes-per-second"] > 0 and row["left-ms"] is not None
        code, told = facts(cluster, 1, "status")
        shown = [row for row in told["moves"] if row["phase"] == "sending"]
        seen["shown"] |= bool(shown) and code == DEGRADED
        return all(seen.values())
    joined.wait_until(follow, SEEN_SECONDS_MAX, lambda: f"moves are not told of: {seen}")
    cluster.add(3)
    cluster.wait_settled()
    demand(moves(cluster, 3) == [], "all is settled, and something moves")
    code, told = facts(cluster, 3, "status")
    demand(code == 0 and told["state"] == "ok" and told["nodes-alive"] == 3, f"{code}: {told}")


def look_at_shards(cluster):
    """All nodes tell the same of all shards: each is led once, and all keys are in one."""
    keys = cluster.members[1].ask("DBSIZE")
    for number in (1, 2, 3):
        _, told = facts(cluster, number, "top", "--shards", "--count", str(ROWS_ALL))
        led = [row for row in told["shards"] if row["leads"]]
        demand(len(led) == len({row["shard"] for row in led}) == 64, f"not each once: {len(led)}")
        demand(sum(row["keys"] for row in led) == keys, f"other than {keys} keys")
        demand(sum(row["bytes"] for row in led) > KEYS * VALUE_BYTES, f"fewer bytes than values: {told}")
        demand({row["node"] for row in led} == {1, 2, 3}, "not of all nodes")
        demand(told["unanswered"] == [], f"{told['unanswered']}")
    _, told = facts(cluster, 1, "top", "--shards", "--node", "3", "--count", "4")
    demand([row["node"] for row in told["shards"]] == [3] * 4, f"not four of node 3: {told}")
    code, _ = tutti(cluster, 1, "top", "--node", "9")
    demand(code == 1, "a node that there is not")


def look_at_keys(cluster):
    """A busy key and a large one are seen from any node."""
    cluster.members[2].ask("SET", "large", "x" * LARGE_BYTES)

    def seen(number, kind, key):
        cluster.members[1].ask("MGET", *["busy"] * 400)
        _, told = facts(cluster, number, "top", f"--{kind}", "--count", "1")
        return [row["key"] for row in told[kind]] == [key]
    for number in (1, 2, 3):
        joined.wait_until(lambda: seen(number, "keys", "busy"), SEEN_SECONDS_MAX,
                          lambda: f"node {number} does not tell of the busy key")
        joined.wait_until(lambda: seen(number, "large", "large"), SEEN_SECONDS_MAX,
                          lambda: f"node {number} does not tell of the large key")
    demand(cluster.members[3].ask("HOTKEYS", "RESET") == "OK", "reset")


def info(member, *words):
    text = member.ask(*words)
    return dict(line.split(":", 1) for line in text.split("\r\n") if ":" in line)


def look_with_tools(cluster):
    """redis-cli's own looks at a cluster, which change nothing; and the fields that monitors read."""
    cluster.members[1].ask("CLUSTER", "REBALANCE", "PAUSE")  # leaders go to others by load
    epoch = facts(cluster, 1, "status")[1]["epoch"]
    done = redis_cli(cluster, 1, "--cluster", "check", f"{nodes.address(1)}:{cluster.port}")
    demand(done.returncode == 0 and "All 16384 slots covered" in done.stdout, done.stdout)
    done = redis_cli(cluster, 2, "--cluster", "info", f"{nodes.address(2)}:{cluster.port}")
    demand(f"{KEYS + 1} keys in 3 masters" in done.stdout, done.stdout)
    for word in ("--bigkeys", "--memkeys"):
        done = redis_cli(cluster, 3, word)
        demand(f"Sampled {KEYS + 1} keys" in done.stdout, f"{word}: {done.stdout[-300:]}")
        demand("Biggest string found '\"large\"'" in done.stdout, f"{word}: {done.stdout[-300:]}")
    demand(facts(cluster, 1, "status")[1]["epoch"] == epoch, "looking has changed something")
    told = info(cluster.members[2], "CLUSTER", "INFO")
    want = {"cluster_state": "ok", "cluster_slots_assigned": "16384", "cluster_slots_ok": "16384",
            "cluster_slots_pfail": "0", "cluster_slots_fail": "0", "cluster_known_nodes": "3",
            "cluster_size": "3", "cluster_current_epoch": str(epoch)}
    demand(want.items() <= told.items(), f"{told}")
    demand(int(told["cluster_stats_messages_sent"]) > 0, f"{told}")
    told = info(cluster.members[1], "INFO")
    demand(told["cluster_enabled"] == "1" and told["redis_mode"] == "cluster", f"{told}")
    demand(told["role"] == "master" and told["connected_slaves"] == "2", f"{told}")
    demand(told["slave0"].startswith(f"ip={nodes.address(2)},port={cluster.port},state=online"),
           f"{told.get('slave0')}")
    cluster.members[1].ask("CLUSTER", "REBALANCE", "GO")


def names_missing(cluster, number):
    _, told = facts(cluster, 1, "top")
    return [row["node"] for row in told["unanswered"]] == [number] and told["shards"] != []


def lose_nodes(cluster):
    """Who is halted, or dead, is named; and exit statuses say how bad it is."""
    process = cluster.members[3].process
    process.send_signal(signal.SIGSTOP)
    joined.wait_until(lambda: names_missing(cluster, 3), SEEN_SECONDS_MAX,
                      lambda: "a node that is halted is not named")
    process.send_signal(signal.SIGCONT)
    cluster.wait_settled()
    cluster.members[3].kill()
    joined.wait_until(lambda: names_missing(cluster, 3), SEEN_SECONDS_MAX,
                      lambda: "a node that is dead is not named")
    joined.wait_until(lambda: facts(cluster, 2, "status")[1]["nodes-dead"] == 1, SEEN_SECONDS_MAX,
                      lambda: "nobody notices that node 3 is dead")
    joined.wait_until(lambda: facts(cluster, 2, "status")[0] == DEGRADED, SEEN_SECONDS_MAX,
                      lambda: "it is not degraded")
    code, text = tutti(cluster, 2, "status")
    demand(code == DEGRADED and "tutti remove 3" in text, f"{code}: {text}")
    cluster.members[2].kill()
    joined.wait_until(lambda: facts(cluster, 1, "status")[0] == UNAVAILABLE, SEEN_SECONDS_MAX,
                      lambda: "a lost majority is not told of")
    told = info(cluster.members[1], "CLUSTER", "INFO")
    demand(told["cluster_state"] == "fail" and told["cluster_slots_fail"] == "16384", f"{told}")
    cluster.members[1].kill()
    demand(tutti(cluster, 1, "status")[0] == 1, "nobody answers")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as closing:
        cluster = joined.Joined(program, folder, "--snapshot-send-rate", SEND_RATE)
        closing.callback(cluster.stop)
        cluster.add(1)
        fill(cluster)
        watch_moves(cluster)
        look_at_shards(cluster)
        look_at_keys(cluster)
        look_with_tools(cluster)
        lose_nodes(cluster)


if __name__ == "__main__":
    try:
        main()
    except (nodes.Trouble, joined.Died) as trouble:
        sys.exit(f"views.py: {trouble}")
