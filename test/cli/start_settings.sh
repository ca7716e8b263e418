#!/usr/bin/env bash
# Where settings come from, and which wins: an option, the environment, the file, the standard.
. "$(dirname "$0")/../cli/start_lib.sh"
PORT=$(free_port)

cat >tutti.conf <<'CONF'
# kept by CONFIG REWRITE
maxclients 111
timeout 11

hash-max-ziplist-entries 99
save 900 1
save 300 10
CONF
TUTTI_MAXCLIENTS=222 TUTTI_TIMEOUT=22 start node --data data --config tutti.conf --maxclients 333 ||
    not_ok 'it starts' "$(cat node.log)"
matches 'the ready line has the address' "INFO ready on 127.0.0.1:$PORT" node.log
matches 'the process and the disk' "pid $PID, 1 lane, disk (io_uring|threads), 0 keys" node.log
equal 'an option wins' "$(say CONFIG GET maxclients)" 'maxclients 333'
equal 'then the environment' "$(say CONFIG GET timeout)" 'timeout 22'
equal 'then the file' "$(say CONFIG GET hash-max-listpack-entries)" 'hash-max-listpack-entries 99'
equal 'lines of save add up' "$(say CONFIG GET save)" 'save 900 1 300 10'
equal 'then the standard' "$(say CONFIG GET tcp-keepalive)" 'tcp-keepalive 300'
equal 'several are got' "$(say CONFIG GET 'maxcli*' timeout)" 'maxclients 333 timeout 22'

equal 'a setting changes' "$(say CONFIG SET timeout 33 lfu-log-factor 5)" OK
equal 'all or nothing' "$(say CONFIG SET timeout 44 lfu-log-factor x)" \
    "error ERR CONFIG SET failed (possibly related to argument 'lfu-log-factor') - argument couldn't be parsed into an integer"
equal 'the first stays' "$(say CONFIG GET timeout)" 'timeout 33'
equal 'what is fixed at the start stays' "$(say CONFIG SET port 1)" \
    "error ERR CONFIG SET failed (possibly related to argument 'port') - can't set immutable config"
equal 'a password is asked for at once' "$(say CONFIG SET requirepass 'a b')" OK
equal 'of new clients' "$(say GET a)" 'error NOAUTH Authentication required.'
finish
equal 'it ends' "$status" 0

start again --data data --config tutti.conf || not_ok 'it starts again' "$(cat again.log)"
equal 'the file counts again' "$(say CONFIG GET timeout)" 'timeout 11'
equal 'rewritten' "$(say CONFIG SET timeout 55)$(say CONFIG REWRITE)" OKOK
matches 'with the new value' '^timeout 55$' tutti.conf
matches 'at its place, under comments' '^# kept by CONFIG REWRITE$' tutti.conf
matches 'under its name of today' '^hash-max-listpack-entries 99$' tutti.conf
finish

PORT=$(free_port)
TUTTI_PORT=1 start json --data data --log-format json || not_ok 'json starts' "$(cat json.log)"
check 'each line is JSON' python3 -c '
import json, sys
for line in open("json.log"): json.loads(line)["message"]'
finish

TUTTI_TIMEOUT=x run "$TUTTI" start --data data --port "$PORT"
equal 'a wrong variable is an error of the command line' "$status" 2
matches 'and named' 'TUTTI_TIMEOUT=x in the environment: argument couldn' err
echo 'nonsense 1' >wrong.conf
expect_fault 'so is a wrong line' 2 'wrong.conf, line 1: nonsense 1: there is no such setting' \
    "$TUTTI" start --data data --port "$PORT" --config wrong.conf
printf 'daemonize yes\npidfile /run/r.pid\nappendonly no\nmasterauth hush\n' >old.conf
expect_fault 'all wrong lines are told at once' 2 'old.conf, line 1: daemonize yes' \
    "$TUTTI" start --data data --port "$PORT" --config old.conf
matches 'the next ones too' '^old.conf, line 3: appendonly no' err
matches 'with what is not here yet, and no secret' '^old.conf, line 4: .hidden.: .*not here yet' err
equal 'what has no meaning here is passed over' "$(grep -c pidfile err)" 0
echo 'user default on >secret ~* +@all' >users.conf
start users --data data --config users.conf || not_ok 'users start' "$(cat users.log)"
equal 'users come from the file' "$(say PING)" 'error NOAUTH Authentication required.'
finish

outside=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m 1 '^[0-9.]*$')
if [ -n "$outside" ]; then
    TUTTI_REQUIREPASS=secret start wide --data data --bind "$outside 127.0.0.1" --tcp-keepalive 60 ||
        not_ok 'it starts on two addresses' "$(cat wide.log)"
    exec 3<>"/dev/tcp/127.0.0.1/$PORT"
    printf 'AUTH secret\r\nCONFIG SET requirepass ""\r\n' >&3
    read -r -t 10 <&3 && read -r -t 10 <&3
    exec 3>&-
    exec 3<>"/dev/tcp/$outside/$PORT"
    read -r -t 10 line <&3
    exec 3>&-
    matches 'strangers are refused where the password went' '^-DENIED' <(echo "$line")
    equal 'this machine is not' "$(say CONFIG SET protected-mode no)" OK
    exec 3<>"/dev/tcp/$outside/$PORT"
    printf 'PING\r\n' >&3
    read -r -t 10 line <&3
    exec 3>&-
    equal 'without protected-mode they are served' "${line%$'\r'}" +PONG
    finish
else
    skip 'strangers are refused where the password went' 'this machine has loopback alone'
fi

"$TUTTI" help --configuration >configuration
same 'docs/configuration.md is what the program makes' "$ROOT/docs/configuration.md" configuration
"$TUTTI" help --commands >commands
same 'docs/commands.md is what the program makes' "$ROOT/docs/commands.md" commands
