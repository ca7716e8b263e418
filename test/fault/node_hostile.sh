# node_hostile.sh -- a node stays up and within its memory whatever clients do; see node_hostile.py.
. "$(dirname "$0")/lib.sh"

connections=2000 arguments=100000
[ -z "${TUTTI_LONG:-}" ] || connections=9900 arguments=1000000
CHECK_SECONDS_MAX=300
export SANITIZED
for lanes in 1 2; do
    check "hostile clients, $lanes lanes" python3 "$ROOT/test/fault/node_hostile.py" \
        "$TUTTI" $connections $arguments $lanes
done
