"""Scores as BED, bedGraph and bigWig."""

import numpy as np
import pyBigWig
import pytest

from dnalect.core.errors import OutputError
from dnalect.core.files import written_together
from dnalect.core.records import Row, Score
from dnalect.core.reporter import DnalectWarning
from dnalect.genome.vcf import Record
from dnalect.scored.fields import Layout
from dnalect.scored.writers import kind_of, open_outputs

CONTIGS = {"chr2": 5000, "chr10": 3000}


def row(contig, position, ref, alt, value, span, percentile=None):
    return Row(contig, position, ".", ref, alt, Score(value, percentile=percentile, kind="snv"), span=span)


ROWS = [
    row("chr10", 101, "A", "C", -1.5, (100, 101), 0.25),
    row("chr10", 101, "A", "G", -2.5, (100, 101), 0.004),
    row("2", 2000, "ACGT" * 10, "A", -3.0, (2000, 2039)),
    row("chr2", 51, "A", "AC", 0.5, (51, 51)),
    row("chr2", 51, "A", "<DUP>", None, None),
]


def write(outputs, rows=ROWS):
    with (
        written_together() as files,
        open_outputs([str(each) for each in outputs], None, CONTIGS, {"model": "m"}, Layout(), files) as writers,
    ):
        for each in rows:
            record = Record(each.contig, each.position - 1, ".", each.ref, (each.alt,))
            for writer in writers:
                writer.write(record, [each.score], [each])


def test_bedgraph_and_bigwig_have_the_lowest_score_of_each_base(tmp_path):
    outputs = [tmp_path / name for name in ("a.bedgraph", "a.bw", "b.bigwig")]
    write(outputs)
    lines = outputs[0].read_text().splitlines()
    assert lines == [
        "# dnalect model: m",
        "chr2\t50\t51\t0.5000",
        "chr2\t2000\t2001\t-3.0000",
        "chr10\t100\t101\t-2.5000",
    ]
    for path in outputs[1:]:
        with pyBigWig.open(str(path)) as track:
            assert track.chroms() == CONTIGS
            assert track.values("chr10", 99, 102)[1] == -2.5
            assert np.isnan(track.values("chr10", 99, 102)[::2]).all()
            assert track.intervals("chr2") == ((50, 51, 0.5), (2000, 2001, -3.0))


def test_bed_has_a_line_an_allele(tmp_path):
    write([tmp_path / "a.bed"])
    assert (tmp_path / "a.bed").read_text().splitlines() == [
        "# dnalect model: m",
        "chr10\t100\t101\tA>C:-1.5\t750\t.",
        "chr10\t100\t101\tA>G:-2.5\t996\t.",
        "chr2\t2000\t2039\tACGTACGT...40>A:-3\t0\t.",
        "chr2\t50\t52\tA>AC:0.5\t0\t.",
    ]


def test_without_a_score_there_are_tracks_without_values(tmp_path):
    write([tmp_path / "a.bw", tmp_path / "a.bedgraph"], ROWS[-1:])
    with pyBigWig.open(str(tmp_path / "a.bw")) as track:
        assert track.isBigWig()
        assert track.chroms() == CONTIGS
    assert (tmp_path / "a.bedgraph").read_text() == "# dnalect model: m\n"


def test_a_contig_that_the_reference_lacks_is_said(tmp_path):
    with pytest.warns(DnalectWarning, match="'other'"):
        write([tmp_path / "a.bw"], [row("other", 5, "A", "C", -1.0, (4, 5)), *ROWS])


def test_tracks_appear_whole_or_not_at_all(tmp_path):
    (tmp_path / "a.bw").write_text("before")
    with (
        pytest.raises(ZeroDivisionError),
        written_together() as files,
        open_outputs([str(tmp_path / "a.bw")], None, CONTIGS, {}, Layout(), files),
    ):
        raise ZeroDivisionError
    assert [each.name for each in tmp_path.iterdir()] == ["a.bw"]
    assert (tmp_path / "a.bw").read_text() == "before"


def test_suffixes():
    assert [kind_of(f"x{suffix}", True) for suffix in (".bw", ".bed", ".vcf.gz", ".tsv")] == [
        ".bw",
        ".bed",
        ".vcf.gz",
        ".tsv",
    ]
    with pytest.raises(OutputError, match=r"\.bedgraph"):
        kind_of("x.wig", True)
