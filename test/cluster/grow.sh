# grow.sh -- a cluster that grows and shrinks under load; see grow.py, rolling.py, strangers.py,
# hostile.py, places.py, catch_up.py, recover.py, backup.py.
# TUTTI_LONG=1 is the nightly form. A history that is wrong stays in build/test/grow.
. "$(dirname "$0")/../cli/lib.sh"

PYTHON=/usr/bin/python3 # Debian's modules are this one's
SIM=$(dirname "$TUTTI")/tutti-sim
TMPDIR=$WORK
export TMPDIR SANITIZED
CHECK_SECONDS_MAX=240

clients=48 rate=500 seconds=2
[ -z "${TUTTI_LONG:-}" ] || { clients=200 rate=1500 seconds=20; }

# with_history NAME PROGRAM ARGUMENT…
with_history() {
    check "$1" "$PYTHON" "$ROOT/test/cluster/$2.py" "$TUTTI" "$SIM" "${@:3}" "$WORK/history"
    if [ "$status" -ne 0 ]; then
        mkdir -p "$ROOT/build/test/grow"
        cp out err history "$ROOT/build/test/grow/" 2>/dev/null
    fi
}

if ! "$PYTHON" -c 'import redis' 2>/dev/null; then
    skip "a cluster that grows" "Debian's python3-redis is not there"
elif [ ! -x "$SIM" ]; then
    skip "a cluster that grows" "$SIM is not built"
else
    check "strangers are refused in clear words" \
        "$PYTHON" "$ROOT/test/cluster/strangers.py" "$TUTTI"
    check "strangers at the ports of nodes change nothing" \
        "$PYTHON" "$ROOT/test/cluster/hostile.py" "$TUTTI"
    check "nodes that are elsewhere, or were removed, are told apart" \
        "$PYTHON" "$ROOT/test/cluster/places.py" "$TUTTI"
    check "what was changed while a node was away it has when it is back" \
        "$PYTHON" "$ROOT/test/cluster/catch_up.py" "$TUTTI" 2
    check "a lost majority is recovered from one node, and grows again" \
        "$PYTHON" "$ROOT/test/cluster/recover.py" "$TUTTI"
    check "a backup of a cluster is whole, and becomes one again" \
        "$PYTHON" "$ROOT/test/cluster/backup.py" "$TUTTI"
    with_history "a rolling restart without an error; a killed node's shards come back" rolling
    with_history "one node, three, five, three, under load of $clients clients" grow \
        "$clients" "$rate" "$seconds"
fi
