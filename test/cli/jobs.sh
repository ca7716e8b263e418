#!/usr/bin/env bash
# What a job does besides its result: exit statuses, folders, what it leaves behind, its summary.
. "$(dirname "$0")/../cli/lib.sh"

mkdir in tmp
printf 'a 1\nb x\na 2\nc\n\nb 4\n' >in/f
job=("$TUTTI" mapreduce --map field:1,2 --reduce sum --input in --tmp tmp)
words=("$TUTTI" mapreduce --map words --reduce count --input in --tmp tmp)

# nothing_left NAME: no hidden folder beside the output, and nothing in --tmp.
nothing_left() { equal "$1" "$(ls -A tmp; ls -A | grep -F tutti-)" ''; }

# A field of the JSON in FILE; a strict reader must accept all of it.
field() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

# --- failure leaves nothing
expect_fault 'a bad record fails the job' 1 'in/f, byte 4: .*"x" is not a number' \
    "${job[@]}" --output out
absent 'without an output folder' out
nothing_left 'and nothing is left of it'
expect_fault 'a command that fails' 1 'exited with status 7' \
    "$TUTTI" mapreduce --map 'cmd:exit 7' --reduce count --input in --output out --tmp tmp
absent 'no output of it either' out
nothing_left 'nothing is left of the command'
expect_fault 'a reducer that fails after it wrote' 1 'exited with status 9' \
    "$TUTTI" mapreduce --map words --reduce 'cmd:cat; exit 9' --input in --output out --tmp tmp
absent 'no part of it is shown' out
nothing_left 'nothing is left of the reducer'
expect_fault 'a folder to write in that is missing' 1 'nowhere' "${words[@]}" --output nowhere/out
expect_fault 'a --tmp that is missing' 1 'nowhere' \
    "$TUTTI" mapreduce --map words --reduce count --input in --tmp nowhere --output -

# --- bad records
expect_fault 'one too few tolerated' 1 'more than 1 bad records' "${job[@]}" --output out --skip-bad 1
check 'as many as there are' "${job[@]}" --output out --reducers 1 --skip-bad 2 --json
cp out/part-00000 got
printf 'a\t3\nb\t4\n' >want
