#!/usr/bin/env bash
# What a node refuses to start with: each says what is in the way, and the way out.
. "$(dirname "$0")/../cli/start_lib.sh"
PORT=$(free_port)

expect_fault 'an unknown option' 2 "no option --ports; did you mean --port" "$TUTTI" start --ports 1
expect_fault 'a lone word' 2 "'6379' stands alone" "$TUTTI" start 6379
expect_fault 'one dash' 2 "no option -port; did you mean --port" "$TUTTI" start -port 1
expect_fault 'a file alone' 2 "a file of settings --config" "$TUTTI" start redis.conf
expect_fault 'an option without a value' 2 '--port needs a value' "$TUTTI" start --port
expect_fault 'a wrong number' 2 "port is 'x': argument couldn't be parsed" "$TUTTI" start --port x
expect_fault 'a number out of range' 2 'between 0 and 65535' "$TUTTI" start --port 65536
expect_fault 'a wrong choice' 2 'one of the following: text, json' "$TUTTI" start --log-format xml
expect_fault 'no durability' 2 "it is always 'yes' here" "$TUTTI" start --appendonly no
expect_fault 'a file that is not there' 1 'nowhere.conf' "$TUTTI" start --config nowhere.conf
absent 'no data folder was made' tutti-data

expect_fault 'a wide address without a password' 2 'nobody would need a password: set requirepass' \
    "$TUTTI" start --data wide --bind 0.0.0.0 --port "$PORT"
expect_fault 'all addresses too' 2 'would listen on 0.0.0.0' \
    "$TUTTI" start --data wide --bind '*' --port "$PORT"
absent 'and makes no folder' wide

mkdir foreign
echo x >foreign/precious.txt
expect_fault 'a folder of somebody else' 1 'not a data folder of tutti: it holds precious.txt' \
    "$TUTTI" start --data foreign --port "$PORT"
equal 'is left as it was' "$(ls -A foreign)" precious.txt
expect_fault 'a folder without a parent' 1 'mkdir -p' \
    "$TUTTI" start --data no/such/folder --port "$PORT"
echo x >file
expect_fault 'a file as the folder' 2 'file is not a folder' \
    "$TUTTI" start --data file --port "$PORT"

if start first --data data; then ok 'a node starts'; else not_ok 'a node starts' "$(cat first.log)"; fi
other=$(free_port)
expect_fault 'a folder in use' 1 "in use by the process $PID; stop that node first" \
    "$TUTTI" start --data data --port "$other"
expect_fault 'a busy port' 1 "$PORT.*take another port with --port" \
    "$TUTTI" start --data data2 --port "$PORT"
finish
equal 'it ends well' "$status" 0

sed -e '/^checksum/d' -e 's/^format .*/format 99/' data/tutti.data >data/new && mv data/new data/tutti.data
expect_fault 'a newer format' 2 'has format 99, and this tutti knows up to 3' \
    "$TUTTI" start --data data --port "$PORT"
sed -e '/^checksum/d' -e 's/^format .*/format 1/' -e 's/^lanes .*/lanes 4/' data/tutti.data >data/new
mv data/new data/tutti.data
expect_fault 'another number of lanes' 2 'dealt to 4 lanes, not 1: say --lanes 4' \
    "$TUTTI" start --data data --port "$PORT"
sed -e '/^checksum/d' -e 's/^format .*/format 3/' -e 's/^lanes .*/lanes 1/' data/tutti.data >data/new
mv data/new data/tutti.data
expect_fault 'another number of shards' 2 'has 64 shards, and not 8' \
    "$TUTTI" start --data data --port "$PORT" --shards 8
equal 'nobody else may read the secret' "$(stat -c %a data/cluster.secret)" 600
mv data/cluster.secret kept
expect_fault 'a lost secret' 1 'cluster.secret is missing; give' \
    "$TUTTI" start --data data --port "$PORT"
mv kept data/cluster.secret
expect_fault 'fewer shards than lanes' 2 'say --shards 4 or more' \
    "$TUTTI" start --data few --port "$PORT" --shards 3 --lanes 4
echo garbage >data/tutti.data
expect_fault 'a damaged folder' 1 'tutti.data is damaged: .*tutti restore' \
    "$TUTTI" start --data data --port "$PORT"
echo tutti1 >token
expect_fault 'a token, and nobody to join' 2 'say --join HOST' \
    "$TUTTI" start --data joiner --port "$PORT" --join '' --token-file token
absent 'no cluster is formed' joiner
if [ "$(id -u)" -ne 0 ]; then
    mkdir closed && chmod 500 closed
    expect_fault 'a folder that may not be written' 1 'permission' \
        "$TUTTI" start --data closed --port "$PORT"
else
    skip 'a folder that may not be written' 'root may write everywhere'
fi
