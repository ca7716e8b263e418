# node_full.sh -- a full disk stops writes, for as long as it is full, and nothing else; see
# node_full.py. Only root can mount the small file system that it needs.
. "$(dirname "$0")/lib.sh"

undo() { umount -l "$WORK/disk" 2>/dev/null; }
truncate -s 40M image && mkfs.ext4 -q image 2>/dev/null && mkdir disk
if ! mount -o loop image disk 2>/dev/null; then
    skip 'a full ext4' 'a file system cannot be mounted here'
    exit 0
fi
rounds=3
[ -z "${TUTTI_LONG:-}" ] || rounds=60
CHECK_SECONDS_MAX=$((60 + rounds * 10))
for disk in auto threads; do
    mkdir "disk/$disk"
    check "a disk that is full $rounds times, $disk" \
        python3 "$ROOT/test/fault/node_full.py" "$TUTTI" "$WORK/disk/$disk" $rounds $disk
    rm -rf "disk/$disk"
done
