#!/usr/bin/env bash
# serve_session.sh -- what a client sees of its connection: replies byte by byte. The transcripts
# are in serve_session.py, which prints the checks.
. "$(dirname "$0")/lib.sh"

if ! command -v python3 >/dev/null; then
    skip "transcripts" "python3 is not there"
    exit 0
fi

"$TUTTI" start --data data --port 0 --unixsocket "$WORK/socket" >start.out 2>&1 &
server=$!
undo() { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
for _ in $(seq 100); do
    [ -S "$WORK/socket" ] && break
    sleep 0.1
done

python3 "$ROOT/test/cli/serve_session.py" "$WORK/socket" 2>err || not_ok "transcripts" "$(tail -n 3 err)"
kill -0 "$server" 2>/dev/null && ok "the node still runs" || not_ok "the node still runs" "$(tail -n 3 start.out)"
