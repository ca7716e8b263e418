#!/usr/bin/env python3
"""Word count of logs with few distinct words, one worker."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, programs  # noqa: E402
from lib.claim import Claim, Versus  # noqa: E402
from lib.inputs import Inputs  # noqa: E402


def claim():
    mine = programs.tutti_wordcount(1)
    mine_synced = programs.tutti_wordcount(1, fsync=True)
    baseline = programs.baseline()
    baseline_synced = programs.synced(baseline)
    return Claim(
        name="logs-1-worker",
        title="word count, 1 GB of logs, 1 worker",
        input="logs",
        programs=[baseline, mine, baseline_synced, mine_synced],
        against=[Versus(mine.name, baseline.name, 1.0),
                 Versus(mine_synced.name, baseline_synced.name, None)],
        reference=Inputs.reference,
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
