#!/usr/bin/env bash
# Jobs against the plainest implementation there is, see reference.py; `make reference` for more.
. "$(dirname "$0")/../cli/lib.sh"

has python3 'the reference' || exit 0
has zstd 'the reference' || exit 0
kept=$(dirname "$WORK")
TUTTI=$TUTTI PLUGINS=$PLUGINS PYTHONDONTWRITEBYTECODE=1 \
    python3 "$ROOT/test/cli/reference.py" --seed 1 --jobs 200 --keep "$kept"
[ $? -le 1 ] # it ran: each job that failed has said so
