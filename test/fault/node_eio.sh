# node_eio.sh -- a disk that fails ends a node, and takes nothing acknowledged; see node_eio.py.
. "$(dirname "$0")/lib.sh"

if ! strace -f -qq -o /dev/null -e inject=pwrite64:error=EIO true 2>/dev/null; then
    skip 'a failing disk' 'strace cannot be used here'
    exit 0
fi
rounds=2
[ -z "${TUTTI_LONG:-}" ] || rounds=50
for ((i = 0; i < rounds; i++)); do
    check "a failed write of the log ends the node, round $i" \
        python3 "$ROOT/test/fault/node_eio.py" "$TUTTI" $i pwrite64
done
