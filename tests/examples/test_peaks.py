"""Windows of peaks of several cells: which are open where, counted by hand; background without a peak, of like GC."""

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError, InputError, OutputError
from dnalect.examples.peaks import GC_BIN, elements
from dnalect.examples.read import read_examples
from dnalect.genome.fasta import open_genome
from dnalect.jobs.label import label_file
from dnalect.jobs.options import LabelOptions


@pytest.fixture
def genome():
    rng = np.random.default_rng(1)
    return {name: "".join(rng.choice(list("ACGT"), length)) for name, length in (("chr1", 40_000), ("chr2", 9_000))}


@pytest.fixture
def peaks(tmp_path):
    """Names of contigs without their prefix; one contig more than the genome has."""
    rows = {
        "liver": [("1", 1000, 1100), ("1", 5000, 5100), ("2", 400, 500), ("9", 5, 9)],
        "heart": [("1", 1030, 1130), ("1", 5140, 5160), ("1", 20, 60)],
    }
    found = {}
    for cell, each in rows.items():
        found[cell] = tmp_path / f"{cell}.bed"
        found[cell].write_text("".join(f"{c}\t{a}\t{b}\n" for c, a, b in each))
    return found


def test_windows_are_open_where_a_peak_and_they_share_half_of_the_shorter(genome, peaks):
    found = elements(peaks, open_genome(genome), window=100)
    # chr1:20-60 would begin before its contig. 5140-5160 is half of no window: of that around 5050, it touches nothing;
    # it is one itself, whose middle lies 100 bases away, and 5000-5100 shares nothing with that.
    told = list(zip(found.contigs, found.starts.tolist(), found.opened.tolist(), strict=True))
    assert told == [
        ("chr1", 1015, [1, 1]),
        ("chr1", 5000, [1, 0]),
        ("chr1", 5100, [0, 1]),
        ("chr2", 400, [1, 0]),
    ]
    assert not found.drawn.any()
    assert any("1 contigs of liver are not in the reference" in note for note in found.notes)


def test_a_window_that_a_peak_just_touches_is_neither(genome, tmp_path):
    for cell, (low, high) in {"a": (1000, 1100), "b": (1080, 1180)}.items():
        (tmp_path / f"{cell}.bed").write_text(f"chr1\t{low}\t{high}\n")
    found = elements({cell: tmp_path / f"{cell}.bed" for cell in "ab"}, open_genome(genome), window=100)
    assert found.starts.tolist() == [1000, 1080]
    np.testing.assert_array_equal(found.opened, [[1, np.nan], [np.nan, 1]])


def test_background_has_no_peak_and_the_gc_of_the_elements(genome, peaks):
    read = open_genome(genome)
    found = elements(peaks, read, window=100, per_element=2, seed=3)
    drawn = np.flatnonzero(found.drawn)
    assert len(drawn) == 8
    assert not found.opened[drawn].any()

    def share(row):
        text = genome[found.contigs[row]][found.starts[row] : found.ends[row]]
        return int((text.count("G") + text.count("C")) / 100 / GC_BIN)

    assert sorted(map(share, drawn)) == sorted(share(row) for row in np.flatnonzero(~found.drawn) for _ in range(2))
    again = elements(peaks, read, window=100, per_element=2, seed=3)
    np.testing.assert_array_equal(found.starts, again.starts)
    assert (np.diff(found.starts[np.array(found.contigs) == "chr1"]) > 0).all()


def test_the_table_is_one_to_learn_from(genome, peaks, tmp_path):
    given = tuple(f"{cell}={path}" for cell, path in peaks.items())
    fasta = tmp_path / "genome.fa"
    fasta.write_text("".join(f">{name}\n{text}\n" for name, text in genome.items()))
    told = {"reference": str(fasta), "window": 100, "background": 1}
    label_file(LabelOptions(given, output=str(tmp_path / "wide.tsv"), **told))
    label_file(LabelOptions(given, output=str(tmp_path / "long.parquet"), long=True, **told))
    wide = read_examples(tmp_path / "wide.tsv", reference=open_genome(fasta), labels=("liver", "heart"), kind="tracks")
    assert wide.labels["tracks"].sum(axis=0).tolist() == [3, 2]
    long = read_examples(tmp_path / "long.parquet", reference=open_genome(fasta), columns=("cell",))
    assert len(long) == 2 * len(wide)
    assert long.labels["label"][np.array(long.columns["cell"]) == "liver"].sum() == 3


def test_what_can_not_be_labelled(genome, peaks, tmp_path):
    (tmp_path / "other.bed").write_text("chr7\t1\t9\n")
    with pytest.raises(InputError, match="no contig is in"):
        dnalect.label({"x": tmp_path / "other.bed"}, genome, progress=False)
    with pytest.raises(OutputError, match=r"must end in one of \.tsv"):
        dnalect.label(peaks, genome, output=tmp_path / "x.txt", progress=False)
    with pytest.raises(ConfigError, match="give CELL=BED, each cell once"):
        label_file(LabelOptions(("x",), reference="none.fa", output=""))
