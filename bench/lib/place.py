"""Where things are. Every path of the benchmarks is decided here."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
BUILD = ROOT / "build" / "bench"
RESULTS = BUILD / "results"
NODE = BUILD / "node"
DATA = pathlib.Path(os.environ.get("TUTTI_BENCH_DATA", BUILD / "data")).resolve()
TUTTI = pathlib.Path(os.environ.get("TUTTI", ROOT / "build" / "tutti"))
PAGE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
