# stop.sh -- Ctrl-C, SIGTERM and SIGKILL at work: no process survives, nothing is left behind.
. "$(dirname "$0")/lib.sh"

mkdir tmp
seq 1 1000 >in
# Processes of every kind: a shell, what it starts, a pipe, one in the background.
deep='touch started; sleep 300 & (sleep 300; true) | (sleep 300; true); cat'

# stop NAME SIGNAL STATUS OPTION…: starts a job, signals it when its command runs.
stop() {
    local name=$1 signal=$2 want=$3
    export FAULT_MARK=$name.$$
    rm -f started
    "$TUTTI" mapreduce --tmp tmp --quiet "${@:4}" >out 2>err &
    local pid=$!
    wait_for started || not_ok "$name: the command starts" "$(cat err)"
    [ "$(alive "$FAULT_MARK")" -ge 3 ] || not_ok "$name" "the commands are not seen to run"
    kill "-$signal" $pid
    wait_end $pid
    equal "$name: exit status" "$ended" "$want"
    none_alive "$name: no process survives" "$FAULT_MARK"
    nothing_left "$name: nothing is left"
}

for row in 'INT 130' 'TERM 143' 'HUP 129' 'KILL 137'; do
    read -r signal status <<<"$row"
    stop "SIG$signal in a map" "$signal" "$status" --input in --output out.d --reduce count \
        --map "cmd:$deep"
    stop "SIG$signal in a reduce" "$signal" "$status" --input in --output out.d --map line \
        --reduce "cmd:$deep"
    stop "SIG$signal with a stream as output" "$signal" "$status" --input in --output - --map line \
        --reduce "cmd:$deep"
done
stop "SIGINT in a combiner" INT 130 --input in --output out.d --map line --reduce cmd:cat \
    --combine "cmd:$deep"
stop "SIGINT where the command ignores it" INT 130 --input in --output out.d --reduce count \
    --map 'cmd:trap "" INT TERM HUP; touch started; sleep 300; sleep 300'

# blocked NAME OPTION…: a job that waits for its input; in the background, signalled.
blocked() {
    local name=$1
    "$TUTTI" mapreduce --map words --reduce count --quiet "${@:2}" --output out.d 2>err <&0 &
    local pid=$!
    sleep 0.3
    kill -INT $pid
    wait_end $pid
    equal "$name" "$ended" 130
    nothing_left "$name: nothing is left"
}
mkfifo fifo
blocked "Ctrl-C while a named pipe has no writer" --input fifo
sleep 300 >fifo &
sleeper=$!
blocked "Ctrl-C while a named pipe gives nothing" --input fifo
blocked "Ctrl-C while standard input gives nothing" --input - <fifo
kill $sleeper
wait $sleeper 2>/dev/null

# Who reads our output may have stopped doing so: it fills the pipe, and we wait.
mkfifo unread
seq 1 100000 >many
for row in 'INT 130' 'TERM 143'; do
    read -r signal status <<<"$row"
    rm -f begun
    (head -c 1 >/dev/null && touch begun && exec sleep 300) <unread &
    sleeper=$!
    "$TUTTI" mapreduce --map line --reduce sort --input many --output - --tmp tmp --quiet \
        >unread 2>err &
    pid=$!
    wait_for begun || not_ok "the output begins" "$(cat err)"
    kill "-$signal" $pid
    wait_end $pid
    equal "SIG$signal while nobody reads the output" "$ended" "$status"
    kill $sleeper
    wait $sleeper 2>/dev/null
done

sleep 300 >fifo &
sleeper=$!
gzip -c in | head -c 1000 >cut.gz
expect_fault "a task that fails does not wait for one that reads a pipe" 1 'cut.gz' \
    "$TUTTI" mapreduce --map words --reduce count --input fifo --input cut.gz --output out.d
kill $sleeper
wait $sleeper 2>/dev/null

# One key, whose values are one long group: a stop is seen inside of it.
yes "k v" | head -n 6000000 >values
"$TUTTI" mapreduce --map field:1,2 --reduce list --input values --output out.d --memory 4M \
    --workers 1 --quiet --no-fsync 2>err &
pid=$!
for ((try = 0; try < 200; try++)); do # until the reduce has begun to write
    [ -z "$(find . -path './.out.d*' -name '.part-*' -size +0 2>/dev/null)" ] || break
    sleep 0.05
done
began=${EPOCHREALTIME/./}
kill -INT $pid
wait_end $pid
took=$(((${EPOCHREALTIME/./} - began) / 1000))
equal "Ctrl-C inside of one long group" "$ended" 130
equal "is obeyed at once" "$((took < 1000))" 1
nothing_left "and leaves nothing"
rm values

# A job that cannot stop soon: its output is flushed by a disk that takes its time.
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    strace -f -qq -o trace -e trace=fdatasync -e inject=fdatasync:delay_enter=20000000 \
        "$TUTTI" mapreduce --map words --reduce count --input in --output out.d --tmp tmp 2>err &
    tracer=$!
    for ((try = 0; try < 100; try++)); do
        pid=$(pgrep -P $tracer -x tutti) && [ -n "$(find . -path './.out.d*' -name '.part-*')" ] && break
        sleep 0.05
    done
    sleep 0.3
    kill -INT "$pid"
    sleep 1
    equal "a first Ctrl-C waits for what is under way" "$(kill -0 "$pid" && echo runs)" runs
    matches "and says so" 'stopping; once more .* stops at once' err
    kill -INT "$pid"
    sleep 0.3
    # the system call itself cannot be cut short, but the message is there and nothing else runs
    matches "a second one does not" 'stopped by .*SIGINT' err
    kill -KILL "$tracer" 2>/dev/null
    kill -KILL "$pid" 2>/dev/null
    wait $tracer 2>/dev/null
    nothing_left "and leaves nothing"
else
    skip "a second Ctrl-C" "strace is not here, or may not trace"
fi
