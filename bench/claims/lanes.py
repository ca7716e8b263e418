#!/usr/bin/env python3
"""Two lanes against one. The load generator shares the cores: it says what was measured."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET = ["SET", "{key}", "{x:32}"]


def claim():
    return ServerClaim(
        name="lanes",
        title="Two lanes against one, 50 clients, keys of all slots",
        mine=servers.tutti_cache("--lanes", "2", name="tutti, 2 lanes"),
        peer=servers.tutti_cache(name="tutti, 1 lane"),
        cases=[Case("SET, pipeline 16", SET, pipeline=16),
               Case("GET, pipeline 16", ["GET", "{key}"], fill=SET, pipeline=16),
               Case("GET, no pipeline", ["GET", "{key}"], fill=SET)],
        notes=["Not judged: with two cores the load generator takes one of them, and half of the "
               "commands pass from one lane to the other."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
