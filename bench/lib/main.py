"""What bench/run and each claim's script do once they know their claims."""

import argparse
import os

from . import claim as claims
from . import report

ROUNDS_DEFAULT = 5
QUICK_ROUNDS = 1


def options_parse(names=None):
    parser = argparse.ArgumentParser(
        description="Runs tutti and its peers alternately and says which claims hold.",
        epilog="Environment: ROUNDS (5), TUTTI (build/tutti), TUTTI_BENCH_DATA (build/bench/data).")
    if names is not None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="one of: " + " ".join(names))
        parser.add_argument("--write-docs", action="store_true",
                            help="put the tables of all full runs so far into docs/performance.md, "
                                 "and a short one into README.md")
    parser.add_argument("--quick", action="store_true",
                        help="one round on 64 MB inputs: does everything work?")
    options = parser.parse_args()
    unknown = [name for name in getattr(options, "names", []) if name not in names]
    if unknown:
        parser.error(f"no claim named {' '.join(unknown)}; there are: {' '.join(names)}")
    return options


def rounds_asked(quick):
    return QUICK_ROUNDS if quick else int(os.environ.get("ROUNDS", ROUNDS_DEFAULT))


def run_claims(chosen, quick):
    """Runs and prints; 0 when all held. A quick run decides only whether results are right."""
    rounds, lines, good = rounds_asked(quick), [], True
    for claim in chosen:
        if hasattr(claim, "measure"):
            good = measured(claim, rounds, quick, lines) and good
            continue
        rows = claims.claim_run(claim, rounds, quick)
        print("\n" + "\n".join(report.claim_lines(claim, rows)), flush=True)
        lines += report.verdict_lines(claim, rows)
        if quick:
            good = good and not any(row.wrong for row in rows)
        else:
            good = good and report.holds_all(claim, rows)
            report.keep(claim, rows, rounds)
    print("\n".join(report.verdict_head() + lines))
    if quick:
        print("\nA quick run: one round on 64 MB. Its ratios decide nothing.")
    return 0 if good else 1


def measured(claim, rounds, quick, lines):
    """A claim that measures by itself: lib/server_claim.py and the like."""
    result = claim.measure(rounds, quick)
    print("\n" + "\n".join(result.table()), flush=True)
    lines += result.verdicts()
    if not quick:
        report.keep_result(claim.name, result, rounds)
    return quick or result.good


def run_one(claim):
    return run_claims([claim], options_parse().quick)
