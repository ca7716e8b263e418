#!/usr/bin/env python3
"""A job over a 1 KB file, start to finish."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, programs  # noqa: E402
from lib.claim import Claim, Versus  # noqa: E402
from lib.inputs import Inputs  # noqa: E402


def claim():
    return Claim(
        name="small",
        title="a job over a 1 KB file, start to finish",
        input="small",
        programs=[programs.tutti_small(), programs.baseline()],
        against=[],
        reference=Inputs.reference,
        tutti_below_s=0.030,
        rounds=20,
        notes=["The hand-written program shows what starting a process alone takes."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
