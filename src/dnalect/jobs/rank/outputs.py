"""The ranking out: one table with every variant, a table of haplotypes, the page."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dnalect.core.arrow import put_noted, write_noted
from dnalect.core.errors import OutputError, TableError
from dnalect.core.files import written_together
from dnalect.jobs.rank.facts import provenance
from dnalect.jobs.rank.page import page_of
from dnalect.jobs.rank.ranking import Ranked
from dnalect.report.ranking import render
from dnalect.scored.reader import Floats

SUFFIXES = (".tsv", ".parquet")
HAPLOTYPES = (
    *("haplotype", "chrom", "start", "end", "alleles", "carriers", "sample", "class"),
    *("joint", "sum_of_singles", "interaction", "interacting", "reason"),
)


def kind_of(output: str) -> str:
    """Return ".tsv" or ".parquet"; "-" is a TSV. OutputError for any other suffix."""
    found = [suffix for suffix in SUFFIXES if output.endswith(suffix)]
    if not found and output != "-":
        raise OutputError(f"the output {output} must end in {' or '.join(SUFFIXES)}, or be '-'")
    return found[0] if found else ".tsv"


def haplotype_path(output: str) -> str:
    """Return the name of the table of haplotypes beside the ranking. OutputError for stdout."""
    if output == "-":
        raise OutputError("--haplotypes writes a second table beside the first: name a file with -o")
    return str(Path(output).with_suffix(".haplotypes.tsv"))


def write_outputs(ranked: Ranked, output: str, report: str | None) -> None:
    """Write table, haplotypes and page; all appear under their names, or none. Raises OutputError."""
    table = table_of(ranked)
    with written_together() as files:
        if output != "-":
            write_noted(table, files.place(Path(output)), kind_of(output))
        if ranked.options.haplotypes:
            beside = files.place(Path(haplotype_path(output)))
            beside.write_text("".join("\t".join(row) + "\n" for row in _haplotypes(ranked)), encoding="utf-8")
        if report:
            files.place(Path(report)).write_text(render(page_of(ranked)), encoding="utf-8")
        if output == "-":
            put_noted(table, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def table_of(ranked: Ranked) -> pa.Table:
    """Return all variants, the best first, with the file's own columns between those of the ranking.

    Metadata: where scores and weights come from. Raises TableError where the file has a
    column of the same name.
    """
    before, after = _before(ranked), _after(ranked)
    own = [*before, *after]
    if clash := [name for name in own if name in ranked.scored]:
        raise TableError(f"{ranked.scored.path} has a column {clash[0]!r} of its own; rename it")
    order = ranked.order.order
    columns = {name: values.take(pa.array(order)) for name, values in before.items()}
    table = ranked.scored.table.take(pa.array(order))
    columns |= dict(zip(table.column_names, table.columns, strict=True))
    columns |= {name: values.take(pa.array(order)) for name, values in after.items()}
    facts = ranked.scored.provenance | provenance(ranked) | {"rank_columns": " ".join(own)}
    return pa.table(columns).replace_schema_metadata({f"dnalect_{name}": value for name, value in facts.items()})


def _numbers(values: Floats, digits: int = 4) -> pa.Array:
    rounded = np.round(np.asarray(values, dtype=np.float64), digits) + 0.0
    return pa.array(rounded, mask=~np.isfinite(rounded))


def _counts(values: Any) -> pa.Array:
    numbers = np.asarray(values, dtype=np.int64)
    return pa.array(numbers, mask=numbers == 0)


def _before(ranked: Ranked) -> dict[str, pa.Array]:
    order, size = ranked.order, len(ranked.scored)
    bought = np.zeros(size, dtype=np.int64)
    bought[ranked.picks] = np.arange(1, len(ranked.picks) + 1)
    columns = {"rank": _counts(order.rank), "pick": _counts(bought), "score": _numbers(ranked.combined.score, 6)}
    if ranked.loci.grouped:
        columns["locus"] = pa.array([name or None for name in ranked.loci.names], pa.string())
        columns |= {"locus_rank": _counts(order.locus_rank), "locus_size": _counts(order.locus_size)}
    return columns


def _after(ranked: Ranked) -> dict[str, pa.Array]:
    combined, size = ranked.combined, len(ranked.scored)
    columns = {}
    for at, each in enumerate(ranked.evidence):
        columns[f"{each.name}_value"] = _numbers(each.value)
        columns[f"{each.name}_weight"] = _numbers(combined.shares[:, at])
        columns[f"{each.name}_contribution"] = _numbers(combined.contributions[:, at])
    if ranked.pip is not None:
        columns |= {"mean": _numbers(combined.mean, 6), "pip_factor": _numbers(combined.factor)}
    missing = [[each.name for each in ranked.evidence if not each.known[row]] for row in range(size)]
    columns["missing"] = pa.array([",".join(names) or None for names in missing], pa.string())
    if ranked.calibration is not None and ranked.calibration.chances is not None:
        columns["hit_probability"] = _numbers(ranked.calibration.chances)
    if ranked.labels is not None:
        columns["hit_label"] = pa.array(ranked.labels.hit, mask=~np.isfinite(ranked.labels.hit)).cast(pa.int64())
    if ranked.options.haplotypes:
        numbers = {id(joint): f"h{at}" for at, joint in enumerate(ranked.joints, 1)}
        found = [ranked.partners.get(row) for row in range(size)]
        columns["haplotype"] = pa.array([numbers[id(each)] if each else None for each in found], pa.string())
        columns["interaction"] = pa.array(
            [_rounded(each.interaction) if each else None for each in found], pa.float64()
        )
        columns["interacting"] = pa.array([each.interacting if each else None for each in found], pa.bool_())
    why: list[str | None] = [None] * size
    for row, sentence in zip(ranked.picks, ranked.why, strict=True):
        why[row] = sentence
    return columns | {"why": pa.array(why, pa.string())}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _haplotypes(ranked: Ranked) -> Iterator[list[str]]:
    yield list(HAPLOTYPES)
    for number, each in enumerate(ranked.joints, 1):
        alleles = each.near.alleles
        values = [each.joint, sum(each.singles) if each.singles else None, each.interaction]
        yield [
            f"h{number}",
            alleles[0][0],
            str(alleles[0][1]),
            str(max(position + len(ref) - 1 for _, position, ref, _ in alleles)),
            ",".join(f"{position}{ref}>{alt}" for _, position, ref, alt in alleles),
            str(each.near.carriers),
            each.near.sample,
            each.kind,
            *("" if value is None else f"{value:.4f}" for value in values),
            str(each.interacting),
            each.reason,
        ]
