# node_lanes.sh -- several lanes answer as one does; see node_lanes.py.
. "$(dirname "$0")/../cli/start_lib.sh"

rounds=40
[ -z "${TUTTI_LONG:-}" ] || rounds=2000
CHECK_SECONDS_MAX=$((60 + rounds))
for lanes in 2 4; do
    check "$lanes lanes answer as one" \
        python3 "$ROOT/test/fault/node_lanes.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" $lanes
done

PORT=$(free_port)
if start two --data data --lanes 2; then
    say SET key value >out
    finish
fi
expect_fault 'another number of lanes says the way out' 2 '--lanes 2, or begin a new folder' \
    "$TUTTI" start --data data --lanes 3 --port "$PORT"
