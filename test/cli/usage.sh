#!/usr/bin/env bash
# Wrong command lines: each exits with 2, says what is wrong, and touches nothing.
. "$(dirname "$0")/../cli/lib.sh"

job=(mapreduce --map words --reduce count --input in.txt --output counts)
echo 'a b a' >in.txt

expect_fault 'an unknown subcommand' 2 "no subcommand 'mapredcue'; did you mean mapreduce" \
    "$TUTTI" mapredcue
expect_fault 'a subcommand like nothing' 2 "no subcommand 'frobnicate'$" "$TUTTI" frobnicate
expect_fault 'options without a subcommand' 2 "did you mean tutti mapreduce --map" \
    "$TUTTI" --map words --reduce count
expect_fault "Hadoop's words without one" 2 "did you mean tutti mapreduce hadoop" \
    "$TUTTI" hadoop jar x.jar -input in.txt
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
expect_fault 'a missing -file' 2 'file nowhere.py: there is no such file' \
    "$TUTTI" mapreduce -input in.txt -output counts -mapper nowhere.py -file nowhere.py
expect_fault 'a Java class' 2 'is a Java class' \
    "$TUTTI" mapreduce -input in.txt -output counts -mapper org.example.Words
expect_fault 'an unknown map operator' 2 'wrods' \
    "$TUTTI" mapreduce --map wrods --reduce count --input in.txt --output counts
expect_fault 'an unknown reduce operator' 2 'cuont' \
    "$TUTTI" mapreduce --map words --reduce cuont --input in.txt --output counts
expect_fault 'a sum of what has no values' 2 'words gives keys without values.*--reduce count' \
    "$TUTTI" mapreduce --map words --reduce sum --input in.txt --output counts
expect_fault 'a folder for spills that is not there' 1 '/no/such: .*name another folder with --tmp' \
    "$TUTTI" "${job[@]}" --tmp /no/such
expect_fault 'a file in place of that folder' 1 'in.txt is not a folder' \
    "$TUTTI" "${job[@]}" --tmp in.txt
expect_fault 'an output in a folder that is not there' 1 "no folder no/such; .*mkdir -p 'no/such'" \
    "$TUTTI" "${job[@]}" --output no/such/counts
absent 'nothing was made' counts

# --force removes what was there: never an input.
mkdir -p 'a folder'
printf 'ä\n' >$'a folder/ö \n1'
cp in.txt kept
expect_fault 'an input as the output' 2 '--force would remove the input in.txt' \
    "$TUTTI" "${job[@]}" --output in.txt --force
same 'which stays' in.txt kept
expect_fault 'the folder of an input as the output' 2 '--force would remove the input' \
    "$TUTTI" "${job[@]}" --input 'a folder' --output 'a folder/' --force
ln -s 'a folder' link
expect_fault 'the same through a link' 2 '--force would remove the input' \
    "$TUTTI" "${job[@]}" --input link --output 'a folder' --force
expect_fault 'a folder above it' 2 '--force would remove the input' \
    "$TUTTI" "${job[@]}" --output . --force
check 'an output within an input' \
    "$TUTTI" "${job[@]}" --input . --output ./counts --reducers 1 --quiet
expect_fault 'is not read and replaced at once' 2 '--force would remove the input ./counts/part' \
    "$TUTTI" "${job[@]}" --input . --output ./counts --force
rm -rf counts 'a folder' link
check 'names of any bytes' "$TUTTI" "${job[@]}" --input in.txt --output $'c\nö ü' --quiet
check 'are replaced too' "$TUTTI" "${job[@]}" --output $'c\nö ü' --force --quiet
check 'help as a word' "$TUTTI" mapreduce help
matches 'is help' '^Usage: tutti mapreduce' out
check 'nothing that fits' "$TUTTI" "${job[@]}" --map 'regex:(zzz)' --output none
matches 'has a note' 'note .*does --map fit them' err
mkdir empty
check 'no file at all' "$TUTTI" mapreduce --map words --reduce count --input empty --output no-file
matches 'has one too' 'note .*the inputs hold no file' err

expect_exit 'warnings do not stop a job' 0 \
    "$TUTTI" "${job[@]}" -D mapreduce.map.memory.mb=512
matches 'but are shown' 'warning: -D mapreduce.map.memory.mb has no effect' err
expect_exit 'reducers without reduce' 0 \
    "$TUTTI" mapreduce --map words --reduce none --reducers 2 --input in.txt --output maps
matches 'warn too' 'warning: --reducers has no effect with --reduce none' err
echo 'exec cat' >map.sh
expect_fault 'a script without ./' 1 'map.sh: not found|a command was not found' \
    "$TUTTI" mapreduce -input in.txt -output scripts -mapper map.sh -reducer NONE
matches 'is told of ./' 'warning: -mapper map.sh is looked for in PATH; .* say ./map.sh' err
expect_fault 'a plan is looked at, or moves are paused' 2 'not both' \
    "$TUTTI" rebalance --dry-run --pause
expect_fault 'an output that exists has a status of its own' 3 counts "$TUTTI" "${job[@]}"
expect_fault 'a missing input is a failure' 1 'nowhere.txt' \
    "$TUTTI" mapreduce --map words --reduce count --input nowhere.txt --output other
absent 'and makes nothing' other
