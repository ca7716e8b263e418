# cluster.sh -- three real nodes under load and faults; see real.py. TUTTI_LONG=1 is the nightly
# form; CLUSTER_SECONDS and CLUSTER_SEED choose another time and another plan. A history that is
# wrong stays in build/test/cluster.
. "$(dirname "$0")/../cli/lib.sh"

PYTHON=/usr/bin/python3 # Debian's modules are this one's
SIM=$(dirname "$TUTTI")/tutti-sim
TMPDIR=$WORK
export TMPDIR

seconds=45
[ -z "${TUTTI_LONG:-}" ] || seconds=240
seconds=${CLUSTER_SECONDS:-$seconds}
# A sanitizer wants to be the first library of a process.
[ -n "$SANITIZED" ] || export TUTTI_TEST_CLOCK=$PLUGINS/clock_plugin.so
seed=${CLUSTER_SEED:-$(date +%j)} # another plan each day, told in the name of the check
CHECK_SECONDS_MAX=$((seconds * 2 + 180))
name="three nodes for $seconds s, seed $seed: nothing lost, nothing stale"

if ! "$PYTHON" -c 'import redis' 2>/dev/null; then
    skip "$name" "Debian's python3-redis is not there"
    exit 0
fi
check "WATCH through nodes that do not lead loses nothing" \
    "$PYTHON" "$ROOT/test/cluster/watch.py" "$TUTTI"
if [ ! -x "$SIM" ]; then
    skip "$name" "$SIM is not built"
else
    check "$name" "$PYTHON" "$ROOT/test/cluster/real.py" "$TUTTI" "$SIM" "$seconds" "$seed" \
        "$WORK/history"
    sed -n 's/^left out: //p' out | while read -r why; do skip "$name: some faults" "$why"; done
    if [ "$status" -ne 0 ]; then
        mkdir -p "$ROOT/build/test/cluster"
        cp out err history "$ROOT/build/test/cluster/" 2>/dev/null
    fi
fi
