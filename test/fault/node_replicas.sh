# node_replicas.sh -- any of three nodes answers any client; see node_replicas.py.
. "$(dirname "$0")/../cli/start_lib.sh"

rounds=15
[ -z "${TUTTI_LONG:-}" ] || rounds=1000
CHECK_SECONDS_MAX=$((150 + rounds))
for lanes in 1 2; do
    check "three nodes of $lanes lanes answer as one" \
        python3 "$ROOT/test/fault/node_replicas.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" $lanes
done
