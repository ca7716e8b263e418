#!/usr/bin/env python3
"""Durable SET on three nodes against etcd 3.4 on three: one machine, one disk, at the leader."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from lib import clusters, main  # noqa: E402
from lib.server_claim import Case, ServerClaim  # noqa: E402

SET, PUT = ["SET", "{key}", "{x:100}"], ["put", "{key}", "{x:100}"]


def claim():
    return ServerClaim(
        name="cluster-durable",
        title="Durable SET of 100 bytes on 3 nodes: 1, 64 and 256 clients",
        mine=clusters.TuttiCluster(),
        peer=clusters.EtcdCluster(),
        cases=[Case(f"{clients} client{'s' if clients > 1 else ''}", SET, peer_words=PUT,
                    clients=clients, keys=100_000, throughput_at_least=at_least, p99_at_most=1.0)
               for clients, at_least in ((1, 3.0), (64, 8.0), (256, 10.0))],
        also=[clusters.EtcdCluster(clients_each=8)],
        notes=["etcd is asked by its own protocol, gRPC, from the same load generator. Judged is a "
               "connection for each client, as tutti has it; shown is what etcd does when eight "
               "clients share one.",
               "CPU is of all three nodes."],
    )


if __name__ == "__main__":
    sys.exit(main.run_one(claim()))
