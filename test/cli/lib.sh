# shellcheck shell=bash
# lib.sh -- what the command-line tests share; a test begins with: . "$(dirname "$0")/../cli/lib.sh"
#
# A test file is a bash script. It prints one line a check, `ok NAME`, `not ok NAME: why` or
# `skip NAME: why`, and goes on after a failure. It runs in a folder of its own, which is removed
# at the end, with:
#   TUTTI     the program, as a full path; from the environment, or build/tutti
#   PLUGINS   the folder of the plug-ins made from test/fixtures/*_plugin.c
#   ROOT      the project's folder
#   SANITIZED set to 1 where the program is one of the sanitizer builds: no measure of memory holds
set -uo pipefail
export LC_ALL=C

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TUTTI=$(realpath "${TUTTI:-$ROOT/build/tutti}")
PLUGINS=$(dirname "$TUTTI")/test/fixtures
case $TUTTI in */asan*/* | */tsan*/*) SANITIZED=1 ;; *) SANITIZED= ;; esac
# shellcheck disable=SC2034 # for the tests
readonly ROOT TUTTI PLUGINS SANITIZED

WORK=$(mktemp -d)
cleanup() { # a test with more to undo (a mount) defines undo
    cd /
    if declare -F undo >/dev/null; then undo; fi
    chmod -R u+rwx "$WORK" 2>/dev/null
    rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 129' HUP INT TERM
cd "$WORK" || exit 1

CHECK_SECONDS_MAX=${CHECK_SECONDS_MAX:-60}

ok() { printf 'ok %s\n' "$1"; }
not_ok() { printf 'not ok %s: %s\n' "$1" "$(tr '\n' ' ' <<<"$2")"; }
skip() { printf 'skip %s: %s\n' "$1" "$2"; }

# run COMMAND…: sets status, and leaves what it wrote in the files out and err. Killed when late.
run() {
    timeout --kill-after=5 "$CHECK_SECONDS_MAX" "$@" >out 2>err </dev/null
    status=$?
    [ $status -ne 124 ] || echo "stopped after $CHECK_SECONDS_MAX seconds" >>err
}

# check NAME COMMAND…: it succeeds.
check() { expect_exit "$1" 0 "${@:2}"; }

# expect_exit NAME STATUS COMMAND…
expect_exit() {
    local name=$1 want=$2
    run "${@:3}"
    if [ "$status" -eq "$want" ]; then
        ok "$name"
    else
        not_ok "$name" "exit $status, not $want; $(tail -c 400 err)"
    fi
}

# expect_fault NAME STATUS REGEX COMMAND…: it fails with STATUS and says REGEX (extended) on stderr.
expect_fault() {
    local name=$1 want=$2 regex=$3
    run "${@:4}"
    if [ "$status" -ne "$want" ]; then
        not_ok "$name" "exit $status, not $want; $(tail -c 400 err)"
    elif ! grep -Eq -- "$regex" err; then
        not_ok "$name" "stderr does not match /$regex/: $(tail -c 400 err)"
    else
        ok "$name"
    fi
}

# expect_output NAME FILE COMMAND…: it succeeds, and its stdout is the bytes of FILE.
expect_output() {
    local name=$1 want=$2
    run "${@:3}"
    if [ "$status" -ne 0 ]; then
        not_ok "$name" "exit $status; $(tail -c 400 err)"
    else
        same "$name" out "$want"
    fi
}

# same NAME GOT WANT: two files hold the same bytes.
same() {
    if cmp -s "$2" "$3"; then
        ok "$1"
    else
        not_ok "$1" "$(cmp "$2" "$3" 2>&1); $(diff -a "$2" "$3" 2>/dev/null | head -n 4)"
    fi
}

# equal NAME GOT WANT: two texts are the same.
equal() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "'$2' is not '$3'"; fi
}

# matches NAME REGEX FILE: a line of FILE matches.
matches() {
    if grep -Eq -- "$2" "$3"; then ok "$1"; else
        not_ok "$1" "no line matches /$2/: $(tail -c 400 "$3")"
    fi
}

# absent NAME PATH…: none of them exists.
absent() {
    local name=$1 path
    for path in "${@:2}"; do
        [ ! -e "$path" ] || { not_ok "$name" "$path exists" && return; }
    done
    ok "$name"
}

# has COMMAND NAME: false, and a skip of NAME, where the machine lacks COMMAND.
has() {
    command -v "$1" >/dev/null || { skip "$2" "this machine has no $1" && return 1; }
}
