#!/usr/bin/env python3
"""Word count of source code, two workers, against whole peers."""

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
    parallel_mawk = programs.parallel_mawk()
    tr_sort_uniq = programs.tr_sort_uniq()
    mawk = programs.mawk()
    for particular in (duckdb, parallel_mawk, mawk):
        particular.input = "source_text"
    return Claim(
        name="source-2-workers",
        title="word count, 1 GB of source code, 2 workers",
        input="source",
        programs=[baseline, mine, duckdb, parallel_mawk, tr_sort_uniq, mawk,
                  baseline_synced, mine_synced],
        against=[Versus(mine.name, baseline.name, 2.5),
                 Versus(mine.name, duckdb.name, 2.0),
                 Versus(mine.name, parallel_mawk.name, 2.5),
                 Versus(mine.name, tr_sort_uniq.name, 4.0),
                 Versus(mine.name, mawk.name, 5.0),
                 Versus(mine_synced.name, baseline_synced.name, None)],
        reference=Inputs.reference,
        notes=["DuckDB refuses bytes that are not UTF-8 and mawk by default splits at blanks only:"
               " they and parallel read a copy of the same size in which bytes that are not UTF-8"
               " are question marks and white space is blanks; their results are compared with the"
               " hand-written program's on that copy."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
