# wordcount.sh -- the first job of all, against tr, sort and uniq, over files of this project.
. "$(dirname "$0")/../cli/lib.sh"

mkdir in
cp -r "$ROOT/src" "$ROOT/README.md" in/ 2>/dev/null
printf 'no newline at the end' >in/last
find in -type f -print0 | sort -z | xargs -0 -I{} sh -c 'cat "{}"; echo' |
    tr -s ' \t\r\f\v' '\n' | grep -v '^$' | sort | uniq -c | awk '{ print $2 "\t" $1 }' >want
# by number, most first; the same number by word
sort -t "$(printf '\t')" -k2,2nr -k1,1 want >want.by_value

job=("$TUTTI" mapreduce --map words --reduce count --input in)

check "a job over a folder ends well" "${job[@]}" --reducers 1 --output one
same "it counts what uniq counts" one/part-00000 want
check "two workers and four parts" "${job[@]}" --workers 2 --reducers 4 --output four
sort four/part-0000? >got
same "they count the same" got want
equal "four parts and a sign that they are whole" \
    "$(cd four && echo *)" "_SUCCESS part-00000 part-00001 part-00002 part-00003"
check "most frequent first" "${job[@]}" --reducers 1 --order value:desc --output by_value
same "in the order of the counts" by_value/part-00000 want.by_value
expect_output "one stream instead of a folder" want "${job[@]}" --reducers 1 --output - --quiet
cp -r one kept
run "${job[@]}" --reducers 2 --output one
equal "a folder that exists is not overwritten" "$([ "$status" -ne 0 ] && diff -r one kept)" ""
check "unless --force says so" "${job[@]}" --reducers 2 --output one --force
equal "and then it is replaced whole" "$(cd one && echo *)" "_SUCCESS part-00000 part-00001"
