"""Scored records out: VCF (plain or bgzip + tabix), TSV, Parquet, stdout."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import pysam

from dnalect.core.errors import OutputError
from dnalect.core.files import written_whole
from dnalect.core.records import Row, Score
from dnalect.genome.vcf import Record, VcfHeader, annotate_line, plain_line

SUFFIXES = (".vcf", ".vcf.gz", ".tsv", ".parquet")
INFO_LINES = (
    '##INFO=<ID=DNALECT_LLR,Number=A,Type=Float,Description="dnalect: ln p(ALT) - ln p(REF); negative: the alternate '
    'allele is disfavoured; no clinical evidence">',
    '##INFO=<ID=DNALECT_PCT,Number=A,Type=Float,Description="dnalect: share of background variants of the same kind '
    'with a lower DNALECT_LLR; no p-value">',
    '##INFO=<ID=DNALECT_REFP,Number=A,Type=Float,Description="dnalect: probability of the reference base (SNVs)">',
    '##INFO=<ID=DNALECT_REASON,Number=A,Type=String,Description="dnalect: why the allele has no score">',
    '##INFO=<ID=DNALECT_STRAND,Number=A,Type=Float,Description="dnalect: absolute difference of DNALECT_LLR between '
    'the strands (models that read one strand at a time)">',
    '##INFO=<ID=DNALECT_TOKENS,Number=A,Type=String,Description="dnalect: pieces that REF and ALT are cut into, as '
    'ref-alt (byte pair tokenizers)">',
    '##INFO=<ID=DNALECT_FLAGS,Number=A,Type=String,Description="dnalect: flags of the score, e.g. tandem_repeat">',
)
COLUMNS = (
    "chrom pos id ref alt class llr percentile ref_probability strand_gap ref_tokens alt_tokens reason flags "
    "allele_count allele_frequency seen_in_training gene region tss_distance"
).split()


class Writer(Protocol):
    """Takes every record with its scores and table rows, in order."""

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None: ...


def kind_of(output: str, from_vcf: bool) -> str:
    """Return ".vcf", ".vcf.gz", ".tsv" or ".parquet". OutputError for any other suffix."""
    if output == "-":
        return ".vcf" if from_vcf else ".tsv"
    found = [suffix for suffix in SUFFIXES if output.endswith(suffix)]
    if not found:
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)}, and is not '-'")
    return found[-1]


@contextmanager
def open_outputs(
    outputs: Iterable[str], header: VcfHeader | None, contigs: dict[str, int], provenance: dict[str, str]
) -> Iterator[list[Writer]]:
    """Open all outputs; they appear under their names only when the block ends well.

    header: of the input VCF, if it is one. contigs: names and lengths for a new header.
    provenance: empty to leave it out.
    """
    with ExitStack() as stack:
        writers: list[Writer] = []
        for output in outputs:
            kind = kind_of(output, header is not None)
            if kind in (".vcf", ".vcf.gz"):
                writers.append(stack.enter_context(_vcf(output, kind, header, contigs, provenance)))
            elif kind == ".tsv":
                writers.append(stack.enter_context(_tsv(output, provenance)))
            else:
                writers.append(stack.enter_context(_parquet(output, provenance)))
        yield writers


@contextmanager
def _binary(output: str) -> Iterator[BinaryIO]:
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with written_whole(Path(output)) as temporary, temporary.open("wb") as file:
        yield file


def info_fields(scores: list[Score]) -> str:
    """Return our INFO fields of one record; `scores` has one entry an alternate (one for ALT ".")."""
    values = ",".join("." if s.value is None else f"{s.value:.4f}" for s in scores)
    percentiles = ",".join("." if s.percentile is None else f"{s.percentile:.6f}" for s in scores)
    reasons = ",".join(s.reason or "." for s in scores)
    fields = f"DNALECT_LLR={values};DNALECT_PCT={percentiles};DNALECT_REASON={reasons}"
    if any(s.ref_prob is not None for s in scores):
        fields += ";DNALECT_REFP=" + ",".join("." if s.ref_prob is None else f"{s.ref_prob:.4f}" for s in scores)
    if any(s.strand_gap is not None for s in scores):
        fields += ";DNALECT_STRAND=" + ",".join("." if s.strand_gap is None else f"{s.strand_gap:.4f}" for s in scores)
    if any(s.tokens for s in scores):
        fields += ";DNALECT_TOKENS=" + ",".join(f"{s.tokens[0]}-{s.tokens[1]}" if s.tokens else "." for s in scores)
    if any(s.flags for s in scores):
        fields += ";DNALECT_FLAGS=" + ",".join("+".join(s.flags) or "." for s in scores)
    return fields


class _VcfWriter:
    def __init__(self, file: Any):
        self.file = file

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        fields = info_fields(scores)
        self.file.write(annotate_line(record.line, fields) if record.line else plain_line(record, fields))


@contextmanager
def _vcf(
    output: str, kind: str, header: VcfHeader | None, contigs: dict[str, int], provenance: dict[str, str]
) -> Iterator[Writer]:
    added = [f"##dnalect_{name}={value}" for name, value in provenance.items()] + list(INFO_LINES)
    header = header or _new_header(contigs)
    if kind == ".vcf" or output == "-":
        with _binary(output) as file:
            file.writelines(header.with_lines(added))
            yield _VcfWriter(file)
        return
    with written_whole(Path(output)) as temporary:
        with pysam.BGZFile(str(temporary), "wb", None) as packed:
            for line in header.with_lines(added):
                packed.write(line)
            yield _VcfWriter(packed)
        _index(temporary, Path(output))


def _index(packed: Path, output: Path) -> None:
    """Make the tabix index beside the output; a VCF that is not sorted has none."""
    index = output.with_name(output.name + ".tbi")
    part = packed.with_name(packed.name + ".tbi")
    try:
        pysam.tabix_index(str(packed), preset="vcf", force=True, keep_original=True)
    except (OSError, ValueError):
        index.unlink(missing_ok=True)
        sys.stderr.write(f"dnalect: {output} is not sorted, so it has no tabix index; sort it to get one\n")
        return
    umask = os.umask(0)
    os.umask(umask)
    part.chmod(0o666 & ~umask)
    os.replace(part, index)


def _new_header(contigs: dict[str, int]) -> VcfHeader:
    lines = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={size}>" for name, size in contigs.items())]
    meta = tuple(f"{line}\n".encode() for line in lines)
    return VcfHeader(meta, b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")


def row_values(row: Row) -> list[Any]:
    """Return one value for each of COLUMNS, None where there is none."""
    score = row.score
    return [
        row.contig, row.position, row.identifier, row.ref, row.alt,
        score.kind if score.value is not None else None,
        None if score.value is None else round(score.value, 4),
        None if score.percentile is None else round(score.percentile, 6),
        None if score.ref_prob is None else round(score.ref_prob, 4),
        None if score.strand_gap is None else round(score.strand_gap, 4), *(score.tokens or (None, None)),
        score.reason or None, "+".join(score.flags) or None, row.allele_count, row.af, row.seen,
        row.gene or None, row.region or None, row.tss_distance,
    ]  # fmt: skip


class _TsvWriter:
    def __init__(self, file: BinaryIO):
        self.file = file

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        for row in rows:
            values = row_values(row)
            self.file.write(("\t".join("" if v is None else str(v) for v in values) + "\n").encode())


@contextmanager
def _tsv(output: str, provenance: dict[str, str]) -> Iterator[Writer]:
    with _binary(output) as file:
        file.writelines(f"# dnalect {name}: {value}\n".encode() for name, value in provenance.items())
        file.write(("\t".join(COLUMNS) + "\n").encode())
        yield _TsvWriter(file)


NUMBERS = {
    "pos": pa.int64(),
    "allele_count": pa.int64(),
    "tss_distance": pa.int64(),
    "ref_tokens": pa.int64(),
    "alt_tokens": pa.int64(),
    "seen_in_training": pa.bool_(),
} | {name: pa.float64() for name in ("llr", "percentile", "ref_probability", "strand_gap", "allele_frequency")}
SCHEMA = pa.schema([pa.field(name, NUMBERS.get(name, pa.string())) for name in COLUMNS])
GROUP = 50_000


class _ParquetWriter:
    def __init__(self, writer: pq.ParquetWriter):
        self.writer = writer
        self.rows: list[list[Any]] = []

    def write(self, record: Record, scores: list[Score], rows: list[Row]) -> None:
        self.rows += [row_values(row) for row in rows]
        if len(self.rows) >= GROUP:
            self.flush()

    def flush(self) -> None:
        columns = [
            pa.array(column, field.type) for column, field in zip(zip(*self.rows, strict=True), SCHEMA, strict=True)
        ]
        self.writer.write_table(pa.Table.from_arrays(columns, schema=self.writer.schema))
        self.rows = []


@contextmanager
def _parquet(output: str, provenance: dict[str, str]) -> Iterator[Writer]:
    schema = SCHEMA.with_metadata({f"dnalect_{name}": value for name, value in provenance.items()})
    with written_whole(Path(output)) as temporary, pq.ParquetWriter(temporary, schema) as writer:
        mine = _ParquetWriter(writer)
        yield mine
        if mine.rows:
            mine.flush()
