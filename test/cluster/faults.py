"""The faults: each is done to a node (or to all), lasts for a while, and is undone.

A fault is a generator: it runs to its `yield`, which says what was done; after a while it goes on,
and undoes it. There is never more than a quorum can repair: one fault at a time, and none before
the three are together again where a disk was lost or damaged.
"""

import shutil
import signal
import time

FLUSH_DELAY_US = 200_000
CLOCK_JUMPS_SECONDS = (-3600, -20, 20, 3600)


def others(cluster, number):
    return [other for other in cluster.nodes if other != number]


def kill(cluster, number, _):
    cluster.nodes[number].kill()
    yield f"kill -9 of node {number}"
    cluster.nodes[number].start()


def kill_all(cluster, *_):
    for node in cluster.nodes.values():
        node.kill()
    yield "kill -9 of all"
    cluster.start()


def end(cluster, number, _):
    cluster.nodes[number].end()
    yield f"SIGTERM to node {number}"
    cluster.nodes[number].start()


def stop(cluster, number, _):
    cluster.nodes[number].signal(signal.SIGSTOP)
    yield f"SIGSTOP of node {number}"
    cluster.nodes[number].signal(signal.SIGCONT)


def cut_off(cluster, number, _):
    cluster.cut(*((number, other) for other in others(cluster, number)),
                *((other, number) for other in others(cluster, number)))
    yield f"node {number} is cut off"
    cluster.heal()


def cut_from(cluster, number, _):
    cluster.cut(*((number, other) for other in others(cluster, number)))
    yield f"nothing comes from node {number}"
    cluster.heal()


def cut_to(cluster, number, _):
    cluster.cut(*((other, number) for other in others(cluster, number)))
    yield f"nothing comes to node {number}"
    cluster.heal()


def cut_pair(cluster, number, chance):
    other = chance.choice(others(cluster, number))
    cluster.cut((number, other), (other, number))
    yield f"nodes {number} and {other} do not see each other, the third sees both"
    cluster.heal()


def flap(cluster, number, chance):
    for _ in range(4):
        cluster.cut((number, chance.choice(others(cluster, number))))
        time.sleep(0.2)
        cluster.heal()
        time.sleep(0.1)
    yield f"links of node {number} flapped"


def lose(cluster, number, _):
    for other in others(cluster, number):
        cluster.lose(number, other)
        cluster.lose(other, number)
    yield f"a third of what goes to or from node {number} is lost"
    cluster.heal()


def disk_full(cluster, number, _):
    cluster.nodes[number].fill_disk()
    yield f"the disk of node {number} is full"
    cluster.nodes[number].empty_disk()


def slow_flush(cluster, number, chance):
    slow = [n for n, node in cluster.nodes.items() if node.disk_io == "threads"]
    number = number if number in slow else chance.choice(slow)
    cluster.nodes[number].slow_flushes(FLUSH_DELAY_US)
    yield f"each flush of node {number} takes {FLUSH_DELAY_US / 1000:.0f} ms more"
    cluster.nodes[number].untrace()


def clock_jump(cluster, number, chance):
    seconds = chance.choice(CLOCK_JUMPS_SECONDS)
    cluster.nodes[number].jump_clock(seconds)
    yield f"the clock of node {number} jumps by {seconds} s"
    cluster.nodes[number].jump_clock(0)


def disk_lost(cluster, number, _):
    cluster.nodes[number].kill()
    cluster.nodes[number].lose_disk()
    yield f"node {number} is killed, and its data folder is gone"
    cluster.nodes[number].start()
    cluster.wait_whole()


def bit_flip(cluster, number, chance):
    cluster.nodes[number].kill()
    where = cluster.nodes[number].flip_bit(chance)
    yield f"node {number} is killed, and a bit of its log flips: {where}"
    cluster.nodes[number].start()
    cluster.wait_whole()


ALWAYS = [kill, kill_all, end, stop, disk_lost, bit_flip]
WITH_FIREWALL = [cut_off, cut_from, cut_to, cut_pair, flap, lose]
WITH_MOUNTS = [disk_full]


def possible(cluster):
    """([faults], [why others are left out])"""
    faults, left_out = list(ALWAYS), []
    for name, extra, there in (
            ("partitions: need root, unshare and nft", WITH_FIREWALL, cluster.has_firewall),
            ("full disks: need root and mounts", WITH_MOUNTS, cluster.has_mounts),
            ("slow flushes: need strace", [slow_flush], shutil.which("strace")),
            ("clock jumps: no library to preload, as with a sanitizer", [clock_jump],
             cluster.clock_library)):
        if there:
            faults += extra
        else:
            left_out.append(name)
    return faults, left_out


def plan(faults, seed_chance, seconds):
    """[(fault, wants the leader, lasts, rests)]: each kind once, in some order, again and again."""
    planned, total = [], 0.0
    while total < seconds:
        for fault in seed_chance.sample(faults, len(faults)):
            lasts, rests = seed_chance.uniform(0.5, 3.0), seed_chance.uniform(0.2, 1.2)
            planned.append((fault, seed_chance.random() < 0.6, lasts, rests))
            total += lasts + rests
    return planned
