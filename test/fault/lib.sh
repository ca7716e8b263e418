# shellcheck shell=bash
# lib.sh -- what the fault tests share, on top of test/cli/lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/../cli/lib.sh"

# nothing_left NAME: no output folder, no hidden folder beside it, nothing in the folder tmp. What a
# killed job's guard removes may take it a moment.
nothing_left() {
    local left try
    for ((try = 0; try < 50; try++)); do
        left=$(find . -maxdepth 1 \( -name out.d -o -name '.*tutti*' \); find tmp -mindepth 1 2>/dev/null)
        [ -n "$left" ] || break
        sleep 0.1
    done
    equal "$1" "$left" ""
}

# number FILE NAME: the number called NAME in the JSON of FILE.
number() { sed -nE "s/^ *\"$2\": ([0-9.]+),?$/\1/p" "$1" | head -n 1; }

# alive MARK: how many processes were started with FAULT_MARK=MARK in their environment, without
# the one that looks; a zombie has none any more.
alive() {
    local found # no pipe: what counted at its other end would be found too
    mapfile -t found < <(env -u FAULT_MARK grep -lzxsF "FAULT_MARK=$1" /proc/[0-9]*/environ)
    echo ${#found[@]}
}

# none_alive NAME MARK: within five seconds, no process has MARK in its environment.
none_alive() {
    local try
    for ((try = 0; try < 50; try++)); do
        [ "$(alive "$2")" -gt 0 ] || { ok "$1" && return; }
        sleep 0.1
    done
    not_ok "$1" "$(alive "$2") still run"
}

# wait_for FILE: until it exists, ten seconds at most.
wait_for() {
    local try
    for ((try = 0; try < 200; try++)); do
        [ ! -e "$1" ] || return 0
        sleep 0.05
    done
    return 1
}

# wait_end PID: its status, or "late" where it still runs after ten seconds; then it is killed.
wait_end() {
    local try
    for ((try = 0; try < 200; try++)); do
        kill -0 "$1" 2>/dev/null || break
        sleep 0.05
    done
    if kill -0 "$1" 2>/dev/null; then
        kill -KILL "$1"
        wait "$1" 2>/dev/null
        ended=late
        return
    fi
    wait "$1" 2>/dev/null
    ended=$?
}
