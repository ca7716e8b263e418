#!/usr/bin/env bash
# `tutti policy` against a node: what it sets counts, and is there after a restart.
. "$(dirname "$0")/../cli/start_lib.sh"
PORT=$(free_port)
export TUTTI_PORT=$PORT

expect_fault 'no node' 1 "no node answers at 127.0.0.1, port $PORT .*tutti start" \
    "$TUTTI" policy list
expect_fault 'a wrong port' 2 "the port is 'x'" "$TUTTI" policy list --port x
expect_fault 'an unknown option' 2 'no option --prot' "$TUTTI" policy --prot 1 list

TUTTI_REQUIREPASS=secret start node --data data || not_ok 'it starts' "$(cat node.log)"
expect_fault 'without the password' 1 'NOAUTH' "$TUTTI" policy list
export TUTTI_PASSWORD=secret
check 'with it' "$TUTTI" policy list
matches 'the root is strong' '^"" +strong +0 +none +0 ' out
check 'a cache is made' "$TUTTI" policy set page: mode cache memory 64mb ttl 60 evict lru
check 'and shown' "$TUTTI" policy get page:
matches 'as it was made' '^evict   lru$' out
matches 'with its cap' '^memory  67108864$' out
check 'a key is explained' "$TUTTI" policy explain page:1
matches 'by its prefix' '^why .*longest prefix that has a policy' out
check 'another too' "$TUTTI" policy explain other
matches 'by the root' '^why .*a write is on disk' out
expect_fault 'a strong prefix that is warm' 1 'WARM are for caches' "$TUTTI" policy set x warm yes
expect_fault 'warm is yes or no' 1 'WARM must be' "$TUTTI" policy set page: warm maybe
check 'a cache becomes warm' "$TUTTI" policy set page: warm yes
check 'and says so' "$TUTTI" policy explain page:1
matches 'in its row' '^warm    yes$' out
matches 'and why' 'goes along when another node' out
expect_fault 'what is not here yet' 1 'eventual is not here yet' \
    "$TUTTI" policy set x mode eventual
expect_fault 'a cap of a strong prefix' 1 'are for caches' "$TUTTI" policy set x memory 1mb
expect_fault 'what a strong prefix evicts' 1 'are for caches' "$TUTTI" policy set x evict lru
finish
TUTTI_REQUIREPASS=secret start again --data data || not_ok 'it starts again' "$(cat again.log)"
check 'after a restart' "$TUTTI" policy get page:
matches 'it is there' '^mode    cache$' out
matches 'and still warm' '^warm    yes$' out
check 'it goes' "$TUTTI" policy del page:
expect_exit 'and is gone' 0 "$TUTTI" policy get page:
matches 'as none' '^none$' out
finish
