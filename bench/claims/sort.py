#!/usr/bin/env python3
"""Sorting 1 GB of 100-byte records within 256 MiB, against GNU sort."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, programs  # noqa: E402
from lib.claim import Claim, Versus  # noqa: E402
from lib.inputs import Inputs  # noqa: E402


def claim():
    mine, mine_synced = programs.tutti_sort(), programs.tutti_sort(fsync=True)
    sort = programs.gnu_sort()
    sort_synced = programs.synced(sort)
    return Claim(
        name="sort",
        title="sort, 1 GB of 100-byte records with random keys, within 256 MiB",
        input="sort",
        programs=[sort, mine, sort_synced, mine_synced],
        against=[Versus(mine.name, sort.name, 1.5),
                 Versus(mine_synced.name, sort_synced.name, None)],
        reference=Inputs.sorted,
        tutti_peak_mib=256 + 64,
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
