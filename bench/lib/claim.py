"""A claim: programs that run alternately on one input, and what tutti's time must be to theirs."""

import dataclasses
import math
import shlex
import shutil
import statistics
import subprocess
import tempfile
import pathlib

from . import inputs, measure, place, tools


@dataclasses.dataclass
class Versus:
    """tutti against one peer. `at_least`: how many times its speed; None: shown, not judged."""
    tutti: str
    peer: str
    at_least: float | None


@dataclasses.dataclass
class Claim:
    name: str
    title: str
    input: str
    programs: list
    against: list
    reference: object = None  # (inputs, input name) -> path of the right bytes
    tutti_below_s: float | None = None
    tutti_peak_mib: float | None = None
    rounds: int = 0  # 0: as many as asked for
    notes: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Row:
    """What one program did in all rounds."""
    name: str
    walls_s: list = dataclasses.field(default_factory=list)
    cpus_s: list = dataclasses.field(default_factory=list)
    peak_mib: float = 0
    trouble: str = ""
    missing: bool = False  # it cannot be had on this machine
    wrong: bool = False  # it ran, but its result is not the reference's

    def median_s(self):
        return statistics.median(self.walls_s) if self.walls_s else math.nan


def result_equals(program, folder, reference):
    check = f"{{ {program.result}; }} | cmp - {shlex.quote(str(reference))}"
    done = subprocess.run(["/bin/sh", "-c", check], cwd=folder, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0, done.stdout.strip()[-200:]


def program_run(program, row, text, reference, first):
    """One run in a fresh folder on the data's disk; everything it leaves is removed."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=place.DATA))
    try:
        measure.warm(text)
        run = measure.run(f"INPUT={shlex.quote(str(text))}; {program.command}", folder)
        if run.error:
            row.trouble = run.error
            return
        row.walls_s.append(run.wall_s)
        row.cpus_s.append(run.cpu_s)
        row.peak_mib = max(row.peak_mib, run.peak_mib)
        if first:
            equal, said = result_equals(program, folder, reference)
            if not equal:
                row.wrong, row.trouble = True, f"result differs: {said}"
    finally:
        shutil.rmtree(folder)


def claim_run(claim, rounds, quick):
    """All rounds, each program once a round; returns the rows in the claim's order."""
    tools.program("time")
    made = inputs.Inputs(quick)
    rows = {program.name: Row(program.name) for program in claim.programs}
    for number in range(claim.rounds or rounds):
        for program in claim.programs:
            row = rows[program.name]
            if row.trouble:
                continue
            try:
                if number == 0 and program.prepare is not None:
                    program.prepare()
                name = program.input or claim.input
                text, reference = made.path(name), claim.reference(made, name)
                program_run(program, row, text, reference, number == 0)
            except tools.Missing as missing:
                row.missing = True
                row.trouble = f"could not be run: {missing}"
            last = row.trouble or f"{row.walls_s[-1]:.3f} s"
            print(f"  {claim.name} round {number + 1}: {program.name}: {last}", flush=True)
    return list(rows.values())
