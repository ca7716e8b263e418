# shellcheck shell=bash
# start_lib.sh -- for tests of `tutti start`: nodes on free ports, ended when the test ends.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

READY_SECONDS_MAX=30
NODES=()

undo() { # lib.sh calls it at the end
    local pid
    for pid in "${NODES[@]}"; do kill -KILL "$pid" 2>/dev/null; done
}

# free_port: a port that nobody listens on, and that the system does not hand out by itself.
free_port() {
    python3 - "$$" <<'PYTHON'
import random, socket, sys
random.seed(int(sys.argv[1]) ^ random.getrandbits(32))
while True:
    port = random.randrange(20000, 32000)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PYTHON
}

# start NAME ARGUMENTS…: a node on $PORT, its lines in NAME.log; PID is its process. False: it
# ended, or was not ready in time.
start() {
    local name=$1 waited
    "$TUTTI" start --port "$PORT" "${@:2}" 2>"$name.log" &
    PID=$!
    NODES+=("$PID")
    for ((waited = 0; waited < READY_SECONDS_MAX * 20; waited++)); do
        grep -qs 'ready on' "$name.log" && return 0
        kill -0 "$PID" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

# finish [SIGNAL]: ends the node $PID; sets status.
finish() {
    kill -"${1:-TERM}" "$PID" 2>/dev/null
    wait "$PID"
    status=$?
}

# say COMMAND…: asks the node on $PORT, as an inline client; prints what it answers.
say() {
    python3 - "$PORT" "$@" <<'PYTHON'
import socket, sys
port, words = int(sys.argv[1]), [word.encode() for word in sys.argv[2:]]

def read(stream):
    line = stream.readline()
    if not line:
        return "closed"
    kind, rest = line[:1], line[1:-2].decode()
    if kind in (b"+", b":"):
        return rest
    if kind == b"-":
        return "error " + rest
    if rest == "-1":
        return "(none)"
    if kind == b"$":
        return stream.read(int(rest) + 2)[:-2].decode("latin-1")
    return " ".join(str(read(stream)) for _ in range(int(rest)))

with socket.create_connection(("127.0.0.1", port), 10) as client:
    request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
    client.sendall(request)
    print(read(client.makefile("rb")))
PYTHON
}
