#!/usr/bin/env bash
# compare.sh -- tutti answers as redis-server does: every command, reply by reply.
. "$(dirname "$0")/../cli/lib.sh"

FOLDER=$ROOT/test/redis

has python3 "the replies of redis-server" || exit 0
equal "every command is in a script" "$("$FOLDER/commands" 2>&1 | tr '\n' ' ')" ""
has redis-server "the replies of redis-server" || exit 0

CHECK_SECONDS_MAX=300
for script in "$FOLDER"/scripts/*.redis; do
    scripts+=("$script")
done
run "$FOLDER/compare" --tutti "$TUTTI" "${scripts[@]}"
# A line a script: "list.redis: 252 the same, 6 differ as listed, 0 differ".
for script in "${scripts[@]}"; do
    name=$(basename "$script")
    line=$(grep -E "^$name: [0-9]+ the same" out)
    case $line in
    *", 0 differ") ok "$name" ;;
    *) not_ok "$name" "$(grep -A 2 -E "^  $name:" out | head -n 9; tail -n 3 out err)" ;;
    esac
done
equal "nothing else went wrong" "$status" 0
