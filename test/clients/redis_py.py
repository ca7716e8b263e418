#!/usr/bin/python3
"""What redis-py's RedisCluster does with a cluster: redis_py.py HOST:PORT... A line a check.

The nodes are those of one cluster; with one node alone, what takes several is left out.
"""

import sys
import threading
import time

import redis
from redis.cluster import ClusterNode, RedisCluster

ADDRESSES = [(host, int(port)) for host, port in
             (word.rsplit(":", 1) for word in sys.argv[1:])]
SEVERAL = len(ADDRESSES) > 1
KEYS, PIPELINE, WAIT_SECONDS_MAX = 500, 2000, 20
SLOTS = 16384
ERRORS = (redis.RedisError, redis.exceptions.RedisClusterException)


def check(name, got, want=True):
    print(f"ok {name}" if got == want else f"not ok {name}: {str(got)[:200]!r}, not {want!r}",
          flush=True)


def fails(name, text, call):
    try:
        check(name, call(), f"an error: {text}")
    except ERRORS as error:
        check(name, text in str(error) or str(error))


def soon(what):
    """True once it is so; False: not in time."""
    end = time.monotonic() + WAIT_SECONDS_MAX
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def cluster_client(**options):
    return RedisCluster(startup_nodes=[ClusterNode(*address) for address in ADDRESSES], **options)


def plain(number=0):
    """One connection to one node, which knows nothing of a cluster."""
    return redis.Redis(*ADDRESSES[number], single_connection_client=True)


def slot_ranges(link):
    """(first, last, (host, port) of the leader, those of the others)."""
    return [(first, last, nodes[0], nodes[1:]) for first, last, *nodes in raw_slots(link)]


def raw_slots(link):
    """CLUSTER SLOTS as it was sent: redis-py makes something else of it."""
    link.connection.send_command("CLUSTER", "SLOTS")
    for first, last, *nodes in link.connection.read_response():
        yield (first, last, *((node[0].decode(), node[1]) for node in nodes))


def raw(link, *words):
    """A reply as it came; an error as an exception of its own."""
    link.connection.send_command(*words)
    return link.connection.read_response()


# --- everyday ------------------------------------------------------------------------------------

def everyday(cluster):
    check("all slots are covered", len(cluster.nodes_manager.slots_cache), SLOTS)
    check("set", all([cluster.set(f"key:{i}", i) for i in range(KEYS)]))
    check("get", [int(cluster.get(f"key:{i}")) for i in range(KEYS)], list(range(KEYS)))
    check("hash", (cluster.hset("h", mapping={"f": 1}), cluster.hgetall("h")), (1, {b"f": b"1"}))
    check("mset and mget over slots", (cluster.mset_nonatomic({"m:1": 1, "m:2": 2}),
                                       cluster.mget_nonatomic("m:1", "m:2", "none")),
          ([True, True], [b"1", b"2", None]))
    check("mget with one tag", (cluster.mset({"{m}1": 1, "{m}2": 2}), cluster.mget("{m}1", "{m}2")),
          (True, [b"1", b"2"]))
    check("delete over slots", cluster.delete("m:1", "m:2", "none"), 2)
    fails("mget over slots is refused", "slot", lambda: cluster.mget("m:1", "m:2"))
    pipe = cluster.pipeline()
    for i in range(PIPELINE):
        pipe.set(f"pipe:{i}", i).get(f"pipe:{i}")
    check("pipeline", [int(reply) for reply in pipe.execute()[1::2]], list(range(PIPELINE)))
    check("keyslot", cluster.keyslot("a"), 15495)
    check("cluster info", cluster.cluster_info()["cluster_state"], "ok")
    check("cluster nodes", len(cluster.cluster_nodes()), len(ADDRESSES))
    check("cluster countkeysinslot", cluster.cluster_countkeysinslot(cluster.keyslot("key:1")) >= 1)
    check("cluster get keys in slot",
          "key:1" in cluster.cluster_get_keys_in_slot(cluster.keyslot("key:1"), 1000))


def transactions(cluster):
    owner = cluster.get_redis_connection(cluster.get_node_from_key("{t}1"))
    pipe = owner.pipeline(transaction=True)
    pipe.set("{t}1", 1).incr("{t}1").rpush("{t}2", "x", "y")
    check("a transaction with one tag", pipe.execute(), [True, 2, 2])
    with owner.pipeline() as pipe:
        pipe.watch("{t}1")
        owner.incr("{t}1")
        pipe.multi()
        pipe.incr("{t}1")
        fails("what was watched has changed", "Watched", pipe.execute)
    check("and nothing was done", cluster.get("{t}1"), b"3")


def channels(cluster):
    listeners = []
    for number in range(len(ADDRESSES)):
        listener = plain(number).pubsub(ignore_subscribe_messages=True)
        listener.subscribe("news")
        listener.get_message(timeout=5)
        listeners.append(listener)
    cluster.publish("news", "hello")
    got = [listener.get_message(timeout=5) for listener in listeners]
    check("every node's subscribers hear it", [message and message["data"] for message in got],
          [b"hello"] * len(ADDRESSES))
    for listener in listeners:
        listener.close()


def everything_from_any_node():
    for number in range(len(ADDRESSES)):
        link = plain(number)
        words = {f"any:{i}": str(i) for i in range(50)}
        check(f"node {number + 1}: mset over slots", link.mset(words))
        check(f"node {number + 1}: mget over slots", link.mget(list(words)),
              [value.encode() for value in words.values()])
        check(f"node {number + 1}: all keys are seen",
              len(link.keys("any:*")), len(words))
        check(f"node {number + 1}: scan sees each once", sorted(link.scan_iter("any:*", 100)),
              sorted(word.encode() for word in words))
        check(f"node {number + 1}: delete over slots", link.delete(*words), len(words))
        link.close()


# --- redirects -----------------------------------------------------------------------------------

def redirects():
    link = plain()
    ranges = list(slot_ranges(link))
    check("ranges rise and cover all slots",
          [first for first, *_ in ranges] + [SLOTS],
          [0] + [last + 1 for _, last, *_ in ranges])
    fails("who knows the map is refused keys of several slots", "hash to the same slot",
          lambda: raw(link, "MGET", "a", "b"))
    elsewhere = next((leader, first) for first, _, leader, _ in ranges if leader != ADDRESSES[0])
    key = key_in(elsewhere[1])
    fails("and told where a key is", "%d %s:%d" % (elsewhere[1], *elsewhere[0]),
          lambda: raw(link, "SET", key, "1"))
    check("but for ASKING", (raw(link, "ASKING"), raw(link, "SET", key, "1")), (b"OK", b"OK"))
    fails("once", "%d " % elsewhere[1], lambda: raw(link, "GET", key))
    check("READONLY", raw(link, "READONLY"), b"OK")
    check("then a replica answers", soon(lambda: raw(link, "GET", key) == b"1"))
    fails("but writes nothing", "%d " % elsewhere[1], lambda: raw(link, "SET", key, "2"))
    check("RESET", raw(link, "RESET"), b"RESET")
    check("ends it", raw(link, "SET", key, "2"), b"OK")
    link.close()


def key_in(slot):
    """A key of that slot."""
    return next(key for key in (f"{{{i}}}" for i in range(1 << 20))
                if redis.crc.key_slot(key.encode()) == slot)


def leader_moves(cluster):
    """Under a client's writes all leadership of a node goes elsewhere: no error, and the map says so."""
    stop, troubles, done = threading.Event(), [], [0]

    def write():
        while not stop.is_set():
            try:
                cluster.incr(f"moved:{done[0] % 100}")
                done[0] += 1
            except ERRORS as error:
                troubles.append(f"{type(error).__name__}: {error}")
                return
    link = plain()
    mine = [first for first, _, leader, _ in slot_ranges(link) if leader == ADDRESSES[0]]
    if not mine:
        print("skip leader moves: the first node leads nothing")
        return
    writer = threading.Thread(target=write)
    writer.start()
    plain().execute_command("REPLICATION", "HANDOVER")
    moved = soon(lambda: any(first == mine[0] and leader != ADDRESSES[0]
                             for first, _, leader, _ in covering(link, mine[0])))
    check("leadership goes elsewhere, and the map with it", moved)
    fails("who knows the old map is redirected", "%d " % mine[0],
          lambda: raw(link, "SET", key_in(mine[0]), "1"))
    before = done[0]
    check("a client that knows the map goes on", soon(lambda: done[0] > before + 200 or troubles))
    stop.set()
    writer.join()
    check("without an error", troubles, [])
    total = sum(int(value or 0) for value in cluster.mget_nonatomic(
        [f"moved:{i}" for i in range(100)]))
    check("and nothing is lost or done twice", total, done[0])


def covering(link, slot):
    """The range of a slot, as one of its own."""
    for first, last, leader, others in slot_ranges(link):
        if first <= slot <= last:
            yield (slot, last, leader, others)


def whole_nodes():
    """Where all connections count as knowing the map, what is asked of each node is asked once."""
    plain().config_set("cluster-redirect", "always")
    cluster = cluster_client()
    plain().config_set("cluster-redirect", "never")
    everyone = plain()
    count = everyone.dbsize()
    plain().config_set("cluster-redirect", "always")
    sizes = cluster.execute_command("DBSIZE", target_nodes=RedisCluster.PRIMARIES)
    sizes = sum(sizes.values()) if isinstance(sizes, dict) else sizes
    check("the sizes of all nodes are that of the cluster", sizes, count)
    check("and a scan of all nodes finds each key once", len(list(cluster.scan_iter(count=500))), count)
    plain().config_set("cluster-redirect", "asked")


def main():
    cluster = cluster_client()
    cluster.flushall(target_nodes=RedisCluster.PRIMARIES)
    everyday(cluster)
    transactions(cluster)
    channels(cluster)
    everything_from_any_node()
    if SEVERAL:
        redirects()
        whole_nodes()
        leader_moves(cluster)
    cluster.close()


main()
