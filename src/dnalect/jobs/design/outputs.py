"""Designs out: FASTA, a table, a page."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from dnalect import __version__
from dnalect.core.arrow import put_table
from dnalect.core.figures import Figure
from dnalect.core.files import sha256, written_together
from dnalect.design.asked import THERE_AND_BACK, Problem
from dnalect.jobs.design.judging import BITS, Content, Group, Jury, column_of
from dnalect.jobs.design.options import FASTAS, PAGE, Options
from dnalect.report.designed import Curve, Front, designs_page

LINE = 80


@dataclass(frozen=True, eq=False)
class Designed:
    """What was designed.

    table: a row a sequence, the best of designs, then of rivals. facts: how it was made. notes: not to be missed.
    """

    table: pa.Table
    figures: list[Figure]
    groups: tuple[Group, ...]
    content: list[Content]
    facts: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def designs(self) -> pa.Table:
        """The rows of designs."""
        return self.table.slice(0, len(self.groups[0].rows))


def facts_of(options: Options, jury: Jury, problem: Problem) -> dict[str, str]:
    """Return what a reader needs to repeat the run."""
    predictors = [f"{each.card.id} {each.card.sha256}" for each in jury.panel.predictors]
    judges = [f"{each.card.id} {each.card.sha256}" for each in jury.judges]
    language = jury.language
    facts = {
        "version": __version__,
        "command": options.command,
        "models": "; ".join(predictors),
        "goals": "; ".join(options.goals),
        "constraints": problem.rules.told,
        "protected": ", ".join(options.protect),
        "method": options.method,
        "calls": f"{options.calls:,} sequences that are read; a pass there and back counts as {THERE_AND_BACK}",
        "judges": "; ".join(judges),
        "likelihood": f"{language.card.id} {language.card.sha256}" if language else "",
        "known": _file(options.known),
        "motifs": _file(options.motifs),
        "seed": str(options.seed),
    }
    return {name: value.replace("\n", " ") for name, value in facts.items()}


def _file(path: str | None) -> str:
    if path is None:
        return ""
    file = Path(path)
    return f"{file.name} {sha256(file)}" if file.is_file() else path


def write_outputs(outputs: Sequence[str], done: Designed) -> None:
    """Write every output, all or none; FASTA to standard output for "-"."""
    with written_together() as files:
        for output in outputs:
            if output == "-":
                continue
            path = files.place(Path(output))
            if output.endswith(FASTAS):
                path.write_text(fasta_of(done), encoding="utf-8")
            elif output.endswith(PAGE):
                path.write_text(page_of(done), encoding="utf-8")
            else:
                told = {f"dnalect_{name}": value for name, value in done.facts.items()}
                put_table(done.table.replace_schema_metadata(told), path, Path(output).suffix)
    if "-" in outputs:
        sys.stdout.write(fasta_of(done))


def fasta_of(done: Designed) -> str:
    """Return the designs as FASTA; headers say what is said of each."""
    lines = []
    for row in done.designs.to_pylist():
        text = row["sequence"]
        kept = {name: value for name, value in row.items() if name not in ("name", "sequence", "origin")}
        told = " ".join(f"{name.replace(' ', '_')}={value}" for name, value in kept.items() if value != "")
        lines += [f">{row['name']} {told}", *(text[at : at + LINE] for at in range(0, len(text), LINE))]
    return "\n".join(lines) + "\n"


def page_of(done: Designed) -> str:
    """Return the page as HTML."""
    panel = done.groups[0].asked.problem.panel
    goals = [aim.told for aim in panel.aims]
    if len(goals) == 1:
        sign = -1.0 if panel.aims[0].way == "low" else 1.0
        near = not isinstance(panel.aims[0].way, str)
        label = f"minus the distance from {panel.aims[0].way:g}" if near else panel.aims[0].output
        picture: Curve | Front = Curve(label, {each.name: sign * each.asked.best_by_call() for each in done.groups})
    else:
        values = {each.name: np.array(each.asked.values) for each in done.groups}
        best = {each.name: values[each.name][each.rows] for each in done.groups}
        picture = Front((panel.aims[0].told, panel.aims[1].told), values, best)
    sites = [(each.motif.factor, each.motif.name, each.shares) for each in done.content]
    facts = {name: value for name, value in done.facts.items() if value}
    lead = (
        f"{len(done.designs)} designs towards {', '.join(goals)}"
        + (f", with {done.facts['constraints']}" if done.facts["constraints"] else "")
        + "."
    )
    columns = [BITS if each is None else column_of(each.name) for each in panel.outputs[:2]]
    return designs_page(lead, done.table.to_pylist(), done.figures, picture, columns, sites, facts, done.notes)
