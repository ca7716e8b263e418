"""A random mix of the commands that write, and a whole picture of what a server holds.

Keys are `{tag}name` with few tags, so that commands of several keys find them in one lane.
"""

import random

TAGS = 12
STRINGS, HASHES, LISTS, SETS, ZSETS, ANY = "s", "h", "l", "e", "z", "shlez"


class Mix:
    """`exact`: only commands whose reply follows from the data, in one order."""

    def __init__(self, seed, prefix="", exact=True):
        self.chance, self.prefix, self.exact = random.Random(seed), prefix, exact

    def key(self, kind, tag=None):
        tag = self.chance.randrange(TAGS) if tag is None else tag
        if self.chance.random() < 0.02:
            kind = ANY
        return f"{{{self.prefix}{tag}}}{self.chance.choice(kind)}{self.chance.randrange(3)}"

    def keys(self, kind, count):
        tag = self.chance.randrange(TAGS)
        return [self.key(kind, tag) for _ in range(count)]

    def number(self, limit=20):
        return self.chance.randrange(-limit, limit)

    def word(self):
        kind = self.chance.random()
        if kind < 0.5:
            return f"m{self.chance.randrange(30)}"
        if kind < 0.9:
            return str(self.chance.randrange(-50, 1000))
        return "x" * self.chance.choice((0, 63, 64, 65, 300, 5000))

    def words(self, limit=5):
        return [self.word() for _ in range(self.chance.randrange(1, limit))]

    def pairs(self, limit=5):
        return [self.word() for _ in range(2 * self.chance.randrange(1, limit))]

    def scores(self):
        return [part for word in self.words() for part in (self.number() / 2, word)]

    def command(self):
        makers = (self._string, self._string, self._key, self._hash, self._list, self._set,
                  self._zset, self._bits)
        return [str(word) for word in self.chance.choice(makers)()]

    def _pick(self, rows):
        return self.chance.choice(rows)()

    def _string(self):
        key, word, number = self.key(STRINGS), self.word(), self.number
        several = [self.key(STRINGS) for _ in range(self.chance.randrange(1, 5))]
        pairs = [part for one in several for part in (one, self.word())]
        together = self.keys(STRINGS, 2)
        return self._pick((
            lambda: ("SET", key, word), lambda: ("SET", key, word, "NX", "GET"),
            lambda: ("SET", key, word, "KEEPTTL"), lambda: ("SET", key, word, "PX", 100000000),
            lambda: ("GETEX", key, "PERSIST"), lambda: ("GETDEL", key),
            lambda: ("GETSET", key, word), lambda: ("SETRANGE", key, abs(number()), word),
            lambda: ("APPEND", key, word), lambda: ("INCR", key), lambda: ("DECRBY", key, number()),
            lambda: ("INCRBYFLOAT", key, number() / 4), lambda: ("SETNX", key, word),
            lambda: ("MSET", *pairs), lambda: ("MGET", *several), lambda: ("DEL", *several),
            lambda: ("UNLINK", *several), lambda: ("EXISTS", *several), lambda: ("TOUCH", *several),
            lambda: ("MSETNX", together[0], word, together[1], word), lambda: ("GET", key),
            lambda: ("LCS", *together), lambda: ("STRLEN", key)))

    def _key(self):
        key, pair = self.key(ANY), self.keys(ANY, 2)
        return self._pick((
            lambda: ("RENAME", *pair), lambda: ("RENAMENX", *pair), lambda: ("COPY", *pair),
            lambda: ("COPY", *pair, "REPLACE"), lambda: ("EXPIRE", key, 1000000),
            lambda: ("EXPIREAT", key, 4000000000, "GT"), lambda: ("PERSIST", key),
            lambda: ("PEXPIREAT", key, 1), lambda: ("TYPE", key), lambda: ("EXPIRETIME", key),
            lambda: ("SORT", pair[0], "ALPHA", "STORE", pair[1]), lambda: ("DEL", key)))

    def _hash(self):
        key, word = self.key(HASHES), self.word()
        return self._pick((
            lambda: ("HSET", key, *self.pairs()), lambda: ("HSET", key, *self.pairs(20)),
            lambda: ("HSETNX", key, word, self.word()), lambda: ("HDEL", key, *self.words()),
            lambda: ("HINCRBY", key, word, self.number()), lambda: ("HGET", key, word),
            lambda: ("HINCRBYFLOAT", key, word, self.number() / 4), lambda: ("HLEN", key),
            lambda: ("HMGET", key, *self.words())))

    def _list(self):
        key, pair, word, number = self.key(LISTS), self.keys(LISTS, 2), self.word(), self.number
        sides = ("LEFT", "RIGHT")
        return self._pick((
            lambda: ("LPUSH", key, *self.words(20)), lambda: ("RPUSH", key, *self.words(20)),
            lambda: ("RPUSHX", key, word), lambda: ("LPOP", key), lambda: ("RPOP", key, 2),
            lambda: ("LREM", key, number(3), word), lambda: ("LTRIM", key, 0, 40),
            lambda: ("LSET", key, number(), word), lambda: ("LINDEX", key, number()),
            lambda: ("LINSERT", key, "BEFORE", word, self.word()), lambda: ("RPOPLPUSH", *pair),
            lambda: ("LMOVE", *pair, self.chance.choice(sides), self.chance.choice(sides)),
            lambda: ("LMPOP", 2, *pair, "LEFT", "COUNT", 3), lambda: ("LRANGE", key, 0, -1),
            lambda: ("LLEN", key), lambda: ("LPOS", key, word)))

    def _set(self):
        key, three = self.key(SETS), self.keys(SETS, 3)
        rows = [
            lambda: ("SADD", key, *self.words(20)), lambda: ("SREM", key, *self.words()),
            lambda: ("SADD", key, *(self.number(400) for _ in range(20))),
            lambda: ("SMOVE", *three[:2], self.word()), lambda: ("SINTERSTORE", *three),
            lambda: ("SUNIONSTORE", *three), lambda: ("SDIFFSTORE", *three),
            lambda: ("SCARD", key), lambda: ("SMISMEMBER", key, *self.words())]
        if not self.exact:
            rows += [lambda: ("SPOP", key), lambda: ("SPOP", key, 3)]
        return self._pick(rows)

    def _zset(self):
        key, three, word = self.key(ZSETS), self.keys(ZSETS, 3), self.word()
        return self._pick((
            lambda: ("ZADD", key, *self.scores()), lambda: ("ZADD", key, "GT", *self.scores()),
            lambda: ("ZADD", key, "INCR", self.number(), word), lambda: ("ZREM", key, word),
            lambda: ("ZINCRBY", key, self.number(), word), lambda: ("ZPOPMIN", key, 2),
            lambda: ("ZPOPMAX", key), lambda: ("ZREMRANGEBYRANK", key, 0, 1),
            lambda: ("ZREMRANGEBYSCORE", key, -9, -8), lambda: ("ZREMRANGEBYLEX", key, "[a", "[b"),
            lambda: ("ZUNIONSTORE", three[0], 2, *three[1:]),
            lambda: ("ZINTERSTORE", three[0], 2, *three[1:], "WEIGHTS", 2, 1),
            lambda: ("ZDIFFSTORE", three[0], 2, *three[1:]),
            lambda: ("ZRANGESTORE", three[0], three[1], 0, 5),
            lambda: ("ZMPOP", 2, *three[:2], "MIN"), lambda: ("ZRANK", key, word),
            lambda: ("ZRANGE", key, 0, -1, "WITHSCORES")))

    def _bits(self):
        key, three = self.key(STRINGS), self.keys(STRINGS, 3)
        return self._pick((
            lambda: ("SETBIT", key, self.chance.randrange(500), 1), lambda: ("BITCOUNT", key),
            lambda: ("BITOP", "XOR", *three), lambda: ("BITOP", "NOT", *three[:2]),
            lambda: ("BITFIELD", key, "INCRBY", "u8", "#2", self.number()),
            lambda: ("BITPOS", key, 1)))


READERS = {b"string": lambda key: [("GET", key)], b"list": lambda key: [("LRANGE", key, 0, -1)],
           b"hash": lambda key: [("HGETALL", key)], b"set": lambda key: [("SMEMBERS", key)],
           b"zset": lambda key: [("ZRANGE", key, 0, -1, "WITHSCORES")]}


def _plain(kind, reply):
    values = [part[1] for part in reply[1:]] if reply[0] == "*" else reply
    if kind == b"hash":
        return sorted(zip(values[::2], values[1::2]))
    return sorted(values) if kind == b"set" else values


def picture(link):
    """All keys of all databases: their types, values and ends."""
    seen = {}
    for database in range(16):
        link.call("SELECT", database)
        for key in sorted(link.call("KEYS", "*")):
            kind = link.call("TYPE", key)
            value = link.ask(READERS[kind](key)[0])
            seen[database, key] = kind, _plain(kind, value), link.call("PEXPIRETIME", key)
    link.call("SELECT", 0)
    return seen


def difference(before, after):
    """In words; "" where there is none."""
    for key in sorted(set(before) | set(after)):
        if before.get(key) != after.get(key):
            return f"{key}: {str(before.get(key))[:300]} became {str(after.get(key))[:300]}"
    return ""
