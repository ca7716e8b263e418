#!/usr/bin/env bash
# What a job says: progress, summary, JSON; and how a signal ends it.
. "$(dirname "$0")/../cli/lib.sh"

printf 'b a\na c\n' >in.txt
job=(mapreduce --map words --reduce count --input in.txt)

expect_exit 'a job' 0 "$TUTTI" "${job[@]}" --output one
equal 'says nothing on stdout' "$(wc -c <out)" 0
matches 'says what it read' '^  read +8 bytes of 1 file in 1 split' err
matches 'and how many keys there were' '^  keys +3 distinct' err
matches 'and where the output is' '^  output +one, ' err

expect_exit 'a quiet job' 0 "$TUTTI" "${job[@]}" --output two --quiet
equal 'says nothing at all' "$(cat out err | wc -c)" 0

expect_exit 'a job with JSON' 0 "$TUTTI" "${job[@]}" --output three --json
cp out three.json
equal 'has no other summary' "$(wc -c <err)" 0
if has python3 'the JSON can be read'; then
    check 'the JSON can be read' python3 -c 'import json, sys
done = json.load(open("three.json"))
assert done["status"] == "done" and done["keys"] == 3 and done["records_in"] == 2, done
assert done["bytes_read"] == 8 and done["output"] == "three" and done["counters"] == [], done'
fi
expect_exit 'JSON of a stream' 0 "$TUTTI" "${job[@]}" --output - --json
equal 'goes to stderr' "$(head -c 1 err)" '{'
equal 'and the data to stdout' "$(sort out | tr '\t\n' ': ')" 'a:2 b:1 c:1 '
expect_exit 'JSON of a failure' 1 "$TUTTI" mapreduce --map 'cmd:exit 7' --reduce none \
    --input in.txt --output four --attempts 1 --json
matches 'says that it failed' '"status": "failed"' out
matches 'and why, for people too' '^tutti: .*status 7' err

seq 1 300000 >many.txt
"$TUTTI" mapreduce --map line --reduce count --input many.txt --output - --quiet 2>head.err |
    head -n 1 >/dev/null
equal 'a reader that leaves' "${PIPESTATUS[0]} $(wc -c <head.err)" '141 0'

# A signal: the command would take a minute; it and its children are gone at once.
stopped() { # NAME SIGNAL STATUS
    "$TUTTI" mapreduce --map 'cmd:echo $$ >pid; sleep 60' --reduce none --input in.txt \
        --output late --quiet 2>err &
    local pid=$! waits=0
    until [ -s pid ] || [ $((waits += 1)) -gt 500 ]; do sleep 0.02; done
    kill -s "$2" "$pid"
    wait "$pid"
    equal "$1" $? "$3"
    matches "$1: it says so" "stopped by .*SIG$2" err
    equal "$1: nothing is left" "$(find . -name '*late*')" ''
    if kill -0 "$(cat pid)" 2>/dev/null; then not_ok "$1: the child is gone" 'it lives'; else
        ok "$1: the child is gone"
    fi
    rm -f pid
}
stopped 'Ctrl-C' INT 130
stopped 'a request to end' TERM 143
stopped 'a closed terminal' HUP 129

if has script 'a terminal sees one line that is painted over'; then
    run script -qec "stty cols 60; TERM=xterm '$TUTTI' mapreduce --map 'cmd:sleep 1; cat' \
        --reduce none --input in.txt --output seen" typescript
    tr '\r' '\n' <typescript >lines
    matches 'a terminal sees one line that is painted over' '^.\[K.*map [0-9]+%' lines
    matches 'and then the summary' '^.\[Kdone in 1\.' lines
    equal 'no line is wider than the terminal' \
        "$(sed 's/\x1b\[[0-9]*[mK]//g' lines | awk 'length > 60 && !/^  |Script/' | wc -l)" 0
fi
