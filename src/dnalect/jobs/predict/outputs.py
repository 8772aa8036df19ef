"""Predictions out, written as they come: TSV, BED, Parquet."""

import gzip
import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dnalect.core.errors import OutputError
from dnalect.core.files import Together
from dnalect.examples.items import PLACES, Cell, Column, Item, cells_of
from dnalect.genome.names import ContigNames
from dnalect.jobs.predict.answers import Answer, Answers
from dnalect.jobs.predict.track import Track

SUFFIXES = (".tsv", ".tsv.gz", ".bed", ".bw", ".parquet")
STDOUT = "-"
# Rows of a row group.
GROUP = 1 << 16
_ARROW = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64()}


class Writer(Protocol):
    """Takes items and what was predicted of them, in order."""

    def write(self, items: Sequence[Item], answers: Answers) -> None: ...


@dataclass(frozen=True)
class Shape:
    """What the outputs of a run share.

    columns: of the source, under the names that they get. answers: of the model. track: the one
    that BED and bigWig show. names: contigs of the reference, None without one. ordered: items
    come contig by contig with rising starts. facts: of how the predictions were made; may grow
    until the outputs are closed.
    """

    columns: tuple[Column, ...]
    answers: tuple[Answer, ...]
    track: Answer
    names: ContigNames | None = None
    ordered: bool = False
    facts: dict[str, str] = field(default_factory=dict)


def suffix_of(output: str) -> str:
    """Return which of SUFFIXES an output has; "-" is a TSV. Raises OutputError for another one."""
    if output == STDOUT:
        return ".tsv"
    found = [suffix for suffix in SUFFIXES if output.endswith(suffix) and Path(output).name != suffix]
    if not found:
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)} after a name")
    return found[-1]


@contextmanager
def open_output(output: str, shape: Shape, files: Together) -> Iterator[Writer]:
    """Open an output, whole when the block ends, which appears with the other `files`; "-" is written as it comes.

    Raises OutputError for a bigWig without a reference.
    """
    if output == STDOUT:
        yield _Tsv(sys.stdout, shape)
        sys.stdout.flush()
        return
    suffix = suffix_of(output)
    temporary = files.place(Path(output))
    if suffix == ".parquet":
        with _parquet(temporary, shape) as rows:
            yield rows
    elif suffix == ".bw":
        with _track(output, temporary, shape) as track:
            yield track
    else:
        with _text(temporary, suffix) as file:
            yield _Bed(file, shape, output) if suffix == ".bed" else _Tsv(file, shape)


@contextmanager
def _text(path: Path, suffix: str) -> Iterator[TextIO]:
    if not suffix.endswith(".gz"):
        with path.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        return
    # Without name and time, so that the same run gives the same bytes.
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
        yield _Encoded(packed)  # type: ignore[misc]


class _Encoded:
    """Takes text for a file of bytes."""

    def __init__(self, file: gzip.GzipFile):
        self.file = file

    def write(self, text: str) -> None:
        self.file.write(text.encode())


class _Tsv:
    def __init__(self, file: TextIO, shape: Shape):
        self.file, self.shape = file, shape
        names = [*(each.name for each in (*PLACES, *shape.columns)), *(each.name for each in shape.answers)]
        file.write("\t".join(map(_cell, names)) + "\n")

    def write(self, items: Sequence[Item], answers: Answers) -> None:
        cells = cells_of(items, self.shape.columns)
        if any(item.start < 0 for item in items):
            for name in ("start", "end"):
                cells[name] = [None if item.start < 0 else getattr(item, name) for item in items]
        told = [list(map(_cell, each)) for each in cells.values()]
        for each in self.shape.answers:
            if each.output is None:
                told.append([_cell(word) for word in answers.words[each.name]])
            else:
                told.append([_number(value) for value in answers.numbers[each.name].tolist()])
        self.file.write("".join("\t".join(row) + "\n" for row in zip(*told, strict=True)))


class _Bed:
    """BED6 and the number itself: chrom, start, end, name, score from 0 to 1000, strand, value."""

    def __init__(self, file: TextIO, shape: Shape, output: str):
        self.file, self.track, self.output = file, shape.track, output

    def write(self, items: Sequence[Item], answers: Answers) -> None:
        values = answers.numbers[self.track.name]
        rows = zip(items, self.track.scores(values).tolist(), values.tolist(), strict=True)
        for item, score, value in rows:
            if item.start < 0:
                raise OutputError(f"{self.output}: {item.id} has no place in a genome; write to .tsv or .parquet")
            name = _cell(item.id).replace(" ", "_") or "."
            row = (_cell(item.contig), str(item.start), str(item.end), name, str(score), item.strand)
            self.file.write("\t".join((*row, _number(value) or ".")) + "\n")


@contextmanager
def _track(output: str, temporary: Path, shape: Shape) -> Iterator[Track]:
    if shape.names is None:
        raise OutputError(
            f"{output}: a bigWig needs the lengths of contigs; give --reference, or cut a FASTA with --window"
        )
    track = Track(temporary, shape.names, shape.track.name, shape.ordered)
    try:
        yield track
        track.finish()
    finally:
        track.close()


class _Parquet:
    def __init__(self, file: pq.ParquetWriter, shape: Shape):
        self.file, self.shape = file, shape
        self.held: list[pa.Table] = []

    def write(self, items: Sequence[Item], answers: Answers) -> None:
        cells = cells_of(items, self.shape.columns)
        arrays = [pa.array(cells[each.name], _ARROW[each.kind]) for each in (*PLACES, *self.shape.columns)]
        for each in self.shape.answers:
            if each.output is None:
                arrays.append(pa.array(answers.words[each.name], pa.string()))
            else:
                values = answers.numbers[each.name]
                arrays.append(pa.array(values, pa.float32(), mask=np.isnan(values)))
        self.held.append(pa.Table.from_arrays(arrays, schema=self.file.schema))
        if sum(map(len, self.held)) >= GROUP:
            self.flush()

    def flush(self) -> None:
        if self.held:
            self.file.write_table(pa.concat_tables(self.held))
        self.held = []


@contextmanager
def _parquet(temporary: Path, shape: Shape) -> Iterator[Writer]:
    fields = [pa.field(each.name, _ARROW[each.kind]) for each in (*PLACES, *shape.columns)]
    fields += [pa.field(each.name, pa.string() if each.output is None else pa.float32()) for each in shape.answers]
    # Without Arrow's own copy of the schema, in which readers would miss what is added at the end.
    with pq.ParquetWriter(temporary, pa.schema(fields), store_schema=False) as file:
        rows = _Parquet(file, shape)
        yield rows
        rows.flush()
        file.add_key_value_metadata({f"dnalect_{name}": value for name, value in shape.facts.items()})


def _cell(value: Cell | Any) -> str:
    """A cell of a TSV: whatever would end it becomes a space."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return " ".join(str(value).splitlines()).replace("\t", " ")


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.5g}"
