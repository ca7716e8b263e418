# node_ends.sh -- SIGTERM and SHUTDOWN under load, with clients that do not read; see node_ends.py.
. "$(dirname "$0")/lib.sh"

rounds=1
[ -z "${TUTTI_LONG:-}" ] || rounds=30
CHECK_SECONDS_MAX=$((60 + rounds * 20))
for lanes in 1 2; do
    check "a node of $lanes lanes ends well under load" \
        python3 "$ROOT/test/fault/node_ends.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" $lanes
done
