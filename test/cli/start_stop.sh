#!/usr/bin/env bash
# How a node ends: by SIGTERM under load without losing what it acknowledged, by SHUTDOWN, and at
# once by a second signal; and what a killed one finds again.
. "$(dirname "$0")/../cli/start_lib.sh"
PORT=$(free_port)

# until_there FILE [REGEX]: until it is there, with such a line.
until_there() {
    local waited
    for ((waited = 0; waited < READY_SECONDS_MAX * 20; waited++)); do
        grep -Eqs -- "${2:-}" "$1" && return
        sleep 0.05
    done
}

# Writes keys from several clients until the node is gone; prints how many each was told are set.
cat >load.py <<'PYTHON'
import socket, sys, threading

def client(number, told):
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
    replies = connection.makefile("rb")
    try:
        while True:
            key = b"k%d-%d" % (number, told[number])
            connection.sendall(b"SET %s v\r\n" % key)
            if replies.readline() != b"+OK\r\n":
                return
            told[number] += 1
            if told[number] == 20:
                open("loaded-%d" % number, "w").write("yes\n")
    except OSError:
        return

told = [0] * 8
threads = [threading.Thread(target=client, args=(n, told)) for n in range(len(told))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*told)
PYTHON

# lost FILE: how many of the keys that the load was told are set are not there.
lost() {
    python3 - "$PORT" "$1" <<'PYTHON'
import socket, sys
told = [int(word) for word in open(sys.argv[2]).read().split()]
lost = 0
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as connection:
    replies = connection.makefile("rb")
    for number, count in enumerate(told):
        for at in range(count):
            connection.sendall(b"EXISTS k%d-%d\r\n" % (number, at))
            lost += replies.readline() != b":1\r\n"
print(lost)
PYTHON
}

for signal in TERM INT KILL; do
    start "$signal" --data "data-$signal" || not_ok "$signal starts" "$(cat "$signal.log")"
    python3 load.py "$PORT" >told &
    load=$!
    until_there loaded-7
    rm -f loaded-*
    finish "$signal" 2>/dev/null
    wait "$load"
    [ "$signal" = KILL ] || equal "SIG$signal under load ends with 0" "$status" 0
    if [ "$(awk '{ print $8 }' told)" -ge 20 ]; then ok "$signal: there was load"; else
        not_ok "$signal: there was load" "$(cat told)"
    fi
    start "$signal-again" --data "data-$signal" || not_ok "$signal again" "$(cat "$signal-again.log")"
    equal "$signal: all that was acknowledged is there" "$(lost told)" 0
    finish
done

start shut --data data-shut || not_ok 'it starts' "$(cat shut.log)"
equal 'a key is set' "$(say SET a 1)" OK
equal 'SHUTDOWN closes the connection' "$(say SHUTDOWN)" closed
wait "$PID"
equal 'and the node ends with 0' "$?" 0
matches 'it says so' 'INFO ended: all that was acknowledged is on disk' shut.log

# Who asks a port where nobody answers waits, and ends with the first signal all the same.
start asked --data asked || not_ok 'it starts' "$(cat asked.log)"
"$TUTTI" token --data asked >token
expect_exit 'a node that waits to join can be stopped' 143 \
    timeout --preserve-status --kill-after=5 1 "$TUTTI" start --data joiner --port "$(free_port)" \
    --peer-port "$(free_port)" --join "127.0.0.1:$PORT" --token-file token
finish
expect_fault 'a token for a disk that is full' 1 'cannot write the output: No space' \
    bash -c "$TUTTI token --data asked >/dev/full"

# A client that does not read its replies holds up the end, until a second signal.
start slow --data data-slow || not_ok 'it starts' "$(cat slow.log)"
python3 - "$PORT" <<'PYTHON' &
import socket, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
connection.sendall(b"SET a " + b"x" * 60000 + b"\r\n" + b"GET a\r\n" * 500)
time.sleep(1)
open("unread", "w").write("yes\n")
time.sleep(60)
PYTHON
reader=$!
until_there unread
kill -TERM "$PID"
until_there slow.log finishing
finish TERM
kill "$reader"
equal 'a second signal ends it at once' "$status" 143
