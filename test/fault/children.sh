# children.sh -- commands and plug-ins that die, fail, are not there, or fail once and then work.
. "$(dirname "$0")/lib.sh"

seq 1 1000 >in
count=("$TUTTI" mapreduce --input in --output out.d --reduce count)
reduce=("$TUTTI" mapreduce --input in --output out.d --map line --reducers 1)

expect_fault "a map command that is killed is named with its signal" 1 \
    'killed by signal 9 \(Killed\)' "${count[@]}" --map 'cmd:echo dying >&2; kill -9 $$'
matches "with the input and its bytes" 'map of in, bytes 0 to [0-9]+|map of in failed' err
matches "how often it was tried" 'all 3 attempts' err
matches "and what it said last" 'its last words: dying' err
nothing_left "there is no output and nothing aside"

split -n l/2 in part. && cat part.a? >big && for _ in $(seq 1 400); do cat in; done >>big
expect_fault "a split of a large file is named with its bytes" 1 \
    'map of big, bytes 0 to [0-9]+ ' "$TUTTI" mapreduce --input big --output out.d --reduce none \
    --split-size 512k --workers 1 --map 'cmd:kill -9 $$'

expect_fault "a reduce command that is killed" 1 \
    'reduce of partition 0 failed at all 3 attempts.*signal 9' "${reduce[@]}" \
    --reduce 'cmd:cat >/dev/null; kill -9 $$'
nothing_left "leaves nothing"
expect_fault "--attempts decides how often" 1 'all 2 attempts' "${reduce[@]}" --attempts 2 \
    --reduce 'cmd:echo x >>tries; kill -9 $$'
equal "and that often it was tried" "$(wc -l <tries)" 2

expect_fault "a status that is not 0" 1 'exited with status 3' "${count[@]}" \
    --map 'cmd:seq 1 5000 >&2; echo the end >&2; exit 3'
matches "comes with the end of a long stderr" '^the end$' err
equal "of 4 KiB and no more" "$(($(wc -c <err) < 4096 + 600))" 1

expect_fault "a crash" 1 'signal 11 \(Segmentation fault\)' "${count[@]}" --map 'cmd:kill -SEGV $$'
expect_fault "a command that is not there" 1 'not found' "${count[@]}" --map cmd:no-such-command
expect_fault "a reduce command that is not there" 1 'not found' "${reduce[@]}" \
    --reduce cmd:no-such-command

flaky='cmd:n=$(wc -l <tries 2>/dev/null); echo x >>tries; [ "${n:-0}" -gt 0 ] || { cat >/dev/null; exit 9; }; cat'
rm -f tries
check "a map that fails once and then works is a job well done" "${count[@]}" --workers 1 --json \
    --map "$flaky"
equal "with one failed attempt" "$(number out failed_attempts)" 1
equal "whose records count once" "$(number out records_in)" 1000
rm -rf tries out.d
check "a reduce that fails once" "${reduce[@]}" --json --reduce "$flaky"
equal "with one failed attempt" "$(number out failed_attempts)" 1
sort in | sed 's/$/\t/' >want
same "whose lines are there once" out.d/part-00000 want
rm -rf out.d

plugin=so:$PLUGINS/words_plugin.so
if [ -e "$PLUGINS/words_plugin.so" ]; then
    expect_fault "a plug-in that crashes" 1 'killed by signal (6|11)|exited with status 1' \
        env WORDS_PLUGIN=crash "${count[@]}" --map "$plugin"
    matches "is tried again too" 'all 3 attempts' err
    expect_fault "a plug-in that refuses" 1 'returned 7' env WORDS_PLUGIN=refuse \
        "${count[@]}" --map "$plugin"
    nothing_left "and nothing is left"
else
    skip "plug-ins that crash" "make plugins has not been run"
fi

export FAULT_MARK=children.$$
expect_fault "a job that fails ends the commands of its other tasks" 1 'status 7' \
    "$TUTTI" mapreduce --input in --input big --output out.d --pack never --reduce none --attempts 1 \
    --map 'cmd:case $mapreduce_map_input_file in in) sleep 0.2; exit 7;; *) sleep 300; esac'
none_alive "and what they had started" "$FAULT_MARK"
