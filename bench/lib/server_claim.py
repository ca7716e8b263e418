"""Claims about servers: the same load on tutti and on a peer, in turn; medians of the rounds.

A case is a load. Its figures are operations a second, and the server's CPU microseconds for each:
the second is what a busy machine cannot blur.
"""

import dataclasses
import statistics

from . import report, servers, tools

PROGRAM_SECONDS, QUICK_SECONDS = 2.0, 0.5


@dataclasses.dataclass
class Case:
    title: str
    words: list  # the command
    clients: int = 50
    pipeline: int = 1
    throughput_at_least: float | None = None  # times the peer's
    cpu_at_least: float | None = None  # operations a CPU second, times the peer's
    p99_at_most: float | None = None  # of a batch, times the peer's
    fill: list | None = None  # a command that is run once for each key before
    keys: int = 1_000_000
    peer_words: list | None = None  # where the peer is asked in other words
    peer_fill: list | None = None


@dataclasses.dataclass
class Figures:
    rates: list = dataclasses.field(default_factory=list)  # operations a second
    cpus_us: list = dataclasses.field(default_factory=list)  # of server CPU an operation
    p99_us: list = dataclasses.field(default_factory=list)
    trouble: str = ""


@dataclasses.dataclass
class ServerClaim:
    name: str
    title: str
    mine: servers.Kind
    peer: servers.Kind
    cases: list
    also: list = dataclasses.field(default_factory=list)  # other peers: shown, not judged
    notes: list = dataclasses.field(default_factory=list)
    seconds: float = PROGRAM_SECONDS

    def measure(self, rounds, quick):
        kinds = [self.peer, self.mine, *self.also]
        figures = {(case.title, kind.name): Figures() for case in self.cases for kind in kinds}
        for number in range(rounds):
            for case in self.cases:
                # Who goes first changes each round: a machine that slows down favours nobody.
                for kind in kinds if number % 2 == 0 else kinds[::-1]:
                    self._measure_one(case, kind, figures[case.title, kind.name], quick)
                    last = figures[case.title, kind.name]
                    print(f"  {self.name} round {number + 1}: {case.title}: {kind.name}: "
                          f"{last.trouble or f'{last.rates[-1]:,.0f}/s'}", flush=True)
        return Result(self, figures)

    def _measure_one(self, case, kind, figures, quick):
        if figures.trouble:
            return
        in_other_words = kind is not self.mine and case.peer_words
        words = case.peer_words if in_other_words else case.words
        fill = case.peer_fill if in_other_words else case.fill
        keys = min(case.keys, 10_000) if quick else case.keys
        try:
            kind.prepare()
            with kind.open() as server:
                if fill:
                    servers.load(server, fill, 10, 16, 0, keys)
                before = server.cpu_s()
                done = servers.load(server, words, case.clients, case.pipeline,
                                    QUICK_SECONDS if quick else self.seconds, keys)
                cpu_s = server.cpu_s() - before
            figures.rates.append(done.operations / done.seconds)
            figures.cpus_us.append(cpu_s * 1e6 / max(done.operations, 1))
            figures.p99_us.append(done.p99_us)
        except tools.Missing as missing:
            figures.trouble = f"could not be run: {missing}"


class Result:
    """What bench/run prints and keeps."""

    def __init__(self, claim, figures):
        self.claim, self.figures = claim, figures
        self.judged = [line for case in claim.cases for line in self._judge(case)]
        self.good = all(holds is not False for *_, holds in self.judged)

    def _pair(self, case):
        return (self.figures[case.title, self.claim.mine.name],
                self.figures[case.title, self.claim.peer.name])

    def _judge(self, case):
        """[(what, at least, measured, holds)]"""
        mine, peer = self._pair(case)
        lines = []
        for what, wanted, ratio in (
                ("throughput", case.throughput_at_least, self._ratio(mine.rates, peer.rates)),
                ("operations per CPU second", case.cpu_at_least,
                 self._ratio(peer.cpus_us, mine.cpus_us))):
            if wanted is None:
                continue
            holds = report.NOT_RUN if peer.trouble else ratio is not None and ratio >= wanted
            lines.append((f"{case.title}: {what}", f"{wanted:.2f}×", ratio, holds))
        if case.p99_at_most is not None:
            ratio = self._ratio(mine.p99_us, peer.p99_us)
            holds = report.NOT_RUN if peer.trouble else (ratio is not None and
                                                         ratio <= case.p99_at_most)
            lines.append((f"{case.title}: p99", f"≤ {case.p99_at_most:.2f}×", ratio, holds))
        return lines

    @staticmethod
    def _ratio(above, below):
        if not above or not below:
            return None
        return statistics.median(above) / max(statistics.median(below), 1e-9)

    def table(self):
        lines = [f"### {self.claim.name}: {self.claim.title}", "",
                 "| load | server | operations/s | CPU µs each | p99 µs of a batch |",
                 "|---|---|--:|--:|--:|"]
        for case in self.claim.cases:
            for kind in (self.claim.mine, self.claim.peer, *self.claim.also):
                row = self.figures[case.title, kind.name]
                if row.trouble:
                    lines.append(f"| {case.title} | {kind.name} | {report.cell(row.trouble)} |||")
                    continue
                lines.append(f"| {case.title} | {kind.name} | {statistics.median(row.rates):,.0f} |"
                             f" {statistics.median(row.cpus_us):.2f} |"
                             f" {statistics.median(row.p99_us):,.0f} |")
        return lines + [""] + [f"{note}  " for note in self.claim.notes] + [""]

    def verdicts(self):
        return [f"| {self.claim.name}: {what} | {self.claim.peer.name} | {wanted} | "
                f"{'–' if ratio is None else f'{ratio:.2f}×'} | {report.word(holds)} |"
                for what, wanted, ratio, holds in self.judged]

    def short(self):
        said = "; ".join(f"{ratio:.2f}× {what}" for what, _, ratio, holds in self.judged
                         if holds in (True, False) and ratio is not None)
        return [f"| {self.claim.title} | {said} (against {self.claim.peer.name}) |"] if said else []
