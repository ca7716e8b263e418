# killed.sh -- SIGKILL at random moments: an output folder is whole, or not there.
. "$(dirname "$0")/lib.sh"

mkdir tmp
seq 1 200000 >in
times=50 parts=8
[ -z "${TUTTI_LONG:-}" ] || times=2000
RANDOM=${FAULT_SEED:-20250}

job=("$TUTTI" mapreduce --map line --reduce count --input in --output out.d --tmp tmp
    --reducers $parts --memory 2M --workers 2 --quiet)
began=${EPOCHREALTIME/./}
"${job[@]}" || exit 1
took=$((${EPOCHREALTIME/./} - began))
whole=$(cat out.d/part-* | sort | sha256sum)
rm -rf out.d

# is_whole: all parts and the sign are there, with all that they should hold.
is_whole() {
    [ -e out.d/_SUCCESS ] && [ "$(find out.d -name 'part-*' | wc -l)" -eq $parts ] &&
        [ "$(find out.d -mindepth 1 | wc -l)" -eq $((parts + 1)) ] &&
        [ "$(cat out.d/part-* | sort | sha256sum)" = "$whole" ]
}

# kill_at_random: starts the job, and kills it at a moment from at once to somewhat after its end. How
# long a job takes changes with what else the machine does: what was there after one kill says when
# the next is due.
kill_at_random() { # kill_at_random [OPTION…]
    "${job[@]}" "$@" 2>/dev/null &
    local pid=$! after=$((RANDOM * took / 25000))
    sleep $((after / 1000000)).$(printf %06d $((after % 1000000)))
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
}
came_early() { took=$((took * 11 / 10)); }
came_late() { took=$((took * 9 / 10)); }

absent=0 present=0 broken=0
for ((i = 0; i < times; i++)); do
    kill_at_random
    if [ ! -e out.d ]; then
        absent=$((absent + 1))
        came_early
    elif is_whole; then
        present=$((present + 1))
        came_late
    else
        broken=$((broken + 1))
    fi
    rm -rf out.d
done
equal "never is an output there that is not whole" $broken 0
equal "some kills came before the end, and some after" "$((absent > 0)) $((present > 0))" "1 1"
nothing_left "and nothing is left aside"

# The same over an output that is replaced: the old one or the new one, whole.
mkdir old && echo kept >old/part-00000 && touch old/_SUCCESS
bad=0 old=0
for ((i = 0; i < times / 2; i++)); do
    cp -r old out.d
    kill_at_random --force
    if diff -r old out.d >/dev/null; then
        old=$((old + 1))
        came_early
    else
        is_whole || bad=$((bad + 1))
        came_late
    fi
    rm -rf out.d
done
equal "with --force it is the old one or the new one, whole" $bad 0
equal "and the old one at least once" "$((old > 0))" 1
nothing_left "and nothing is left aside here either"
