"""The result of a claim that measures in its own way: a table, and lines that hold or do not."""

import dataclasses

from . import report


@dataclasses.dataclass
class Line:
    what: str
    against: str
    wanted: str  # as the page says it: "≤ 0.70×"
    measured: str
    holds: object  # True, False, report.NOT_RUN; None: shown, not judged


@dataclasses.dataclass
class FreeResult:
    name: str
    title: str
    head: list  # of the table
    rows: list = dataclasses.field(default_factory=list)
    lines: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)

    @property
    def good(self):
        return all(line.holds is not False for line in self.lines)

    def judge_at_most(self, what, against, ratio, bound):
        holds = None if bound is None else ratio <= bound
        wanted = "–" if bound is None else f"≤ {bound:.2f}×"
        self.lines.append(Line(what, against, wanted, f"{ratio:.2f}×", holds))

    def judge_at_least(self, what, against, ratio, bound):
        self.lines.append(Line(what, against, f"{bound:.2f}×", f"{ratio:.2f}×", ratio >= bound))

    def judge_below(self, what, against, value, bound):
        self.lines.append(Line(what, against, f"≤ {bound}", f"{value:.0f}", value <= bound))

    def fail(self, what, against, why):
        self.lines.append(Line(what, against, "–", why, False))

    def not_run(self, what, against, why):
        self.lines.append(Line(what, against, "–", f"could not be run: {why}", report.NOT_RUN))

    def table(self):
        rule = "|---|" + "--:|" * (len(self.head) - 1)
        rows = ["| " + " | ".join(report.cell(str(cell)) for cell in row) + " |"
                for row in self.rows]
        head = "| " + " | ".join(self.head) + " |"
        return ([f"### {self.name}: {self.title}", "", head, rule] + rows + [""] +
                [f"{note}  " for note in self.notes] + [""])

    def verdicts(self):
        return [f"| {self.name}: {line.what} | {line.against} | {line.wanted} | {line.measured} |"
                f" {report.word(line.holds)} |" for line in self.lines if line.holds is not None]

    def short(self):
        said = "; ".join(f"{line.measured} {line.what}" for line in self.lines
                         if line.holds in (True, False))
        return [f"| {self.title} | {said} |"] if said else []
