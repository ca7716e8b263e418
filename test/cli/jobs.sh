#!/usr/bin/env bash
# What a job does besides its result: exit statuses, folders, what it leaves behind, its summary.
. "$(dirname "$0")/../cli/lib.sh"

mkdir in tmp
printf 'a 1\nb x\na 2\nc\n\nb 4\n' >in/f
sum=("$TUTTI" mapreduce --map 'field:1,2' --reduce sum --input in --tmp tmp --reducers 1)
words=("$TUTTI" mapreduce --map words --reduce count --input in --tmp tmp)

# nothing_left NAME: no hidden folder beside the output, and nothing in --tmp.
nothing_left() { equal "$1" "$(find tmp . -mindepth 1 -path '*tutti-*')$(ls tmp)" ''; }

# fields FILE NAME…: values in a summary; the whole of it must be JSON, to a strict reader.
fields() {
    PYTHONIOENCODING=ascii:backslashreplace python3 -c 'import json, sys
summary = json.load(open(sys.argv[1]))
print(*(summary[name] for name in sys.argv[2:]))' "$@" 2>&1
}

# --- failure leaves nothing
expect_fault 'a bad record fails the job' 1 'in/f, byte 4: .*"x" is not a number' \
    "${sum[@]}" --output made
absent 'without an output folder' made
nothing_left 'and nothing is left of it'
expect_fault 'a command that fails' 1 'exited with status 7' \
    "$TUTTI" mapreduce --map 'cmd:exit 7' --reduce count --input in --output made --tmp tmp
absent 'no output of it either' made
nothing_left 'nothing is left of the command'
expect_fault 'a reducer that fails after it wrote' 1 'exited with status 9' \
    "$TUTTI" mapreduce --map words --reduce 'cmd:cat; exit 9' --input in --output made --tmp tmp
absent 'no part of it is shown' made
nothing_left 'nothing is left of the reducer'
expect_fault 'a folder to write in that is missing' 1 'nowhere' "${words[@]}" --output nowhere/out
expect_fault 'a --tmp that is missing' 1 'nowhere' "${words[@]}" --tmp nowhere --output -

# --- bad records
expect_fault 'one too few tolerated' 1 'more than 1 bad records' \
    "${sum[@]}" --output made --skip-bad 1
absent 'makes nothing' made
check 'as many as there are' "${sum[@]}" --output made --skip-bad 2
matches 'are reported' '^  bad +2 records passed over; the first: in/f, byte 4: ' err
printf 'a\t3\nb\t4\n' >want
same 'and the others counted' made/part-00000 want
check 'in JSON' "${sum[@]}" --output made --skip-bad 5 --force --json --reducers 3 --workers 2
equal 'too' "$(fields out bad_records first_bad_record)" \
    '2 in/f, byte 4: the value "x" is not a number'

# --- the summary in JSON
equal 'its numbers' "$(fields out status output parts files splits bytes_read records_in keys \
    records_out bytes_out workers failed_attempts spilled_bytes)" \
    "done made 3 1 1 $(stat -c %s in/f) 6 2 2 8 2 0 0"
equal 'stderr says nothing then' "$(cat err)" ''
printf '\xff"\\\n' >'odd"name'
counter=$'reporter:counter:"g\xff\\\\,\x01,1\\n'
check 'odd bytes' "$TUTTI" mapreduce --map "cmd:printf '$counter' >&2" --reduce count \
    --input 'odd"name' --output odd --json
equal 'are JSON as well' "$(fields out counters)" \
    "[{'group': '\"g\\ufffd\\\\', 'name': '\\x01', 'amount': 1}]"
run "${sum[@]}" --output made --force --json
equal 'a failure in JSON' "$(fields out status error)" 'failed BAD_RECORD'
check 'with --output - it goes to stderr' "${words[@]}" --output - --json
equal 'and is JSON there' "$(fields err status output records_out)" 'done - 7'
check '--quiet' "${words[@]}" --output quiet --quiet
equal 'says nothing at all' "$(cat out err)" ''

# --- a folder that is there already
cp -r made kept
expect_fault 'an output that exists' 3 'made exists already.*--force' "${words[@]}" --output made
expect_fault 'also with a slash behind it' 3 'made exists already' "${words[@]}" --output made/
same 'stays as it is' made/part-00000 kept/part-00000
expect_fault 'and when a job with --force fails' 1 'not a number' "${sum[@]}" --output made --force
equal 'also all of it' "$(diff -r made kept)" ''
mkdir home && echo precious > home/thesis
expect_fault 'a folder that no job has made' 3 'holds something else: thesis' \
    "${words[@]}" --output home --force
check 'which is left alone' grep -q precious home/thesis
rm -r home
check 'a job that does not replaces it' "${words[@]}" --output made --force --reducers 1
equal 'whole' "$(cd made && echo .[!.]* *)" '.[!.]* _SUCCESS part-00000'
nothing_left 'and the old one is gone'
mkdir empty
expect_fault 'an empty folder exists too' 3 'empty exists already' "${words[@]}" --output empty
touch file
expect_fault 'and so does a file' 3 'file exists already' "${words[@]}" --output file

# --- a stream whose reader goes away
seq 200000 >many
"$TUTTI" mapreduce --map line --reduce sort --input many --output - --tmp tmp 2>err |
    head -n 1 >first
equal 'head -n 1 ends it by 141' "${PIPESTATUS[0]}" 141
equal 'with the first line through' "$(cat first)" 1
equal 'and not a word' "$(cat err)" ''
nothing_left 'and nothing left'
"$TUTTI" mapreduce --map 'cmd:cat' --reduce none --input many --output - --tmp tmp 2>err | true
equal 'a reader that reads nothing' "${PIPESTATUS[0]}" 141
"${words[@]}" --output - 2>err >/dev/full
equal 'a stream that takes nothing is a failure' $? 1
matches 'that is told' 'No space left' err

# --- what can be read only once
printf 'c\nb\na\n' >lines
printf 'a\t1\nb\t1\nc\t1\n' >want
"$TUTTI" mapreduce --map line --reduce count --input - --reducers 2 --total-order \
    --output piped --quiet <lines
equal 'a total order over standard input' $? 0
cat piped/part-* >got
same 'loses nothing to the sample' got want
mkfifo pipe
cat lines >pipe &
expect_fault 'a task on a pipe is not tried again' 1 'attempt 1: .*status 5' \
    "$TUTTI" mapreduce --map 'cmd:cat; exit 5' --reduce count --input pipe --output -
check 'an empty folder is a job' "$TUTTI" mapreduce --map words --reduce count --input empty \
    --output nothing --reducers 2
equal 'with empty parts' "$(cd nothing && echo * && cat part*)" \
    '_SUCCESS part-00000 part-00001'
