# node_power.sh -- a power cut takes nothing that was acknowledged; see node_power.py. Only root can
# mount the file system that it needs.
. "$(dirname "$0")/lib.sh"

undo() { # where the test was ended in the middle
    mount | sed -n "s#.* on \(/[^ ]*tutti-power-[^ ]*\) .*#\1#p" | while read -r place; do
        case $place in "$TMPDIR"/*) umount -l "$place" ;; esac
    done
}
TMPDIR=$WORK
export TMPDIR
truncate -s 16M probe && mkfs.ext4 -q probe 2>/dev/null && mkdir at
if ! mount -o loop probe at 2>/dev/null; then
    skip 'power cuts' 'a file system cannot be mounted here'
    exit 0
fi
umount at

rounds=5
[ -z "${TUTTI_LONG:-}" ] || rounds=200
CHECK_SECONDS_MAX=$((60 + rounds * 10))
for way in 'auto 1' 'threads 1' 'auto 2'; do
    read -r disk lanes <<<"$way"
    check "$rounds power cuts lose nothing: disk $disk, lanes $lanes" \
        python3 "$ROOT/test/fault/node_power.py" "$TUTTI" $rounds "${FAULT_SEED:-4711}" "$disk" "$lanes"
done
