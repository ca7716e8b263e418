"""What redis-py does with a server: client.py PORT. A line a check."""

import sys
import threading
import time

import redis

PORT = int(sys.argv[1])
LARGE = 8 << 20


def check(name, got, want=True):
    print(f"ok {name}" if got == want else f"not ok {name}: {str(got)[:200]!r}, not {want!r}")


def fails(name, kind, text, call):
    try:
        check(name, call(), f"an error: {text}")
    except kind as error:
        check(name, text in str(error) or str(error))


def everyday(client):
    check("ping", client.ping())
    check("set", client.set("a", "1", ex=100))
    check("get", client.get("a"), b"1")
    check("ttl", 0 < client.ttl("a") <= 100)
    check("set nx", client.set("a", "2", nx=True), None)
    check("hset", client.hset("h", mapping={"f": 1, "g": 2}), 2)
    check("hgetall", client.hgetall("h"), {b"f": b"1", b"g": b"2"})
    check("zadd", client.zadd("z", {"x": 1.5, "y": 2}), 2)
    check("zrange", client.zrange("z", 0, -1, withscores=True), [(b"x", 1.5), (b"y", 2.0)])
    check("sadd", client.sadd("s", "a", "b"), 2)
    check("smembers", client.smembers("s"), {b"a", b"b"})
    check("mset", client.mset({"m1": "x", "m2": "y"}))
    check("mget", client.mget("m1", "none", "m2"), [b"x", None, b"y"])
    check("info", client.info()["redis_version"].startswith("7."))
    check("config get", client.config_get("maxmemory-samples"), {"maxmemory-samples": "5"})
    check("client list", len(client.client_list()) >= 1)
    check("command", client.command()["get"]["arity"], 2)
    check("slowlog", isinstance(client.slowlog_get(), list))
    binary = bytes(range(256)) * 3
    client.set(binary, binary)
    check("binary", client.get(binary), binary)
    large = b"\r\n$-1x" * (LARGE // 6)
    client.set("large", large)
    check("large", client.get("large") == large)
    client.delete("large", binary)


def add_ten(pipe):
    value = int(pipe.get("t"))
    pipe.multi()
    pipe.set("t", value + 10)


def together(client):
    pipe = client.pipeline(transaction=False)
    for i in range(5000):
        pipe.set(f"p{i}", i).get(f"p{i}")
    replies = pipe.execute()
    check("pipeline", replies[1::2] == [str(i).encode() for i in range(5000)])
    pipe = client.pipeline()
    pipe.set("t", 1).incr("t").lpush("t", "x").get("t")
    replies = pipe.execute(raise_on_error=False)
    check("transaction", [replies[0], replies[1], replies[3]], [True, 2, b"2"])
    check("an error in it", isinstance(replies[2], redis.ResponseError))
    with client.pipeline() as pipe:
        pipe.watch("t")
        client.set("t", 5)
        pipe.multi()
        pipe.set("t", 6)
        fails("watch", redis.WatchError, "Watched variable changed", pipe.execute)
    check("transaction()", client.transaction(add_ten, "t"), [True])
    check("what it did", client.get("t"), b"15")
    check("scan_iter", len(set(client.scan_iter(match="p*", count=100))), 5000)
    client.hset("big", mapping={f"f{i}": i for i in range(2000)})
    client.sadd("bigs", *range(2000))
    client.zadd("bigz", {str(i): i for i in range(2000)})
    check("hscan_iter", len(dict(client.hscan_iter("big"))), 2000)
    check("sscan_iter", len(set(client.sscan_iter("bigs"))), 2000)
    check("zscan_iter", len(dict(client.zscan_iter("bigz"))), 2000)
    check("an empty pipeline", client.pipeline().execute(), [])


def waiting(client):
    def push():
        while not client.info("clients")["blocked_clients"]:
            time.sleep(0.001)
        client.rpush("q", "x", "y")

    thread = threading.Thread(target=push)
    thread.start()
    check("blpop", client.blpop(["none", "q"], timeout=10), (b"q", b"x"))
    thread.join()
    check("brpop", client.brpop("q", timeout=10), (b"q", b"y"))
    check("blmove", client.blmove("none", "q", 0.01), None)
    client.zadd("bz", {"m": 1})
    check("bzpopmin", client.bzpopmin("bz", timeout=10), (b"bz", b"m", 1.0))
    listener = client.pubsub()
    listener.subscribe("c")
    listener.psubscribe("c*")
    for _ in range(2):
        listener.get_message(timeout=10)
    check("publish", client.publish("c", "hi"), 2)
    heard = [listener.get_message(timeout=10) for _ in range(2)]
    check("message", [one["type"] for one in heard], ["message", "pmessage"])
    check("message's text", heard[0]["data"], b"hi")
    listener.close()


def errors(client):
    fails("wrong type", redis.ResponseError, "WRONGTYPE", lambda: client.lpush("a", 1))
    fails("no command", redis.ResponseError, "unknown command", lambda: client.execute_command("FOO"))
    fails("no script yet", redis.ResponseError, "unknown command", lambda: client.eval("return 1", 0))
    client.acl_setuser("py", enabled=True, passwords=["+pw"], keys=["py:*"], commands=["+get"])
    user = redis.Redis(port=PORT, username="py", password="pw")
    check("a user", user.get("py:x"), None)
    fails("a user's keys", redis.exceptions.NoPermissionError, "No permissions",
          lambda: user.get("other"))
    wrong = redis.Redis(port=PORT, username="py", password="no")
    fails("a wrong password", redis.RedisError, "WRONGPASS", wrong.ping)
    check("acl", client.acl_getuser("py")["enabled"])
    number = client.client_id()
    redis.Redis(port=PORT).client_kill_filter(_id=number)
    check("reconnect", client.get("a"), b"1")
    text = redis.Redis(port=PORT, decode_responses=True, db=3)
    text.set("umlaut", "ä")
    check("text", text.get("umlaut"), "ä")
    check("flushdb", text.flushdb())
    check("dbsize", text.dbsize(), 0)


def main():
    client = redis.Redis(port=PORT)
    client.flushall()
    for part in (everyday, together, waiting, errors):
        part(client)


main()
