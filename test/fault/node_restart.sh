# node_restart.sh -- what a node holds is the same after each restart; see node_restart.py.
. "$(dirname "$0")/lib.sh"

rounds=6
[ -z "${TUTTI_LONG:-}" ] || rounds=200
CHECK_SECONDS_MAX=$((60 + rounds * 10))
for lanes in 1 2; do
    check "$rounds restarts with $lanes lanes change nothing" \
        python3 "$ROOT/test/fault/node_restart.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" $lanes
done
