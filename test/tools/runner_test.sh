# runner_test.sh -- test/cli/run counts what scripts print, and misses no way of failing.
. "$(dirname "$0")/../cli/lib.sh"

# closes NAME LAST_LINE STATUS TEXT…: a script of these lines is run; the runner closes so.
closes() {
    printf '%s\n' "${@:4}" >script.sh
    run env -u RESULTS SCRIPT_SECONDS_MAX=2 "$ROOT/test/cli/run" script.sh
    equal "$1" "$(tail -n 1 out), exit $status" "$2, exit $3"
}

closes "passes and skips are counted" '2 passed, 0 failed, 1 skipped' 0 \
    'echo ok a' 'echo ok b' 'echo skip c: no reason'
closes "a failure fails the run" '1 passed, 1 failed, 0 skipped' 1 'echo ok a' 'echo not ok b: why'
closes "so does an exit other than 0" '1 passed, 1 failed, 0 skipped' 1 'echo ok a' 'exit 3'
closes "and a script that checks nothing" '0 passed, 1 failed, 0 skipped' 1 'true'
closes "and one that does not end" '1 passed, 1 failed, 0 skipped' 1 'echo ok a' 'sleep 60'

# Each waits for the other: neither ends alone.
printf '%s\n' 'touch here.a' 'until [ -e here.b ]; do sleep 0.01; done' 'echo ok a' >a.sh
printf '%s\n' 'touch here.b' 'until [ -e here.a ]; do sleep 0.01; done' 'echo no; exit 3' >b.sh
run env -u RESULTS SCRIPTS_AT_ONCE=2 SCRIPT_SECONDS_MAX=20 "$ROOT/test/cli/run" a.sh b.sh script.sh
equal "two at once are both waited for" "$(grep -c checks out), $(tail -n 1 out), exit $status" \
    "3, 2 passed, 2 failed, 0 skipped, exit 1"

printf 'echo ok a\n' >script.sh
run env RESULTS=results "$ROOT/test/cli/run" script.sh
equal "the lines are kept for the closing count" "$(cat results)" "ok script: a"

cat >checks.sh <<END
. "$ROOT/test/cli/lib.sh"
check "fails" false
check "passes" true
expect_exit "another status" 3 sh -c 'exit 3'
expect_fault "a fault is read" 1 'no.such' sh -c 'echo no such >&2; exit 1'
expect_fault "another fault" 1 'else' sh -c 'echo no such >&2; exit 1'
printf 'x\n' >want
expect_output "output" want echo x
expect_output "other output" want echo y
CHECK_SECONDS_MAX=1 check "late" sleep 60
absent "nothing there" nothing
absent "something there" want
has no-such-command "what needs it"
END
bash checks.sh >got 2>&1
equal "each check says ok, not ok or skip as it should" "$(sed -E 's/: .*//' got)" "not ok fails
ok passes
ok another status
ok a fault is read
not ok another fault
ok output
not ok other output
not ok late
ok nothing there
not ok something there
skip what needs it"
