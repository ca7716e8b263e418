#!/usr/bin/env bash
# The simulator's command line: the same seed, the same run; faults that can be chosen; refusals.
# shellcheck source-path=SCRIPTDIR
set -u
cd "$(dirname "$0")/../.." || exit 1
sim=$(dirname "${TUTTI:-build/tutti}")/tutti-sim
[ -x "$sim" ] || make --no-print-directory build/tutti-sim >/dev/null || exit 1
[ -x "$sim" ] || sim=build/tutti-sim
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # check NAME COMMAND…
    if "${@:2}" >"$work/out" 2>&1; then echo "ok $1"; else
        echo "not ok $1"
        tail -n 3 "$work/out"
    fi
}
refused() { # refused ARGUMENT…: as a wrong use
    "$sim" "$@" >"$work/out" 2>&1
    [ $? -eq 2 ]
}

"$sim" --seed 7 --nodes 1 --workload solo --until 5s --trace >"$work/first"
"$sim" --seed 7 --nodes 1 --workload solo --until 5s --trace >"$work/second"
check "the same seed gives the same trace" cmp "$work/first" "$work/second"
"$sim" --seed 8 --nodes 1 --workload solo --until 5s --trace >"$work/other"
check "another seed gives another" bash -c "! cmp -s $work/first $work/other"
check "three nodes run" "$sim" --seed 1 --until 5s
"$sim" --seed 7 --plan >"$work/plan"
check "a plan has faults" grep -q "of host" "$work/plan"
"$sim" --seed 7 --plan --faults 1 >"$work/one"
check "one of them can be chosen" test "$(wc -l <"$work/one")" -eq 1
check "no such workload" refused --seed 1 --workload nothing
check "no such time" refused --seed 1 --until soon
check "no seeds backwards" refused --seeds 5..1
