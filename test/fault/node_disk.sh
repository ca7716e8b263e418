#!/usr/bin/env bash
# A node whose disk becomes full: writes are refused by name, reads go on, and writes come back by
# themselves when there is room. On a small file system of its own, which only root can mount.
. "$(dirname "$0")/../cli/lib.sh"

if ! mkdir disk || ! mount -t tmpfs -o size=40m tmpfs disk 2>/dev/null; then
    skip 'a full disk' 'a small file system cannot be mounted here'
    exit 0
fi
node=
undo() {
    [ -z "$node" ] || kill -9 "$node" 2>/dev/null
    umount -l "$WORK/disk" 2>/dev/null
}

port=$((20000 + RANDOM % 10000))
begin() {
    "$TUTTI" start --data disk/data --port $port --bind 127.0.0.1 --log-segment-size 4mb \
        2>log &
    node=$!
    for _ in $(seq 300); do
        if grep -q 'ready on' log; then return 0; fi
        kill -0 "$node" 2>/dev/null || break
        sleep 0.1
    done
    not_ok 'a node starts' "$(tail -c 300 log)"
    exit 0
}

# ask WORD…: one inline command; prints the line that comes back, and the next for a text.
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf '%s\r\n' "$*" >&3
    local line=
    read -r -t 20 line <&3
    case $line in '$'[0-9]*) read -r -t 20 line <&3 ;; esac
    exec 3>&-
    printf '%s\n' "${line%$'\r'}"
}

# until_answer NAME REGEX SECONDS WORD…: the answer becomes one like this.
until_answer() {
    local got end=$((SECONDS + $3))
    while got=$(ask "${@:4}") && ! [[ $got =~ $2 ]] && ((SECONDS < end)); do :; done
    if [[ $got =~ $2 ]]; then ok "$1"; else not_ok "$1" "'${got:0:200}', not $2"; fi
}

begin
value=$(head -c 30000 /dev/zero | tr '\0' v)
expect_reads() {
    local got
    got=$(ask GET first)
    if [ "$got" = kept ]; then ok "$1"; else not_ok "$1" "'$got'"; fi
}
[ "$(ask SET first kept)" = +OK ] && ok 'a first write' || not_ok 'a first write' 'refused'
head -c 1G /dev/zero >disk/filler 2>/dev/null
until_answer 'writes are refused when it is full' '^-DISKFULL the disk' 60 SET big "$value"
expect_reads 'reads go on'
rm disk/filler
until_answer 'writes come back by themselves' '^\+OK' 10 SET big "$value"
expect_reads 'and reads still do'
[ "$(ask SET last acknowledged)" = +OK ] && ok 'a last write' || not_ok 'a last write' 'refused'
kill -9 "$node"
wait "$node" 2>/dev/null
node=
begin
expect_reads 'what was acknowledged first is there'
until_answer 'what was acknowledged last is there' '^acknowledged$' 5 GET last
