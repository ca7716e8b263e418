#!/usr/bin/env bash
# Wrong command lines: each exits with 2, says what is wrong, and touches nothing.
. "$(dirname "$0")/../cli/lib.sh"

job=(mapreduce --map words --reduce count --input in.txt --output counts)
echo 'a b a' >in.txt

expect_fault 'an unknown subcommand' 2 "no subcommand 'mapredcue'; did you mean mapreduce" \
    "$TUTTI" mapredcue
expect_fault 'a subcommand like nothing' 2 "no subcommand 'frobnicate'$" "$TUTTI" frobnicate
expect_fault 'help on nothing' 2 "no subcommand 'nonsense'" "$TUTTI" help nonsense
expect_fault 'nothing given' 2 '--map, --reduce, --input, --output are missing' "$TUTTI" mapreduce
matches 'it shows the shortest command' '^    tutti mapreduce --map words --reduce count' err
expect_fault 'an unknown option' 2 'no option --worker; did you mean --workers' \
    "$TUTTI" "${job[@]}" --worker 2
expect_fault 'a lone word' 2 "'in.txt' stands alone.*--input 'in.txt'" "$TUTTI" mapreduce in.txt
expect_fault 'a wrong number' 2 "workers is 'x': it must be a whole number" \
    "$TUTTI" "${job[@]}" --workers x
expect_fault 'a wrong size' 2 "memory is '1Q': it must be a size" "$TUTTI" "${job[@]}" --memory=1Q
expect_fault 'a wrong word' 2 'it must be key, value or value:desc' \
    "$TUTTI" "${job[@]}" --order size
expect_fault 'a missing value' 2 'output needs a value: --output DIR' \
    "$TUTTI" mapreduce --map words --output
expect_fault 'a missing -file' 2 'file nowhere.py: it does not exist' \
    "$TUTTI" mapreduce -input in.txt -output counts -mapper nowhere.py -file nowhere.py
expect_fault 'a Java class' 2 'is a Java class' \
    "$TUTTI" mapreduce -input in.txt -output counts -mapper org.example.Words
expect_fault 'an unknown map operator' 2 'wrods' \
    "$TUTTI" mapreduce --map wrods --reduce count --input in.txt --output counts
expect_fault 'an unknown reduce operator' 2 'cuont' \
    "$TUTTI" mapreduce --map words --reduce cuont --input in.txt --output counts
absent 'nothing was made' counts

expect_exit 'warnings do not stop a job' 0 \
    "$TUTTI" "${job[@]}" -D mapreduce.map.memory.mb=512
matches 'but are shown' 'warning: -D mapreduce.map.memory.mb has no effect' err
expect_fault 'an output that exists has a status of its own' 3 counts "$TUTTI" "${job[@]}"
expect_fault 'a missing input is a failure' 1 'nowhere.txt' \
    "$TUTTI" mapreduce --map words --reduce count --input nowhere.txt --output other
absent 'and makes nothing' other
