#!/usr/bin/env python3
"""A map-only job that runs `cat`, against two cats and a pipe."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, programs  # noqa: E402
from lib.claim import Claim, Versus  # noqa: E402
from lib.inputs import Inputs  # noqa: E402


def claim():
    mine, mine_synced = programs.tutti_cat(), programs.tutti_cat(fsync=True)
    cat = programs.cat()
    cat_synced = programs.synced(cat)
    return Claim(
        name="cat",
        title="`--map cmd:cat --reduce none`, 1 GB, 1 worker",
        input="source",
        programs=[cat, mine, cat_synced, mine_synced],
        against=[Versus(mine.name, cat.name, 1 / 1.3),
                 Versus(mine_synced.name, cat_synced.name, None)],
        reference=Inputs.path,
        notes=["At most 1.3 times the time is at least 0.77 times the speed."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
