"""What every output of `dnalect score` must do, asked of every suffix: a new one must be in READERS."""

import csv
from urllib.parse import unquote

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pysam
import pytest

from dnalect.core.errors import OutputError, TableError
from dnalect.core.files import written_together
from dnalect.core.records import Row, Score
from dnalect.genome.vcf import Record, VcfHeader
from dnalect.scored.fields import Layout
from dnalect.scored.reader import read_scored
from dnalect.scored.writers import SUFFIXES, open_outputs

CONTIGS = {"chr1": 5000, "chr2": 3000}
PROVENANCE = {"model": "m", "score": "llr-loo-2"}
LINES = (
    "chr1\t51\trs1\tA\tC,G\t30\tPASS\tAC=1,2;AN=10\n",
    "chr1\t200\t.\tACG\tA\t.\t.\t.\n",
    "chr2\t10\t.\tA\tAC\t.\t.\tDB\n",
    "chr2\t90\t.\tA\t<DUP>\t.\t.\tEND=95\n",
    "chr2\t91\t.\tC\tT\t.\tq10\t.\n",
)
SCORES = (
    (Score(-1.234567, percentile=0.25, ref_prob=0.8, kind="snv", changed=1), (50, 51)),
    (Score(0.5, percentile=0.7512345, ref_prob=0.8, kind="snv", changed=1, flags=("repeat",)), (50, 51)),
    (Score(-12.00006, percentile=0.001, kind="deletion", changed=2), (200, 202)),
    (Score(0.000049, percentile=0.6, kind="insertion", changed=1, flags=("tandem_repeat",)), (10, 10)),
    (Score(reason="symbolic"), None),
    (Score(reason="contig_missing:a,b;c=d %"), None),
)
HEADER = VcfHeader(
    (
        b"##fileformat=VCFv4.2\n",
        *(f"##contig=<ID={name},length={size}>\n".encode() for name, size in CONTIGS.items()),
        b'##FILTER=<ID=q10,Description="x">\n',
        b'##INFO=<ID=AC,Number=A,Type=Integer,Description="x">\n',
        b'##INFO=<ID=AN,Number=1,Type=Integer,Description="x">\n',
        b'##INFO=<ID=DB,Number=0,Type=Flag,Description="x">\n',
        b'##INFO=<ID=END,Number=1,Type=Integer,Description="x">\n',
    ),
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n",
)


def records(from_vcf):
    """[(Record, its Rows)]."""
    scores, found = iter(SCORES), []
    for line in LINES:
        contig, position, name, ref, alts, *_ = line.split("\t")
        rows = []
        for alt in alts.split(","):
            score, span = next(scores)
            rows.append(Row(contig, int(position), name, ref, alt, score, span=span))
        given = line.encode() if from_vcf else b""
        found.append((Record(contig, int(position) - 1, name, ref, tuple(alts.split(",")), line=given), rows))
    return found


def write(path, from_vcf=False, only=None, fail=None):
    """Write the first `only` records, or raise `fail` after them."""
    with (
        written_together() as files,
        open_outputs([str(path)], HEADER if from_vcf else None, CONTIGS, PROVENANCE, Layout(), files) as writers,
    ):
        for record, rows in records(from_vcf)[:only]:
            for writer in writers:
                writer.write(record, [row.score for row in rows], rows)
        if fail:
            raise fail
    return path


def number(value):
    return None if value in (None, "") else float(value)


def from_vcf_file(path):
    with pysam.VariantFile(str(path)) as file:
        assert "##dnalect_model=m" in str(file.header).splitlines()
        return [
            (
                (each.contig, each.pos, each.id or ".", each.ref, alt),
                *(each.info[f"DNALECT_{key}"][at] for key in ("LLR", "PCT")),
                unquote(each.info["DNALECT_REASON"][at]).removeprefix("."),
            )
            for each in file
            for at, alt in enumerate(each.alts)
        ]


def from_rows(rows):
    return [
        (
            (each["chrom"], int(each["pos"]), each["id"], each["ref"], each["alt"]),
            number(each["llr"]),
            number(each["percentile"]),
            each["reason"] or "",
        )
        for each in rows
    ]


def from_tsv(path):
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# dnalect model: m", "# dnalect score: llr-loo-2"]
    return from_rows(csv.DictReader(lines[2:], delimiter="\t"))


def from_parquet(path):
    table = pq.read_table(path)
    assert table.schema.metadata[b"dnalect_model"] == b"m"
    return from_rows(table.to_pylist())


def from_text(path):
    lines = path.read_text().splitlines()
    assert lines[:2] == ["# dnalect model: m", "# dnalect score: llr-loo-2"]
    return [tuple(line.split("\t")) for line in lines[2:]]


def from_bedgraph(path):
    return [(contig, int(start), int(end), float(value)) for contig, start, end, value in from_text(path)]


def from_bigwig(path):
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == CONTIGS
        assert file.header()["minVal"] <= file.header()["maxVal"]
        return [(name, *each) for name in CONTIGS for each in file.intervals(name) or ()]


READERS = {".vcf": from_vcf_file, ".vcf.gz": from_vcf_file, ".tsv": from_tsv, ".parquet": from_parquet}
READERS |= {".bed": from_text, ".bedgraph": from_bedgraph, ".bw": from_bigwig, ".bigwig": from_bigwig}
TABLES = (".vcf", ".vcf.gz", ".tsv", ".parquet")
TRACKS = (".bedgraph", ".bw", ".bigwig")
every_suffix = pytest.mark.parametrize("suffix", SUFFIXES)
both_inputs = pytest.mark.parametrize("from_vcf", [False, True], ids=["from a table", "from a VCF"])


def test_every_suffix_is_here():
    assert READERS.keys() == set(SUFFIXES)


@both_inputs
@pytest.mark.parametrize("suffix", TABLES)
def test_tables_have_every_allele_its_score_and_its_reason(tmp_path, suffix, from_vcf):
    found = READERS[suffix](write(tmp_path / f"a{suffix}", from_vcf))
    rows = [row for _, rows in records(from_vcf) for row in rows]
    assert len(found) == len(rows) == len(SCORES)
    for (key, llr, percentile, reason), row in zip(found, rows, strict=True):
        assert key == (row.contig, row.position, row.identifier, row.ref, row.alt)
        assert reason == row.score.reason
        if row.score.value is None:
            assert llr is percentile is None
        else:
            # pysam keeps 32 bits of a number.
            assert llr == pytest.approx(round(row.score.value, 4), rel=1e-6)
            assert percentile == pytest.approx(round(row.score.percentile, 6), rel=1e-6)


@both_inputs
def test_bed_has_every_allele_that_has_a_score(tmp_path, from_vcf):
    assert from_text(write(tmp_path / "a.bed", from_vcf)) == [
        ("chr1", "50", "51", "A>C:-1.235", "750", "."),
        ("chr1", "50", "51", "A>G:0.5", "249", "."),
        ("chr1", "200", "202", "ACG>A:-12", "999", "."),
        ("chr2", "9", "11", "A>AC:4.9e-05", "400", "."),
    ]


@both_inputs
@pytest.mark.parametrize("suffix", TRACKS)
def test_tracks_have_the_lowest_score_of_each_base(tmp_path, suffix, from_vcf):
    found = READERS[suffix](write(tmp_path / f"a{suffix}", from_vcf))
    assert [each[:3] for each in found] == [("chr1", 50, 51), ("chr1", 200, 201), ("chr2", 9, 10)]
    values = np.array([-1.234567, -12.00006, 0.000049])
    expected = np.round(values, 4) if suffix == ".bedgraph" else values.astype(np.float32)
    assert [each[3] for each in found] == pytest.approx(expected.tolist(), abs=1e-9)


@pytest.mark.parametrize("suffix", TABLES[:2])
def test_a_vcf_keeps_what_the_input_says(tmp_path, suffix):
    with pysam.VariantFile(str(write(tmp_path / f"a{suffix}", from_vcf=True))) as file:
        first, *_, insertion, _, last = file
        assert (first.qual, list(first.filter), first.info["AC"], first.info["AN"]) == (30, ["PASS"], (1, 2), 10)
        assert insertion.info["DB"] is True
        assert list(last.filter) == ["q10"]


def test_a_packed_vcf_can_be_asked_for_a_place(tmp_path):
    with pysam.VariantFile(str(write(tmp_path / "a.vcf.gz"))) as file:
        assert [each.pos for each in file.fetch("chr2", 8, 20)] == [10]


def contents(folder):
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


@both_inputs
@every_suffix
def test_written_twice_it_is_the_same_to_the_byte(tmp_path, suffix, from_vcf):
    first = contents(write(tmp_path / f"a{suffix}", from_vcf).parent)
    assert all(first.values())
    write(tmp_path / f"a{suffix}", from_vcf)
    assert contents(tmp_path) == first
    write(tmp_path / f"a{suffix}", from_vcf, only=1)
    assert contents(tmp_path) != first


@pytest.mark.parametrize("fail", [RuntimeError("x"), KeyboardInterrupt(), OSError(28, "No space left on device")])
@every_suffix
def test_what_breaks_off_leaves_nothing_and_touches_nothing(tmp_path, suffix, fail):
    path = tmp_path / f"a{suffix}"
    error = OutputError if isinstance(fail, OSError) else type(fail)
    with pytest.raises(error):
        write(path, only=3, fail=fail)
    assert contents(tmp_path) == {}
    write(path)
    before = contents(tmp_path)
    with pytest.raises(error):
        write(path, only=3, fail=fail)
    assert contents(tmp_path) == before


@every_suffix
def test_where_nothing_can_be_written_it_is_said(tmp_path, suffix):
    folder, missing = tmp_path / f"folder{suffix}", tmp_path / "missing" / f"a{suffix}"
    folder.mkdir()
    with pytest.raises(OutputError, match="is a folder; give the name of a file"):
        write(folder)
    with pytest.raises(OutputError, match="does not exist; make it first"):
        write(missing)
    with pytest.raises(OutputError, match="none of the suffixes"):
        write(tmp_path / f"a{suffix}x")
    assert contents(tmp_path) == {folder.name: None}


@both_inputs
@every_suffix
def test_no_records_make_a_valid_empty_file(tmp_path, suffix, from_vcf):
    path = write(tmp_path / f"a{suffix}", from_vcf, only=0)
    assert READERS[suffix](path) == []
    if suffix in TABLES:
        with pytest.raises(TableError, match="holds no variant"):
            read_scored(str(path))


@both_inputs
@pytest.mark.parametrize("suffix", TABLES)
def test_what_can_be_read_comes_back(tmp_path, suffix, from_vcf):
    back = read_scored(str(write(tmp_path / f"a{suffix}", from_vcf)))
    rows = [row for _, rows in records(from_vcf) for row in rows]
    assert back.provenance == PROVENANCE
    assert back.keys == [(row.contig, row.position, row.ref, row.alt) for row in rows]

    def rounded(values, digits):
        return [np.nan if value is None else round(value, digits) for value in values]

    scores = [row.score for row in rows]
    for column, expected in (
        ("llr", rounded([each.value for each in scores], 4)),
        ("percentile", rounded([each.percentile for each in scores], 6)),
        ("ref_probability", rounded([each.ref_prob for each in scores], 4)),
    ):
        np.testing.assert_array_equal(back.numbers(column), expected)
    assert back.texts("reason") == [each.reason for each in scores]
    assert back.texts("flags") == ["+".join(each.flags) for each in scores]
    assert back.texts("class") == ["snv", "snv", "deletion", "insertion", "", ""]
    assert back.texts("id") == [row.identifier for row in rows]
