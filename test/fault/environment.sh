# environment.sh -- started with little: no streams, few descriptors, little memory, no threads.
. "$(dirname "$0")/lib.sh"
CHECK_SECONDS_MAX=60 # two thousand commands one after the other, beside whatever else runs

mkdir tmp
seq 1 20000 >in
sed 's/$/\t1/' in | sort >want
job=("$TUTTI" mapreduce --input in --map line --reduce count --reducers 1 --tmp tmp --quiet)

# closed NAME REDIRECTION OPTION…: the job works with a stream closed, and its output is right.
closed() {
    local name=$1 streams=$2
    run bash -c '"$@" '"$streams" - "${job[@]}" "${@:3}" --output out.d
    equal "$name: exit status" "$status" 0
    same "$name: the output" out.d/part-00000 want
    rm -rf out.d
}
closed "no standard input" '<&-'
closed "no standard output" '>&-'
closed "no standard error" '2>&-'
closed "none of them" '<&- >&- 2>&-'
closed "none of them, with commands" '<&- >&- 2>&-' --map cmd:cat --reduce 'cmd:sed "s/$/1/"'
closed "none of them, spilling" '<&- >&- 2>&-' --memory 1M
expect_fault "standard input that is closed, as input" 1 'standard input.*Bad file descriptor' \
    bash -c '"$@" <&-' - "$TUTTI" mapreduce --map line --reduce count --input - --output out.d
nothing_left "is an error, and nothing is left"
expect_fault "standard output that is closed, as output" 1 'standard output.*Bad file descriptor' \
    bash -c '"$@" >&-' - "${job[@]}" --output -
expect_fault "a summary that cannot be written" 1 'summary could not be written' \
    bash -c '"$@" --json >/dev/full' - "${job[@]}" --output out.d
check "the output is there then" test -e out.d/_SUCCESS
rm -rf out.d
run bash -c '"$@" | head -n 1' - "${job[@]}" --output -
equal "a reader that goes is no fuss" "$(cat err)" ""
run bash -c 'set -o pipefail; yes | head -n 300000 | "$@" | true' - "$TUTTI" mapreduce --map line \
    --reduce sort --input - --output - --quiet
equal "and has a status of its own" "$status" 141

fits() { # fits NAME ULIMIT OPTION…: it works under the limit
    run bash -c "ulimit $2 || exit 99; exec \"\$@\"" - "${job[@]}" "${@:3}" --output out.d
    equal "$1: exit status" "$status$(tail -c 300 err)" 0
    same "$1: the output" out.d/part-00000 want
    rm -rf out.d
}
lacks() { # lacks NAME ULIMIT REGEX OPTION…: it fails under the limit, and says why
    run bash -c "ulimit $2 || exit 99; exec \"\$@\"" - "${job[@]}" "${@:4}" --output out.d
    equal "$1: exit status" "$status" 1
    matches "$1: the reason" "$3" err
    nothing_left "$1: nothing is left"
}
mkdir files && split -l 10 -a 4 in files/f
job=("$TUTTI" mapreduce --input files --map line --reduce count --reducers 1 --tmp tmp --quiet)
fits "32 descriptors, 2 workers, 2000 files" '-n 32' --workers 2
fits "64 descriptors, 8 workers, 2000 files" '-n 64' --workers 8
fits "32 descriptors, spilling" '-n 32' --workers 2 --memory 1M
fits "64 descriptors, commands" '-n 64' --workers 2 --map cmd:cat
lacks "12 descriptors, 8 workers" '-n 12' 'Too many open files.*ulimit -n' --workers 8
lacks "20 descriptors, 8 commands" '-n 24' 'Too many open files.*ulimit -n' --workers 8 --map cmd:cat \
    --split-size 4k
if [ -z "$SANITIZED" ]; then
    fits "little address space" '-v 300000' --workers 2 --memory 32M
    lacks "too little address space" '-v 60000' 'memory.*(--memory|ulimit)' --workers 2 --memory 64M
    lacks "far too little address space" '-v 30000' 'memory.*(--memory|ulimit)|worker thread' \
        --workers 8 --memory 16M
    lacks "no room for a thread's stack" '-s 1000000000 -v 400000' 'worker thread' --workers 2 --memory 16M
fi
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65533 --regid 65533 --clear-groups true 2>/dev/null; then
    chmod 755 "$WORK" && cp "$TUTTI" tutti && mkdir other && chown 65533 other tmp
    for processes in 1 3; do
        expect_fault "$processes processes" 1 'cannot start (another process|worker thread).*ulimit -u' \
            setpriv --reuid 65533 --regid 65533 --clear-groups \
            bash -c "ulimit -u $processes; exec ./tutti mapreduce --map line --reduce count --input in \
                --output other/out --workers 8 --tmp tmp --quiet"
        equal "$processes processes: nothing is left" "$(ls -A other)" ""
    done
else
    skip "few processes" "no other user to be"
fi

(cd tmp && rmdir ../tmp && "$TUTTI" mapreduce --input ../in --map line --reduce count --output o) 2>err
equal "a current folder that is gone" "$?" 1
run env -i "$TUTTI" mapreduce --input in --map cmd:cat --reduce count --output out.d --quiet
equal "an empty environment" "$status$(cat err)" 0
