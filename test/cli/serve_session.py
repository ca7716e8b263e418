"""Transcripts of connections: serve_session.py SOCKET. A step is what a client sends and what it
must get, byte by byte; an earlier client may get something by what a later one does.

Prints `ok NAME` or `not ok NAME: why`, as lib.sh has it. Nothing waits for a time to pass: what
must not come yet is seen by the next reply coming first.
"""
import socket
import sys

SECONDS_MAX = 20


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS_MAX)
        self.socket.connect(path)

    def send(self, data):
        self.socket.sendall(data)

    def want(self, wanted):
        got = b""
        while len(got) < len(wanted):
            some = self.socket.recv(len(wanted) - len(got))
            if not some:
                raise AssertionError(f"closed after {got!r}, before {wanted!r}")
            got += some
        if got != wanted:
            raise AssertionError(f"got {got!r}, not {wanted!r}")

    def want_end(self):
        if self.socket.recv(1) != b"":
            raise AssertionError("it was not closed")


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def bulk(*words):
    return request(*words)  # an array of bulk strings looks the same both ways


def talk(client, *steps):
    for sent, wanted in steps:
        client.send(sent if isinstance(sent, bytes) else request(*sent.split(" ")))
        client.want(wanted)


def protocol_errors(new):
    rows = [
        (b"*x\r\n", b"invalid multibulk length"),
        (b"*1\r\n:1\r\n", b"expected '$', got ':'"),
        (b"*1\r\n$-5\r\n", b"invalid bulk length"),
        (b'SET "a\r\n', b"unbalanced quotes in request"),
        (b"x" * 70000, b"too big inline request"),
        (b"*" + b"1" * 70000, b"too big mbulk count string"),
    ]
    for sent, text in rows:
        client = new()
        client.send(request("PING") + sent)
        client.want(b"+PONG\r\n-ERR Protocol error: " + text + b"\r\n")
        client.want_end()


def cut_anywhere(new):
    client = new()
    whole = request("SET", "cut", "a\r\nb") + b"GET cut\r\n" + request("GET", "cut") + b"\r\n"
    for step in range(1, len(whole)):
        for at in range(0, len(whole), step):
            client.send(whole[at : at + step])
        client.want(b"+OK\r\n$4\r\na\r\nb\r\n$4\r\na\r\nb\r\n")


def long_pipeline(new):
    client = new()
    count = 5000
    client.send(request("INCR", "count") * count)
    client.want(b"".join(b":%d\r\n" % (i + 1) for i in range(count)))


def large_values(new):
    client = new()
    value = b"0123456789abcdef" * 65536 * 4
    talk(client, (request("SET", "large", value), b"+OK\r\n"))
    client.send(request("GET", "large") * 5)
    client.want((b"$%d\r\n%s\r\n" % (len(value), value)) * 5)


def unknown(new):
    talk(
        new(),
        ("NOPE a b", b"-ERR unknown command 'NOPE', with args beginning with: 'a' 'b' \r\n"),
        ("CLIENT NOPE", b"-ERR unknown subcommand 'NOPE'. Try CLIENT HELP.\r\n"),
        ("GET", b"-ERR wrong number of arguments for 'get' command\r\n"),
        ("CLIENT", b"-ERR wrong number of arguments for 'client' command\r\n"),
        ("CLIENT ID x", b"-ERR wrong number of arguments for 'client|id' command\r\n"),
        ("SELECT 16", b"-ERR DB index is out of range\r\n"),
        ("pInG", b"+PONG\r\n"),
    )


def transaction(new):
    client, other = new(), new()
    queued = b"+QUEUED\r\n"
    talk(
        client,
        ("EXEC", b"-ERR EXEC without MULTI\r\n"),
        ("MULTI", b"+OK\r\n"),
        ("MULTI", b"-ERR MULTI calls can not be nested\r\n"),
        ("SET m 1", queued),
        ("LPUSH m x", queued),
        ("INCR m", queued),
        ("EXEC", b"*3\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value"
         b"\r\n:2\r\n"),
        ("MULTI", b"+OK\r\n"),
        ("SET m", b"-ERR wrong number of arguments for 'set' command\r\n"),
        ("EXEC", b"-EXECABORT Transaction discarded because of previous errors.\r\n"),
        ("WATCH m", b"+OK\r\n"),
    )
    talk(other, ("SET m 5", b"+OK\r\n"))
    talk(client, ("MULTI", b"+OK\r\n"), ("SET m 9", queued), ("EXEC", b"*-1\r\n"))
    talk(client, ("WATCH m", b"+OK\r\n"), ("UNWATCH", b"+OK\r\n"))
    talk(other, ("FLUSHDB", b"+OK\r\n"))
    talk(client, ("MULTI", b"+OK\r\n"), ("GET m", queued), ("EXEC", b"*1\r\n$-1\r\n"))


def watching_databases(new):
    client, other = new(), new()
    for change in ("FLUSHDB", "FLUSHALL", "SWAPDB 0 1", "DEL w", "RENAME w v", "PEXPIREAT w 1"):
        talk(client, ("SET w 1", b"+OK\r\n"), ("WATCH w", b"+OK\r\n"))
        other.send(request(*change.split(" ")))
        other.socket.recv(100)
        talk(client, ("MULTI", b"+OK\r\n"), ("PING", b"+QUEUED\r\n"), ("EXEC", b"*-1\r\n"))


def blocking(new):
    first, second, pusher = new(), new(), new()
    first.send(request("BLPOP", "queue", "0"))
    talk(pusher, ("CLIENT ID", b":" + str(client_id(pusher)).encode() + b"\r\n"))
    wait_blocked(pusher, 1)
    second.send(request("BLPOP", "queue", "0") + request("PING"))
    wait_blocked(pusher, 2)
    talk(pusher, ("SET queue x", b"+OK\r\n"), ("DEL queue", b":1\r\n"))
    talk(pusher, ("RPUSH queue a b c", b":3\r\n"))
    first.want(bulk("queue", "a"))
    second.want(bulk("queue", "b") + b"+PONG\r\n")
    talk(pusher, ("LRANGE queue 0 -1", bulk("c")), ("DEL queue", b":1\r\n"))


def client_id(client):
    client.send(request("CLIENT", "ID"))
    return int(client.socket.recv(100)[1:])


def wait_blocked(client, count):
    for _ in range(10000):
        client.send(request("INFO", "clients"))
        header = client.socket.recv(1 << 16)
        if b"blocked_clients:%d\r\n" % count in header:
            return
    raise AssertionError(f"{count} clients do not block")


def blocking_chain(new):
    mover, popper, pusher = new(), new(), new()
    popper.send(request("BLPOP", "to", "0"))
    wait_blocked(pusher, 1)
    mover.send(request("BLMOVE", "from", "to", "LEFT", "RIGHT", "0"))
    wait_blocked(pusher, 2)
    pusher.send(request("RPUSH", "from", "x") + request("EXISTS", "from", "to"))
    pusher.want(b":1\r\n:0\r\n")
    mover.want(b"$1\r\nx\r\n")
    popper.want(bulk("to", "x"))


def blocking_ends(new):
    waiting, other = new(), new()
    identity = client_id(waiting)
    talk(waiting, ("BLPOP nothing 0.01", b"*-1\r\n"))
    waiting.send(request("BLPOP", "nothing", "0"))
    wait_blocked(other, 1)
    talk(other, (f"CLIENT UNBLOCK {identity} ERROR", b":1\r\n"))
    waiting.want(b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")
    talk(other, (f"CLIENT UNBLOCK {identity}", b":0\r\n"))
    talk(waiting, ("MULTI", b"+OK\r\n"), ("BLPOP nothing 0", b"+QUEUED\r\n"))
    talk(waiting, ("EXEC", b"*1\r\n*-1\r\n"))


def messages(new):
    listener, modern, speaker = new(), new(), new()
    talk(
        listener,
        ("SUBSCRIBE news", b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
        ("PSUBSCRIBE n*", b"*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:2\r\n"),
        ("GET x", b"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT "
         b"/ RESET are allowed in this context\r\n"),
        ("PING", b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
    )
    modern.send(request("HELLO", "3"))
    modern.socket.recv(1000)
    talk(modern, ("SUBSCRIBE news", b">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"))
    talk(speaker, ("PUBLISH news hi", b":3\r\n"), ("PUBSUB NUMSUB news", b"*2\r\n$4\r\nnews\r\n:2\r\n"))
    listener.want(bulk("message", "news", "hi") + bulk("pmessage", "n*", "news", "hi"))
    modern.want(b">" + bulk("message", "news", "hi")[1:])
    talk(modern, ("PUBLISH news me", b":3\r\n>" + bulk("message", "news", "me")[1:]))
    talk(speaker, ("CONFIG SET notify-keyspace-events KEA", b"+OK\r\n"))
    watcher = new()
    watcher.send(request("PSUBSCRIBE", "__key*"))
    watcher.want(b"*3\r\n$10\r\npsubscribe\r\n$6\r\n__key*\r\n:1\r\n")
    talk(speaker, ("SET note 1", b"+OK\r\n"), ("CONFIG SET notify-keyspace-events", b"-ERR wrong "
         b"number of arguments for 'config|set' command\r\n"))
    watcher.want(bulk("pmessage", "__key*", "__keyspace@0__:note", "set"))
    watcher.want(bulk("pmessage", "__key*", "__keyevent@0__:set", "note"))
    speaker.send(request("CONFIG", "SET", "notify-keyspace-events", ""))
    speaker.want(b"+OK\r\n")


def silence(new):
    client = new()
    client.send(request("CLIENT", "REPLY", "OFF") + request("PING") + request("NOPE"))
    client.send(request("CLIENT", "REPLY", "ON"))
    client.want(b"+OK\r\n")
    client.send(request("CLIENT", "REPLY", "SKIP") + request("PING") + request("ECHO", "x"))
    client.want(b"$1\r\nx\r\n")


def pause(new):
    client, other = new(), new()
    talk(client, ("CLIENT PAUSE 60000 WRITE", b"+OK\r\n"))
    other.send(request("SET", "paused", "1") + request("GET", "paused"))
    wait_blocked(client, 1)
    talk(client, ("GET paused", b"$-1\r\n"), ("CLIENT UNPAUSE", b"+OK\r\n"))
    other.want(b"+OK\r\n$1\r\n1\r\n")


def ends(new):
    client = new()
    client.send(request("PING") + request("QUIT") + request("PING"))
    client.want(b"+PONG\r\n+OK\r\n")
    client.want_end()
    half = new()
    half.send(request("SET", "half", "1") + request("GET", "half"))
    half.socket.shutdown(socket.SHUT_WR)
    half.want(b"+OK\r\n$1\r\n1\r\n")
    half.want_end()
    client, other = new(), new()
    identity = client_id(client)
    talk(other, (f"CLIENT KILL ID {identity}", b":1\r\n"))
    client.want_end()


def hello(new):
    talk(
        new(),
        ("HELLO 4", b"-NOPROTO unsupported protocol version\r\n"),
        ("HELLO x", b"-ERR Protocol version is not an integer or out of range\r\n"),
        ("AUTH x", b"-ERR AUTH <password> called without any password configured for the default "
         b"user. Are you sure your configuration is correct?\r\n"),
        ("CLIENT SETNAME a", b"+OK\r\n"),
        ("CLIENT GETNAME", b"$1\r\na\r\n"),
        ("RESET", b"+RESET\r\n"),
        ("CLIENT GETNAME", b"$-1\r\n"),
    )


def strangers(new):
    owner = new()
    talk(owner, ("CONFIG SET requirepass secret", b"+OK\r\n"))
    try:
        large = new()
        large.send(b"*2\r\n$4\r\nECHO\r\n$70000\r\n" + b"x" * 70000)
        large.want(b"-ERR Protocol error: unauthenticated bulk length\r\n")
        talk(
            new(),
            ("GET a", b"-NOAUTH Authentication required.\r\n"),
            ("AUTH wrong", b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"),
            ("AUTH secret", b"+OK\r\n"),
            ("GET a", b"$-1\r\n"),
        )
    finally:
        owner.send(request("CONFIG", "SET", "requirepass", ""))
        owner.want(b"+OK\r\n")


TRANSCRIPTS = [
    ("a broken protocol is named, and ends the connection", protocol_errors),
    ("packets may be cut anywhere", cut_anywhere),
    ("a pipeline longer than a turn", long_pipeline),
    ("values larger than any buffer, more than the client reads", large_values),
    ("what is unknown or misshapen", unknown),
    ("MULTI, EXEC and their errors", transaction),
    ("WATCH sees whole databases change", watching_databases),
    ("who waits for a list is served in turn", blocking),
    ("what a woken client gives is taken before the next command", blocking_chain),
    ("waiting ends by time, by CLIENT UNBLOCK, and is none in MULTI", blocking_ends),
    ("messages, patterns, pushes, notifications", messages),
    ("CLIENT REPLY", silence),
    ("CLIENT PAUSE holds writes back", pause),
    ("QUIT, half-closed connections, CLIENT KILL", ends),
    ("HELLO, AUTH, RESET", hello),
    ("who has not authenticated is told of its limits", strangers),
]


def main():
    path = sys.argv[1]
    for name, transcript in TRANSCRIPTS:
        clients = []

        def new():
            clients.append(Client(path))
            return clients[-1]

        try:
            new().send(request("FLUSHALL"))
            clients[0].want(b"+OK\r\n")
            transcript(new)
            print(f"ok {name}")
        except (AssertionError, OSError, ValueError) as error:
            print(f"not ok {name}: {str(error)[:300]}")
        for client in clients:
            client.socket.close()


main()
