# node_torn.sh -- kills in the middle of large things, and logs that are damaged; see node_torn.py.
. "$(dirname "$0")/../cli/start_lib.sh"

rounds=6
[ -z "${TUTTI_LONG:-}" ] || rounds=200
CHECK_SECONDS_MAX=$((60 + rounds * 10))
for lanes in 1 2; do
    check "$rounds kills leave whole transactions, $lanes lanes" \
        python3 "$ROOT/test/fault/node_torn.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" $lanes
done

# append: sixty writes, each durable before the next.
append() {
    python3 - "$PORT" <<'PYTHON'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    for number in range(60):
        client.sendall(b"RPUSH list %d\r\n" % number)
        client.recv(100)
PYTHON
}

# flip WHICH: a byte of the log's newest segment with records: the last that is not zero, or the one
# in the middle of them.
flip() {
    python3 - "$1" data/lane-0/*.segment <<'PYTHON'
import sys
which, *paths = sys.argv[1:]
holding = [path for path in sorted(paths) if open(path, "rb").read().strip(b"\0")]
path = holding[-1]
data = bytearray(open(path, "rb").read())
end = len(bytes(data).rstrip(b"\0"))
at = end - 1 if which == "last" else 4096 + (end - 4096) // 2
while data[at] == 0:
    at -= 1
data[at] ^= 0x41
open(path, "wb").write(data)
PYTHON
}

# formed: what a new cluster writes of itself is written; no other record comes behind a client's.
formed() {
    local waited
    for ((waited = 0; waited < CHECK_SECONDS_MAX * 10; waited++)); do
        say CLUSTER INFO | tr -d '\r' | grep -qx 'cluster_current_epoch:[1-9][0-9]*' && return
        sleep 0.1
    done
    return 1
}

PORT=$(free_port)
start first --data data || not_ok 'a node starts' "$(tail -c 300 first.log)"
formed || not_ok 'it forms its cluster' "$(tail -c 300 first.log)"
append
finish KILL
flip last
start torn --data data
matches 'a torn tail is told' 'WARNING .*not whole \(.*lane-0/log-.*, offset [0-9]+\)' torn.log
equal 'and only the last write is gone' "$(say LLEN list)" 59
finish KILL
start more --data data
append
finish KILL
flip middle
expect_fault 'damage in the middle is refused, with file and offset' 1 \
    'lane-0/log-[0-9]+\.segment.*offset [0-9]+.*doctor' "$TUTTI" start --data data --port "$PORT"
expect_fault 'doctor tells it' 1 'doctor --repair' "$TUTTI" doctor --data data
check 'doctor --repair cuts it off' "$TUTTI" doctor --repair --data data
start repaired --data data
count=$(say LLEN list)
if ((count >= 59 && count < 119)); then ok 'and what came before is there'; else
    not_ok 'and what came before is there' "$count values"
fi
finish
equal 'a node that was repaired ends well' "$status" 0
