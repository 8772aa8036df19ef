"""How much labelled data leak between their parts, and which shortcuts they allow: one row for each data set."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from dnalect.core.reporter import track
from dnalect.core.tables import write_tsv
from dnalect.examples.leaks import Audit
from dnalect.jobs.options import LeaksOptions
from dnalect.jobs.tuning.data import prepare
from dnalect.jobs.tuning.options import DataOptions


@dataclass(frozen=True)
class Row:
    """An audit as a line of a table.

    train, validate, test: sequences of each part. exact, reverse, near, overlapping: test sequences
    that are met in the training part: the same one, its reverse complement only, one that shares half of
    its words (or a fifth in one run) otherwise, one on the same bases of the genome, whatever else.
    leaking: met in train or validate in any of these ways. level: PASS, WARN or FAIL. shortcuts:
    findings at WARN or FAIL.
    """

    data: str
    split: str
    train: int
    validate: int
    test: int
    exact: int
    reverse: int
    near: int
    overlapping: int
    leaking: int
    level: str
    shortcuts: str


AUDITED = ("labels", "sequence", "reference", "place", "split", "drop_conflicts", "seed")


def audits(options: LeaksOptions) -> list[Row]:
    """Audit every labelled file of the options, and write the table where they say so. Raises what `prepare` raises."""
    told = {name: getattr(options, name) for name in AUDITED}
    every = [DataOptions(each, **told) for each in options.data]
    rows = [leaks_of(each) for each in track(every, "audits")]
    if options.output:
        write_leaks(options.output, rows)
    return rows


def leaks_of(options: DataOptions, name: str = "") -> Row:
    """Read, split and audit labelled data; nothing is dropped. Raises what `prepare` raises."""
    prepared = prepare(replace(options, keep_leaks=True))
    parts = prepared.examples.parts
    counts = parts.count("train"), parts.count("validate"), parts.count("test")
    return _row(name or options.data, prepared.rule, counts, prepared.audit)


def _row(name: str, rule: str, counts: tuple[int, int, int], audit: Audit) -> Row:
    pair = next(each for each in audit.overlaps if (each.earlier, each.later) == ("train", "test"))
    loud = [f"{each.check} ({each.target}) {each.value.mean:.2f}" for each in audit.findings if each.level != "PASS"]
    return Row(
        *(name, rule, *counts),
        *(pair.exact, pair.reverse, pair.near, pair.overlapping),
        *(len(audit.rows), audit.level, "; ".join(loud)),
    )


def table(rows: Iterable[Row]) -> Iterator[list[str]]:
    """Yield the lines of a table, names first."""
    names = [each.name for each in fields(Row)]
    yield names
    for row in rows:
        yield [str(getattr(row, name)) for name in names]


def write_leaks(path: Path, rows: Sequence[Row]) -> None:
    """Write the table as TSV, whole or not at all."""
    write_tsv(path, table(rows))
