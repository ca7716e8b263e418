# memory.sh -- the peak stays within the budget and 64 MiB, whatever the input. TUTTI_LONG=1 takes
# inputs of gigabytes (make soak).
. "$(dirname "$0")/lib.sh"
CHECK_SECONDS_MAX=600

[ -z "$SANITIZED" ] || { skip "memory" "a sanitizer takes memory of its own" && exit; }
mkdir tmp
many=300000 values=2000000
[ -z "${TUTTI_LONG:-}" ] || many=20000000 values=100000000

# bounded NAME MIB OPTION…: the job is done within a budget of MIB.
bounded() {
    local name=$1 mib=$2
    run "$TUTTI" mapreduce --memory "${mib}M" --tmp tmp --output out.d --no-fsync --quiet --json "${@:3}"
    rm -rf out.d
    if [ "$status" -ne 0 ]; then
        not_ok "$name" "exit $status; $(tail -c 400 err)"
        return
    fi
    local peak=$(($(number out peak_rss_bytes) >> 20))
    if [ "$peak" -le $((mib + 64)) ]; then ok "$name"; else
        not_ok "$name" "$peak MiB at the peak, of a budget of $mib MiB and 64"
    fi
}

# spilled: the job before had more than memory holds, or the check before says nothing.
spilled() {
    equal "and it spilled" "$([ "$(number out spills)" -gt 0 ] && echo yes)" yes
}

seq 1 $many >keys
bounded "many keys" 4 --map line --reduce count --input keys
spilled
bounded "many keys, one worker" 4 --map line --reduce count --input keys --workers 1
bounded "many keys, many workers" 16 --map line --reduce count --input keys --workers 32
bounded "many keys, many parts" 4 --map line --reduce count --input keys --reducers 1000
bounded "many keys, ordered by value" 4 --map line --reduce count --input keys --order value:desc
spilled
bounded "many keys, in ranges" 4 --map line --reduce sort --input keys --total-order --reducers 8
bounded "many keys through a combiner" 4 --map line --reduce cmd:cat --combine cmd:cat --input keys
bounded "many keys, compressed" 4 --map line --reduce none --compress zst --input keys
bounded "many keys, cut into many splits" 4 --map line --reduce count --input keys --split-size 16k

seq 1 $values | sed 's/^/k\t/' >values
for reduce in list sort distinct top:5 first sum count cmd:'wc -l'; do
    bounded "one key with all values: $reduce" 4 --map field:1,2 --reduce "$reduce" --input values
done
bounded "one key with one value" 4 --map field:1,2 --reduce distinct --input <(yes "k v" | head -n $values)

awk 'BEGIN { for (i = 0; i < 40; i++) { printf "%d", i; for (j = 0; j < 20000; j++) printf " %d", j * i; print "" } }' >wide
for reduce in sort list distinct first; do
    bounded "records of some hundred kilobytes: $reduce" 8 --map line --reduce "$reduce" --input wide
done
bounded "such records through commands" 8 --map cmd:cat --reduce cmd:cat --input wide
bounded "such records by value" 16 --map field:1,0 --reduce first --input wide --order value

long_line() { head -c "${1}M" /dev/zero | tr '\0' a; }
line_mib=1024 record=20
[ -n "${TUTTI_LONG:-}" ] || line_mib=200
long_line $line_mib | {
    /usr/bin/env time -f %M -o peak "$TUTTI" mapreduce --map words --reduce count --input - \
        --memory 256M --workers 2 --output out.d --quiet 2>err
    echo $? >status
    cat >/dev/null
} 2>/dev/null
if [ -e peak ]; then
    equal "a line beyond all bounds fails" "$(cat status)" 1
    matches "saying what bounds it" "byte 0: a record is longer than [0-9]+ bytes; allow more with --m" err
    equal "without being held" "$(($(tail -n 1 peak) / 1024 < 256 + 64))" 1
else
    skip "a line beyond all bounds" "this machine has no time command"
fi
run bash -c 'head -c '"$line_mib"'M /dev/zero | tr "\0" a | "$@"' - "$TUTTI" mapreduce --map words \
    --reduce count --input - --memory 8M --output out.d --quiet --skip-bad 1 --json
equal "or is passed over" "$status $(number out bad_records)" "0 1"
equal "in little memory" "$(($(number out peak_rss_bytes) >> 20 < 72))" 1
rm -rf out.d
expect_fault "--max-record bounds it where memory does not" 1 'longer than 1000 bytes.*--max-record' \
    "$TUTTI" mapreduce --map line --reduce count --input wide --max-record 1000 --output out.d
(long_line $record && echo && long_line $record) >two
bounded "records near the bound" 300 --map line --reduce sort --input two --workers 2

mkdir files
for i in $(seq 1 3000); do echo "word $i"; done | (cd files && split -l 1 -a 3 - f)
bounded "thousands of files" 4 --map words --reduce count --input files
bounded "thousands of files, each a task" 4 --map words --reduce count --input files --pack never
bounded "thousands of files and a thousand parts" 8 --map words --reduce count --input files \
    --pack never --reducers 1000

# Windows to decompress in are memory too.
if has xz "a large window of xz" && has zstd "a large window of zstd"; then
    mkdir packed
    for i in 1 2 3; do
        (cat keys && long_line 70) | xz -0 --lzma2=preset=0,dict=64MiB >packed/$i.xz
        (cat keys && long_line 140) | zstd -q --long=27 -1 >packed/$i.zst
    done
    window=("$TUTTI" mapreduce --map regex:^77 --reduce count --output out.d --quiet --workers 2)
    expect_fault "a window over the budget" 1 'xz takes a window of more than 20 MiB.*--memory' \
        "${window[@]}" --input packed/1.xz --memory 16M
    expect_fault "a window over the budget, of zstd" 1 'zst takes a window of more than 20 MiB' \
        "${window[@]}" --input packed/1.zst --memory 16M
    expect_fault "is no bad record to pass over" 1 'window' \
        "${window[@]}" --input packed/1.zst --memory 16M --skip-bad 9
    bounded "windows of 64 MiB" 400 --map regex:^77 --reduce count --input 'packed/*.xz' --skip-bad 3
    bounded "windows of 128 MiB" 800 --map regex:^77 --reduce count --input 'packed/*.zst' --skip-bad 3
fi
