#!/usr/bin/env python3
"""Word count of logs with few distinct words, two workers."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, programs  # noqa: E402
from lib.claim import Claim, Versus  # noqa: E402
from lib.inputs import Inputs  # noqa: E402


def claim():
    mine = programs.tutti_wordcount(2)
    mine_synced = programs.tutti_wordcount(2, fsync=True)
    baseline = programs.baseline()
    baseline_synced = programs.synced(baseline)
    duckdb = programs.duckdb()
    mawk = programs.mawk()
    tr_sort_uniq = programs.tr_sort_uniq()
    return Claim(
        name="logs-2-workers",
        title="word count, 1 GB of logs, 2 workers",
        input="logs",
        programs=[baseline, mine, duckdb, mawk, tr_sort_uniq, baseline_synced, mine_synced],
        against=[Versus(mine.name, baseline.name, 1.9),
                 Versus(mine.name, duckdb.name, 3.0),
                 Versus(mine.name, mawk.name, 5.0),
                 Versus(mine.name, tr_sort_uniq.name, 10.0),
                 Versus(mine_synced.name, baseline_synced.name, None)],
        reference=Inputs.reference,
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
