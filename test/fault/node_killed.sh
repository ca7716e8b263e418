# node_killed.sh -- a node killed under load loses no acknowledged write; see node_killed.py.
. "$(dirname "$0")/lib.sh"

rounds=15
[ -z "${TUTTI_LONG:-}" ] || rounds=200
CHECK_SECONDS_MAX=$((60 + rounds * 10))
check "$rounds kills at random moments lose nothing" \
    python3 "$ROOT/test/fault/node_killed.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}"
