# views.sh -- what an operator sees of three real nodes, from any of them; see views.py.
. "$(dirname "$0")/../cli/lib.sh"

PYTHON=/usr/bin/python3 # Debian's modules are this one's
TMPDIR=$WORK
export TMPDIR
CHECK_SECONDS_MAX=240

has redis-cli "views of a cluster" || exit 0
check "moves, load, large keys and who is missing are told by any node; exit statuses say how bad" \
    "$PYTHON" "$ROOT/test/cluster/views.py" "$TUTTI"
