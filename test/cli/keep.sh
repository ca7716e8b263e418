#!/usr/bin/env bash
# Backup, restore and doctor: data goes out and comes back; damage is named, and got past.
. "$(dirname "$0")/../cli/lib.sh"

node=
undo() { [ -z "$node" ] || kill -9 "$node" 2>/dev/null; }

# begin DIR: a node on some free port; sets node and port.
begin() {
    local try
    for try in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        : >log # what an earlier node said
        "$TUTTI" start --data "$1" --port $port --bind 127.0.0.1 2>log &
        node=$!
        for _ in $(seq 300); do
            if grep -q 'ready on' log; then return 0; fi
            kill -0 "$node" 2>/dev/null || break
            sleep 0.1
        done
        grep -q 'busy\|in use' log || break
    done
    not_ok 'a node starts' "$(tail -c 300 log)"
    exit 0
}

end() { # SIGNAL
    kill "$1" "$node"
    wait "$node" 2>/dev/null
    node=
}

# ask WORD…: one inline command; prints the line that comes back, and the next for a text.
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf '%s\r\n' "$*" >&3
    local line
    read -r -t 20 line <&3
    case $line in '$'[0-9]*) read -r -t 20 line <&3 ;; esac
    exec 3>&-
    printf '%s\n' "${line%$'\r'}"
}

expect_answer() { # NAME WANT WORD…
    local got
    got=$(ask "${@:3}")
    if [ "$got" = "$2" ]; then ok "$1"; else not_ok "$1" "'$got', not '$2'"; fi
}

begin data
for i in 1 2 3; do ask SET "key:$i" "value$i" >/dev/null; done
expect_answer 'a list is made' ':2' RPUSH list a b
expect_fault 'a running node keeps its folder' 3 'in use by the process' \
    "$TUTTI" backup copy --data data
check 'a running node makes a backup' "$TUTTI" backup live --from 127.0.0.1:$port
expect_fault 'and replaces none' 1 'live/lane-0 is there already' \
    "$TUTTI" backup live --from 127.0.0.1:$port
expect_fault 'nobody is there' 1 '127.0.0.1' "$TUTTI" backup other --from 127.0.0.1:1
end -9
check 'it is whole and restored' "$TUTTI" restore live --data relived
matches 'with all keys' '^lane 0: 4 keys' out

check 'doctor finds all good' "$TUTTI" doctor --data data
matches 'it counts the snapshots' '^  snapshots: [0-9]+ good$' out
equal 'and names none' "$(grep -c 'snapshot-' out)" 0
matches 'it tells of the log' 'log: good, [0-9]+ records up to number [0-9]+$' out
check 'a backup' "$TUTTI" backup copy --data data
matches 'it tells how many keys' '^lane 0: 4 keys' out
expect_fault 'a backup replaces none' 3 'copy is there already' "$TUTTI" backup copy --data data
check 'it is restored' "$TUTTI" restore copy --data=again
expect_fault 'not over what is there' 3 'again is there already, and is not empty' \
    "$TUTTI" restore copy --data again
begin again
expect_answer 'a string came back' 'value2' GET key:2
expect_answer 'a list came back' 'b' LINDEX list 1
expect_answer 'writing goes on' '+OK' SET key:4 new
end -TERM
begin again
expect_answer 'and is kept' 'new' GET key:4
end -9

# shellcheck disable=SC2012 # our names: the largest has a key
snapshot=$(ls -S copy/lane-0/snapshot-* | head -n 1)
printf '\377' | dd of="$snapshot" bs=1 seek=600 conv=notrunc status=none
expect_fault 'a damaged backup is refused' 1 "$snapshot, offset [0-9]+: .*damaged" \
    "$TUTTI" restore copy --data third
[ ! -e third ] && ok 'and nothing is made' || not_ok 'and nothing is made' 'third is there'
expect_fault 'what is no backup is refused' 1 'is not a whole backup' \
    "$TUTTI" restore data/lane-0 --data third

expect_fault 'nor is a data folder, whose log would be lost' 2 'data is a data folder, no backup' \
    "$TUTTI" restore data --data third
absent 'and nothing is made of it' third

# The first record of the log, 56 bytes into the first batch.
log=data/lane-0/log-0000000001.segment
printf '\377' | dd of="$log" bs=1 seek=$((4096 + 56 + 33)) conv=notrunc status=none
expect_fault 'doctor names the damage' 1 "data is damaged; .*--repair" "$TUTTI" doctor --data data
matches 'with file and offset' "DAMAGED: $log, offset 4152: records 1 to [0-9]+ are damaged or missing" out
run "$TUTTI" start --data data
matches 'a node does not start on it' "$log, offset 4152: .*tutti doctor --repair" err
check 'doctor repairs' "$TUTTI" doctor --repair --data data
matches 'it says what it did' 'log: cut, and good now, 0 records' out
[ -e "$log.damaged" ] && ok 'the rest is kept' || not_ok 'the rest is kept' "no $log.damaged"
check 'then all is good' "$TUTTI" doctor --data data
begin data
expect_answer 'and a node starts' '$-1' GET key:1
end -9

# Each shard's snapshot has its own place in the log; here the log is gone that they were ahead of.
begin again
for i in 1 2 3 4 5; do ask SET "key:$i" "late$i" >/dev/null; done
expect_answer 'snapshots are written' '+OK' SAVE
for i in 1 2 3 4 5; do ask SET "key:$i" "later$i" >/dev/null; done
end -9
for segment in again/lane-0/log-*.segment; do
    printf '\377' | dd of="$segment" bs=1 seek=$((4096 + 56 + 33)) conv=notrunc status=none
done
run "$TUTTI" doctor --repair --data again
equal 'doctor repairs below snapshots' "$status" 0
begin again
expect_answer 'what they have is there' 'late5' GET key:5
expect_answer 'and writing goes on' '+OK' SET key:5 anew
end -9
begin again
expect_answer 'and starting again' 'anew' GET key:5
end -9

# The copy of the registry is written a second later; without it nobody knows what is missing.
copied() {
    for _ in $(seq 200); do
        [ ! -e shards/registry.copy ] || return
        sleep 0.1
    done
}

# A shard has one snapshot: without it its keys are lost, and those of the others are not.
begin shards
for i in $(seq 40); do ask SET "key:$i" "value$i" >/dev/null; done
expect_answer 'snapshots are written' '+OK' SAVE
copied
end -TERM
broken=$(find shards/lane-0 -name 'snapshot-00005-*')
printf '\377' | dd of="$broken" bs=1 seek=3 conv=notrunc status=none
expect_fault 'a lost shard is named' 1 'shards is damaged; .*tutti restore' \
    "$TUTTI" doctor --data shards
matches 'with its slots' 'LOST: shard 5 .* slots 1280 to 1535' out
expect_fault 'it is not given up unasked' 1 "'tutti doctor --give-up'" \
    "$TUTTI" doctor --repair --data shards
check 'it is, when asked' "$TUTTI" doctor --give-up --data shards
matches 'and says so' 'it begins empty' out
begin shards
expect_answer 'a key of it is gone' '$-1' GET key:11
expect_answer 'it takes writes' '+OK' SET key:11 anew
expect_answer 'those of others are there' 'value37' GET key:37
end -TERM
begin shards
expect_answer 'and starting again' 'anew' GET key:11
end -TERM
check 'then all is good' "$TUTTI" doctor --data shards
rm shards/lane-0/snapshot-16384-*
expect_fault 'a lost root group' 1 'tutti recover --force' "$TUTTI" doctor --data shards
check 'is made anew' "$TUTTI" recover --data shards --force --yes
begin shards
expect_answer 'with all keys' 'anew' GET key:11
copied
end -TERM

# What the folder says of itself.
for file in tutti.data cluster.secret registry.copy; do
    rm -rf flipped
    cp -r shards flipped
    printf '~' | dd of=flipped/$file bs=1 seek=20 conv=notrunc status=none
    run "$TUTTI" doctor --data flipped
    cat err >>out
    equal "doctor finds a flipped byte of $file" "$status" 1
    matches "and names it ($file)" "flipped/$file is damaged: its byte 20 is" out
    expect_fault "a node does not start on it ($file)" 1 "flipped/$file is damaged: its byte 20" \
        "$TUTTI" start --data flipped
done

expect_fault 'a folder is needed' 2 'which folder' "$TUTTI" backup
expect_fault 'no data folder' 1 'nowhere is not a data folder' "$TUTTI" doctor --data nowhere
