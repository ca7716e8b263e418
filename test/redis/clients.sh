#!/usr/bin/env bash
# clients.sh -- clients that people use: redis-py, hiredis, phpredis, ioredis, node-redis.
. "$(dirname "$0")/../cli/start_lib.sh"

CLIENTS=$ROOT/test/redis/clients
NPM_FOLDER=$ROOT/build/test/npm # kept between runs
NPM_SECONDS_MAX=60
PYTHON=/usr/bin/python3 # Debian's modules are this one's

PORT=$(free_port)
start node --data data || {
    not_ok "start" "$(tail -n 3 node.log)"
    exit 0
}

# tell NAME COMMAND…: the command's checks, with the client's name in front.
tell() {
    local name=$1
    run "${@:2}"
    grep -aE '^(ok|not ok) ' out | sed -E "s/^((not )?ok) /\1 $name: /"
    [ "$status" -eq 0 ] || not_ok "$name" "exit $status: $(tail -c 400 err)"
    kill -0 "$PID" 2>/dev/null || not_ok "$name: the node still runs" "$(tail -n 3 node.log)"
}

if "$PYTHON" -c 'import redis' 2>/dev/null; then
    tell redis-py "$PYTHON" "$CLIENTS/client.py" "$PORT"
else
    skip redis-py "Debian's python3-redis is not there"
fi

if [ -f /usr/include/hiredis/hiredis.h ]; then
    if "${CC:-cc}" -std=gnu17 -Wall -Wextra -Werror "$CLIENTS/client.c" -o hiredis -lhiredis 2>err; then
        tell hiredis ./hiredis "$PORT"
    else
        not_ok hiredis "$(tail -c 400 err)"
    fi
else
    skip hiredis "Debian's libhiredis-dev is not there"
fi

if command -v php >/dev/null && php -m | grep -qx redis; then
    tell phpredis php "$CLIENTS/client.php" "$PORT"
else
    skip phpredis "Debian's php-cli and php-redis are not there"
fi

# from_npm: the two packages are there, or could be fetched.
from_npm() {
    [ -d "$NPM_FOLDER/node_modules/ioredis" ] && [ -d "$NPM_FOLDER/node_modules/redis" ] && return
    mkdir -p "$NPM_FOLDER" &&
        timeout "$NPM_SECONDS_MAX" npm install --prefix "$NPM_FOLDER" --no-audit --no-fund \
            --no-save ioredis@5 redis@5 >npm.log 2>&1
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    skip "ioredis and node-redis" "node and npm are not there"
elif from_npm; then
    export NODE_PATH=$NPM_FOLDER/node_modules
    tell ioredis node "$CLIENTS/ioredis.js" "$PORT"
    tell node-redis node "$CLIENTS/redis.js" "$PORT"
else
    skip "ioredis and node-redis" "npm could not fetch them"
fi

finish
equal "the node ends well" "$status" 0
