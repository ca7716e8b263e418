#!/usr/bin/env python3
"""SET in strong mode on one node, against tutti before it had replicas."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import main, servers, tools  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402


def before():
    def command(port, folder):
        return [tools.tutti_before(), "start", "--port", str(port), "--data",
                str(folder / "data")]
    return servers.Kind("tutti before it had replicas", command, prepare=tools.tutti_before)


def claim():
    return ServerClaim(
        name="solo-durable",
        title="Durable SET on one node: 1, 50 and 500 clients",
        mine=servers.tutti_strong(),
        peer=before(),
        cases=[Case(f"{clients} client{'s' if clients > 1 else ''}", ["SET", "{key}", "{x:100}"],
                    clients=clients, throughput_at_least=0.97)
               for clients in (1, 50, 500)],
        notes=["TUTTI_BEFORE names the older program: built from commit 670fc70."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
