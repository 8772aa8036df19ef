"""Scored records out: VCF (plain or bgzip + tabix), TSV, Parquet, tracks, stdout."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from dnalect.core.errors import OutputError
from dnalect.core.files import Together, written_together
from dnalect.core.records import Row, Score
from dnalect.genome.vcf import Record, VcfHeader, annotate_line, plain_line
from dnalect.scored import tracks
from dnalect.scored.fields import Layout
from dnalect.scored.tabix import Order, add_index


class Writer(Protocol):
    """Takes every record with its scores and table rows, in order."""

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None: ...


class Kept:
    """An output in memory, which can be written to files later.

    records: with their scores and rows. layout: the columns of the rows.
    """

    def __init__(self) -> None:
        self.records: list[tuple[Record, list[Score], list[Row]]] = []

    def begin(
        self, header: VcfHeader | None, contigs: dict[str, int], provenance: dict[str, str], layout: Layout
    ) -> None:
        """Take what every output is told before the records come."""
        self.header, self.contigs, self.provenance, self.layout = header, contigs, provenance, layout

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        """Keep a record."""
        self.records.append((record, scores, rows))

    def table(self) -> pa.Table:
        """Return the rows as they are written to Parquet."""
        rows = [self.layout.values(row) for _, _, mine in self.records for row in mine]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.layout.columns)
        arrays = [pa.array(cells, each.kind) for cells, each in zip(columns, self.layout.columns, strict=True)]
        return pa.Table.from_arrays(arrays, schema=self.layout.schema)

    def write_to(self, outputs: Iterable[str]) -> None:
        """Write the records to files; they appear whole or not at all."""
        with (
            written_together() as files,
            open_outputs(outputs, self.header, self.contigs, self.provenance, self.layout, files) as writers,
        ):
            for kept in self.records:
                for writer in writers:
                    writer.write(*kept)


def kind_of(output: str, from_vcf: bool) -> str:
    """Return which of SUFFIXES an output has; "-" is a VCF or a TSV. OutputError for any other suffix."""
    if output == "-":
        return ".vcf" if from_vcf else ".tsv"
    found = [suffix for suffix in SUFFIXES if output.endswith(suffix)]
    if output.endswith(".bcf"):
        raise OutputError(f"BCF is read, not written: write {output[:-4]}.vcf.gz, and `bcftools view -Ob` makes it one")
    if not found:
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}, and is not '-'")
    return found[-1]


@contextmanager
def open_outputs(
    outputs: Iterable[str] | Iterable[str | Kept],
    header: VcfHeader | None,
    contigs: dict[str, int],
    provenance: dict[str, str],
    layout: Layout,
    files: Together,
) -> Iterator[list[Writer]]:
    """Open all outputs, which are whole when the block ends, and appear with the other `files`.

    outputs: files, or what keeps records in memory. header: of the input VCF, if it is one.
    contigs: names and lengths of the reference. provenance: empty to leave it out. layout: the
    fields and columns to write.
    """
    with ExitStack() as stack:
        writers: list[Writer] = []
        for output in outputs:
            if isinstance(output, Kept):
                output.begin(header, contigs, provenance, layout)
                writers.append(output)
                continue
            kind = kind_of(output, header is not None)
            if kind in TRACKS:
                writers.append(stack.enter_context(TRACKS[kind](files.place(Path(output)), contigs, provenance)))
            elif kind in TABLES:
                writers.append(stack.enter_context(TABLES[kind](output, provenance, layout, files)))
            else:
                head = header or _new_header(contigs)
                writers.append(stack.enter_context(_vcf(output, kind, head, provenance, layout, files)))
        yield writers


@contextmanager
def _binary(output: str, files: Together) -> Iterator[BinaryIO]:
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with files.place(Path(output)).open("wb") as file:
        yield file


class _VcfWriter:
    def __init__(self, file: Any, layout: Layout):
        self.file, self.layout = file, layout
        self.order = Order()

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        self.order.add(record)
        fields = self.layout.info(rows)
        self.file.write(annotate_line(record.line, fields) if record.line else plain_line(record, fields))


@contextmanager
def _vcf(
    output: str, kind: str, header: VcfHeader, provenance: dict[str, str], layout: Layout, files: Together
) -> Iterator[Writer]:
    added = [f"##dnalect_{name}={value}" for name, value in provenance.items()]
    added += [field.line for field in layout.fields]
    if kind == ".vcf" or output == "-":
        with _binary(output, files) as file:
            file.writelines(header.with_lines(added))
            yield _VcfWriter(file, layout)
        return
    temporary = files.place(Path(output))
    with pysam.BGZFile(str(temporary), "wb", None) as packed:
        for line in header.with_lines(added):
            packed.write(line)
        writer = _VcfWriter(packed, layout)
        yield writer
    add_index(temporary, Path(output), writer.order, files)


def _new_header(contigs: dict[str, int]) -> VcfHeader:
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={size}>" for name, size in contigs.items())]
    meta = tuple(f"{line}\n".encode() for line in lines)
    return VcfHeader(meta, b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")


class _TsvWriter:
    def __init__(self, file: BinaryIO, layout: Layout):
        self.file, self.layout = file, layout

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        for row in rows:
            values = self.layout.values(row)
            self.file.write(("\t".join("" if v is None else str(v) for v in values) + "\n").encode())


@contextmanager
def _tsv(output: str, provenance: dict[str, str], layout: Layout, files: Together) -> Iterator[Writer]:
    with _binary(output, files) as file:
        file.writelines(f"# dnalect {name}: {value}\n".encode() for name, value in provenance.items())
        file.write(("\t".join(layout.names) + "\n").encode())
        yield _TsvWriter(file, layout)


GROUP = 50_000


class _ParquetWriter:
    def __init__(self, writer: pq.ParquetWriter, layout: Layout):
        self.writer, self.layout = writer, layout
        self.rows: list[list[Any]] = []

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        self.rows += [self.layout.values(row) for row in rows]
        if len(self.rows) >= GROUP:
            self.flush()

    def flush(self) -> None:
        columns = [
            pa.array(values, column.kind)
            for values, column in zip(zip(*self.rows, strict=True), self.layout.columns, strict=True)
        ]
        self.writer.write_table(pa.Table.from_arrays(columns, schema=self.writer.schema))
        self.rows = []


@contextmanager
def _parquet(output: str, provenance: dict[str, str], layout: Layout, files: Together) -> Iterator[Writer]:
    schema = layout.schema.with_metadata({f"dnalect_{name}": value for name, value in provenance.items()})
    with pq.ParquetWriter(files.place(Path(output)), schema) as writer:
        mine = _ParquetWriter(writer, layout)
        yield mine
        if mine.rows:
            mine.flush()


# The suffix of an output says what is written.
TABLES = {".tsv": _tsv, ".parquet": _parquet}
TRACKS: dict[str, Callable[[Path, Mapping[str, int], Mapping[str, str]], AbstractContextManager[Writer]]] = {
    ".bw": tracks.bigwig,
    ".bigwig": tracks.bigwig,
    ".bed": tracks.bed,
    ".bedgraph": tracks.bedgraph,
}
SUFFIXES = (".vcf", ".vcf.gz", *TABLES, *TRACKS)
