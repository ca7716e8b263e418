#!/usr/bin/env bash
# A node of a cluster: what it refuses to start with, and whose its data folder is.
. "$(dirname "$0")/../cli/start_lib.sh"
PORT=$(free_port)
ONE=$(free_port) TWO=$(free_port) THREE=$(free_port)
PEERS=1=127.0.0.1:$ONE,2=127.0.0.1:$TWO,3=127.0.0.1:$THREE

expect_fault 'peers without a node' 2 'say with --node which one this is' \
    "$TUTTI" start --port "$PORT" --data no --peers "$PEERS"
expect_fault 'another node' 2 'node is 4, and peers has no such node' \
    "$TUTTI" start --port "$PORT" --data no --peers "$PEERS" --node 4
expect_fault 'peers elsewhere without a secret' 2 'give all nodes the same --peer-secret-file' \
    "$TUTTI" start --port "$PORT" --data no --node 1 --peers 1=192.0.2.1:7001,2=192.0.2.2:7001
echo short >secret
expect_fault 'a short secret' 2 'must have 16 or more' \
    "$TUTTI" start --port "$PORT" --data no --node 1 --peers "$PEERS" --peer-secret-file secret
TUTTI_NODE=1 TUTTI_PEERS=$PEERS expect_fault 'settings that do not go together' 2 \
    'heartbeat-ms is 100, and election-timeout-ms 250' \
    "$TUTTI" start --port "$PORT" --data no --heartbeat-ms 100
absent 'no data folder was made' no

begin() { # begin NAME ARGUMENTS…: as start, without waiting until there is a majority
    start "$@" || not_ok "$1 starts" "$(cat "$1.log")"
}
begin first --data data --node 1 --peers "$PEERS" --cluster music
finish
equal 'it ends well, alone as it is' "$status" 0
matches 'the folder knows the cluster' '^cluster music$' data/tutti.data
matches 'and the node' '^node 1$' data/tutti.data
expect_fault 'a folder of a cluster, alone' 2 'of node 1 of the cluster music: say --node 1' \
    "$TUTTI" start --port "$PORT" --data data
expect_fault 'of another node' 2 'of node 1, not of node 2: say --node 1' \
    "$TUTTI" start --port "$PORT" --data data --node 2 --peers "$PEERS" --cluster music
expect_fault 'of another cluster' 2 'belongs to the cluster music, not to tutti: say --cluster' \
    "$TUTTI" start --port "$PORT" --data data --node 1 --peers "$PEERS"
check 'tutti doctor looks at it as at any' "$TUTTI" doctor --data data

begin solo --data alone
finish
matches 'a node that is alone forms a cluster of one' '^origin formed$' alone/tutti.data
expect_fault 'its folder is of no cluster' 2 'of a node that is alone: leave out --node' \
    "$TUTTI" start --port "$PORT" --data alone --node 1 --peers "$PEERS"

comes() { # comes WHAT TEXT FILE: a line with it, soon
    local waited
    for ((waited = 0; waited < READY_SECONDS_MAX * 20; waited++)); do
        grep -qsF "$2" "$3" && ok "$1" && return
        sleep 0.05
    done
    not_ok "$1" "$(cat "$3")"
}
begin second --data two --node 2 --peers "$PEERS" --cluster music
matches 'the ready line says which node it is' \
    "node 2 of 3 in the cluster music, at 127.0.0.1:$TWO for the others" second.log
comes 'it says whom it waits for, and why' \
    "no majority; waiting for node 1 at 127.0.0.1:$ONE (nothing is heard of it), node 3 at \
127.0.0.1:$THREE (cannot connect: Connection refused)" second.log
second=$PID
PORT=$(free_port)
begin third --data three --node 3 --peers "$PEERS" --cluster music
comes 'and when a majority is here' '2 of 3 nodes are here, a majority' third.log
comes 'on both' '2 of 3 nodes are here, a majority' second.log
finish
PORT=$(free_port)
begin stranger --data stranger --node 3 --peers "$PEERS" --cluster noise
comes 'who is refused is told why' 'it belongs to another cluster' stranger.log
finish
PID=$second
equal 'the seed is that of all nodes' "$(grep ^seed two/tutti.data)" "$(grep ^seed data/tutti.data)"
finish
equal 'nothing is said of secrets' "$(grep -c 'another secret' second.log)" 0
openssl rand -hex 32 >secret
begin rotated --data two --node 2 --peers "$PEERS" --cluster music --peer-secret-file secret
matches 'a folder made with another secret is told' 'WARNING .*made with another secret' rotated.log
finish
