#!/usr/bin/env bash
# clients.sh -- clients of Redis Cluster, and plain ones, on one node and on three: redis-py's
# RedisCluster, ioredis's Cluster, hiredis, redis-cli, redis-benchmark.
CHECK_SECONDS_MAX=30
. "$(dirname "$0")/../cli/start_lib.sh"

CLIENTS=$ROOT/test/clients
NPM_FOLDER=$ROOT/build/test/npm # kept between runs
NPM_SECONDS_MAX=30
PYTHON=/usr/bin/python3 # Debian's modules are this one's
FORMED_SECONDS_MAX=30

# tell NAME COMMAND…: the command's checks, with $many and the client's name in front.
tell() {
    local name="$many: $1"
    run "${@:2}"
    grep -aE '^(ok|not ok|skip) ' out | sed -E "s/^(ok|not ok|skip) /\1 $name: /"
    [ "$status" -eq 0 ] || not_ok "$name" "exit $status: $(tail -c 400 err)"
}

build_hiredis() {
    [ -f /usr/include/hiredis/hiredis.h ] || return
    "${CC:-cc}" -std=gnu17 -Wall -Wextra -Werror "$CLIENTS/hiredis.c" -o hiredis -lhiredis 2>err ||
        not_ok hiredis "$(tail -c 400 err)"
}

from_npm() { # ioredis is there, or could be fetched
    [ -d "$NPM_FOLDER/node_modules/ioredis" ] && return
    mkdir -p "$NPM_FOLDER" &&
        timeout "$NPM_SECONDS_MAX" npm install --prefix "$NPM_FOLDER" --no-audit --no-fund \
            --no-save ioredis@5 redis@5 >npm.log 2>&1
}

with_libraries() { # ADDRESS…
    if "$PYTHON" -c 'import redis.cluster' 2>/dev/null; then
        tell redis-py "$PYTHON" "$CLIENTS/redis_py.py" "$@"
    else
        skip "$many: redis-py" "Debian's python3-redis is not there, or knows no cluster"
    fi
    if [ -x hiredis ]; then
        tell hiredis ./hiredis "$@"
    else
        skip "$many: hiredis" "Debian's libhiredis-dev is not there"
    fi
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        skip "$many: ioredis" "node and npm are not there"
    elif from_npm; then
        NODE_PATH=$NPM_FOLDER/node_modules tell ioredis node "$CLIENTS/ioredis.js" "$@"
    else
        skip "$many: ioredis" "npm could not fetch it"
    fi
}

# Its own checks of a cluster, and a stream of commands that knows nothing of one.
with_redis_cli() { # ADDRESS…
    local address=$1 port=${1##*:} i
    timeout 20 redis-cli --cluster check "$address" >out 2>&1
    matches "$many: redis-cli: every slot has a node" 'OK.*All 16384 slots covered' out
    matches "$many: redis-cli: all nodes say the same" 'OK.*All nodes agree' out
    for ((i = 0; i < 3000; i++)); do printf 'SET cli:%d %d\r\n' $i $i; done >commands
    timeout 20 redis-cli -p "$port" --pipe <commands >out 2>&1
    matches "$many: redis-cli --pipe over all slots" 'errors: 0, replies: 3000' out
    printf 'GET cli:1\nMGET cli:1 cli:2999\nDEL cli:1 cli:2\nEXISTS cli:1 cli:3\n' |
        timeout 20 redis-cli -p "$port" >out 2>&1
    equal "$many: redis-cli: a plain client" "$(tr '\n' ' ' <out)" '1 1 2999 2 1 '
    printf 'CLUSTER SLOTS\nGET cli:3\nGET cli:4\nGET cli:5\nGET cli:6\n' |
        timeout 20 redis-cli -c -p "$port" >out 2>&1
    equal "$many: redis-cli -c follows" "$(tail -n 4 out | tr '\n' ' ')" '3 4 5 6 '
}

with_redis_benchmark() { # ADDRESS…
    timeout 30 redis-benchmark --cluster -p "${1##*:}" -t set,get,incr,lpush -n 20000 -r 10000 -c 30 -q \
        >out 2>err
    equal "$many: redis-benchmark --cluster ends well" "$?" 0
    equal "$many: with each of its four tests" "$(tr '\r' '\n' <out | grep -c 'per second, p50')" 4
    equal "$many: and without an error" "$(grep -ci error out err | tr '\n' ' ')" 'out:0 err:0 '
}

build_hiredis
has redis-cli "redis-cli and redis-benchmark" || exit 0

many="one node"
PORT=$(free_port)
start one --data one || {
    not_ok "start" "$(tail -n 3 one.log)"
    exit 0
}
with_libraries "127.0.0.1:$PORT"
with_redis_cli "127.0.0.1:$PORT"
finish
equal "$many: it ends well" "$status" 0

# --- three ----------------------------------------------------------------------------------------

many="three nodes"
addresses=() peers=() ports=()
for number in 1 2 3; do
    port=$(free_port)
    ports+=("$port")
    addresses+=("127.0.0.1:$port")
    peers+=("$number=127.0.0.1:$(free_port)")
done
list=$(IFS=,; echo "${peers[*]}")
begin_node() { # begin_node NUMBER: without waiting for the others
    "$TUTTI" start --port "${ports[$1 - 1]}" --data "three-$1" --node "$1" --peers "$list" \
        2>"three-$1.log" &
    NODES+=("$!")
}
settled() { # each shard is led by whom it shall be: nobody is redirected any more
    timeout 5 "$TUTTI" shards -p "${ports[0]}" --json 2>/dev/null | python3 -c '
import json, sys
shards = [shard for shard in json.load(sys.stdin) if shard["preferred"] is not None]
sys.exit(not shards or any(shard["leader"] != shard["preferred"] for shard in shards))' 2>/dev/null
}
formed() { # every node knows where all three are, and that each leads something
    local port other
    for port in "${ports[@]}"; do
        timeout 5 redis-cli -p "$port" CLUSTER INFO 2>/dev/null | tr -d '\r' >info
        timeout 5 redis-cli -p "$port" CLUSTER NODES >>info 2>/dev/null
        grep -qx 'cluster_size:3' info && grep -qx 'cluster_state:ok' info || return
        for other in "${addresses[@]}"; do grep -q " $other@" info || return; done
    done
}
first=${#NODES[@]}
for number in 1 2 3; do begin_node $number; done
for ((waited = 0; waited < FORMED_SECONDS_MAX * 10; waited++)); do
    formed && settled && break
    sleep 0.1
done
if formed; then
    ok "$many: they are one cluster, and each leads something"
    with_libraries "${addresses[@]}"
    with_redis_cli "${addresses[@]}"
    with_redis_benchmark "${addresses[@]}"
else
    not_ok "$many: they are one cluster, and each leads something" \
        "$(cat info; tail -qn 2 three-*.log)"
fi
for pid in "${NODES[@]:first}"; do kill -TERM "$pid" 2>/dev/null; done
ended=0
for pid in "${NODES[@]:first}"; do
    wait "$pid"
    ended=$((ended + $?))
done
equal "$many: they end well" "$ended" 0
