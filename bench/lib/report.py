"""Turns rows into Markdown: a table a claim, one table of verdicts, and the page in docs/."""

import json
import math

from . import place

BEGIN = "<!-- bench/run writes from here -->"
END = "<!-- bench/run writes to here -->"
NOT_RUN = "not run"  # a verdict: the peer cannot be had here


def seconds(value):
    return "–" if math.isnan(value) else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def cell(text):
    return " ".join(text.replace("|", "\\|").split())


def verdicts(claim, rows):
    """[(versus, what was measured, True, False, NOT_RUN or None: not judged)]"""
    by_name = {row.name: row for row in rows}
    found = []
    for versus in claim.against:
        mine, peer = by_name[versus.tutti], by_name[versus.peer]
        ratio = peer.median_s() / mine.median_s()
        said = "–" if math.isnan(ratio) else f"{ratio:.2f}×"
        holds = None
        if versus.at_least is not None:
            known = not math.isnan(ratio) and not mine.trouble and not peer.trouble
            holds = NOT_RUN if peer.missing else known and ratio >= versus.at_least
        found.append((versus, said, holds))
    return found


def bounds(claim, rows):
    """The claims on tutti alone: a time, a peak of memory."""
    found = []
    for row in (row for row in rows if row.name.startswith("tutti")):
        right = not row.trouble
        if claim.tutti_below_s is not None:
            holds = right and row.median_s() < claim.tutti_below_s
            found.append((f"{row.name}: < {claim.tutti_below_s * 1000:.0f} ms",
                          f"{row.median_s() * 1000:.1f} ms" if row.walls_s else "–", holds))
        if claim.tutti_peak_mib is not None:
            holds = right and row.peak_mib <= claim.tutti_peak_mib
            found.append((f"{row.name}: peak memory ≤ {claim.tutti_peak_mib:.0f} MiB",
                          f"{row.peak_mib:.0f} MiB", holds))
    return found


def word(holds):
    return "" if holds is None else {True: "yes", False: "**no**"}.get(holds, holds)


def claim_lines(claim, rows):
    """The claim's own table: the numbers of each program, then tutti's ratio to each peer."""
    judged = {versus.peer: (versus, said, holds) for versus, said, holds in verdicts(claim, rows)}
    lines = [f"### {claim.name}: {claim.title}", "",
             "| program | median s | min s | CPU s | peak MiB | tutti's speed is | claimed"
             " | holds |",
             "|---|--:|--:|--:|--:|--:|--:|---|"]
    for row in rows:
        if not row.walls_s:
            verdict = word(judged[row.name][2]) if row.name in judged else ""
            lines.append(f"| {cell(row.name)} | {cell(row.trouble)} |||||| {verdict} |")
            continue
        versus, said, holds = judged.get(row.name, (None, "", None))
        claimed = f"≥ {versus.at_least:.2f}×" if versus and versus.at_least else ""
        cpu_s = sorted(row.cpus_s)[len(row.cpus_s) // 2]
        trouble = f" **{cell(row.trouble)}**" if row.trouble else ""
        lines.append(f"| {cell(row.name)}{trouble} | {seconds(row.median_s())} | "
                     f"{seconds(min(row.walls_s))} | {seconds(cpu_s)} | {row.peak_mib:.0f} | "
                     f"{said} | {claimed} | {word(holds)} |")
    lines += [""] + [f"{text}: {said}, holds: {word(holds)}  "
                     for text, said, holds in bounds(claim, rows)]
    return lines + [f"{note}  " for note in claim.notes] + [""]


def verdict_lines(claim, rows):
    """The claim's lines in the one table at the end."""
    lines = []
    for versus, said, holds in verdicts(claim, rows):
        if holds is not None:
            lines.append(f"| {claim.name} | {cell(versus.peer)} | {versus.at_least:.2f}× |"
                         f" {said} | {word(holds)} |")
    for text, said, holds in bounds(claim, rows):
        subject, bound = text.split(": ", 1)
        lines.append(f"| {claim.name} | {cell(subject)} alone | {bound} | {said} | {word(holds)} |")
    return lines


def short_lines(claim, rows):
    """The claim's line in the README: its ratios alone."""
    ratios = [f"{said} {cell(versus.peer)}" for versus, said, holds in verdicts(claim, rows)
              if holds in (True, False)]
    ratios += [said for _, said, holds in bounds(claim, rows) if claim.tutti_below_s is not None]
    return [f"| {cell(claim.title)} | {'; '.join(ratios)} |"] if ratios else []


def short_head():
    return ["| job | tutti's speed, as a multiple of its peer's |", "|---|---|"]


def verdict_head():
    return ["| claim | against | at least | measured | holds |", "|---|---|--:|--:|---|"]


def holds_all(claim, rows):
    judged = [holds for _, _, holds in verdicts(claim, rows) + bounds(claim, rows)]
    return all(holds is not False for holds in judged) and not any(row.wrong for row in rows)


def keep_lines(name, table, verdict, short, rounds):
    """Remembers a full run's tables, so that the page can be written after a partial run too."""
    place.RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {"table": table, "verdicts": verdict, "short": short, "rounds": rounds}
    (place.RESULTS / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")


def keep(claim, rows, rounds):
    keep_lines(claim.name, claim_lines(claim, rows), verdict_lines(claim, rows),
               short_lines(claim, rows), rounds)


def keep_result(name, result, rounds):
    keep_lines(name, result.table(), result.verdicts(), result.short(), rounds)


def between_marks(page, lines):
    """Replaces what stands between the two marks of a page."""
    head, rest = page.read_text(encoding="utf-8").split(BEGIN)
    tail = rest.split(END)[1]
    body = "\n".join(lines).strip()
    page.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}", encoding="utf-8")


def pages_write(names):
    """The tables of docs/performance.md, and the short one of README.md."""
    kept = []
    for name in names:
        path = place.RESULTS / f"{name}.json"
        if path.exists():
            kept.append(json.loads(path.read_text(encoding="utf-8")))
    lines = verdict_head() + [line for one in kept for line in one["verdicts"]] + [""]
    between_marks(place.PAGE, lines + [line for one in kept for line in one["table"]])
    between_marks(place.README, short_head() + [line for one in kept for line in one["short"]])
