"""Signals along a genome as labels of bins: every form of file, and what is wrong with it."""

import gzip

import numpy as np
import pyBigWig
import pytest

from dnalect.core.errors import DnalectError, InputError, TableError
from dnalect.examples.along import read_along, some
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region

LENGTHS = {"chrI": 50, "chrII": 43, "chrIII": 20}


@pytest.fixture
def genome(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(
        "".join(f">{name}\n{'ACGT' * 20}"[: len(name) + 2 + length] + "\n" for name, length in LENGTHS.items())
    )
    return open_genome(path)


def written(path, *lines):
    path.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines))
    return path


def bigwig(path, values):
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(LENGTHS.items()))
        file.addEntries("chrI", 0, values=values, span=1, step=1)
    return path


def test_the_middle_of_an_interval_lies_in_its_bin(genome, tmp_path):
    bed = written(tmp_path / "a.bed", "chrI 0 1", "chrI 9 10", "chrI 10 11", "chrI 4 26", "chrI 12 13", "chrII 42 43")
    found = read_along(bed, genome, 10)
    assert (found.names, found.kinds, found.files) == (("a",), ("peaks",), (bed,))
    assert found.contigs[0][:, 0].tolist() == [1, 1, 0, 0, 0]
    assert found.contigs[1][:, 0].tolist() == [0, 0, 0, 0, 1]
    # Nothing is said of a contig that the file does not name.
    assert set(found.contigs) == {0, 1}


def test_every_name_with_enough_intervals_is_a_track(genome, tmp_path):
    rows = [*(f"chrI {at} {at + 1} Abf1" for at in range(3)), "chrII 5 6 Reb1", "chrII 7 8 Reb1", "chrI 30 31 Rare"]
    bed = written(tmp_path / "sites.bed", *rows)
    found = read_along(bed, genome, 10, fewest=2)
    assert found.names == ("Abf1", "Reb1")
    # Where the file speaks of a contig, a name without an interval there has none.
    assert found.contigs[1].T.tolist() == [[0, 0, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert found.notes == ("1 of 3 names of sites.bed have fewer than 2 intervals",)
    assert read_along(bed, genome, 10, fewest=9).names == ("sites",)
    assert some(found, ["Reb1"]).contigs[1][:, 0].tolist() == [1, 0, 0, 0, 0]
    with pytest.raises(InputError, match="no track Gal4"):
        some(found, ["Gal4"])


def test_a_table_says_what_each_file_is(genome, tmp_path):
    written(tmp_path / "n.bed", "chromosome start end score", "chrI 1 2 5", "chrI 3 4 6", "chrI 30 31 7")
    bigwig(tmp_path / "s.bw", [-1.0] * 10 + [float("nan")] * 5 + [3.0] * 5 + [2.0])
    table = written(tmp_path / "all.tsv", "name file kind", "number n.bed counts", "there n.bed peaks", "signal s.bw ")
    found = read_along(table, genome, 10)
    assert (found.names, found.kinds) == (("number", "there", "signal"), ("counts", "peaks", "signal"))
    assert found.contigs[0][:, :2].T.tolist() == [[2, 0, 0, 1, 0], [1, 0, 0, 1, 0]]
    signal = found.contigs[0][:, 2]
    assert signal[:3].tolist() == [-1, 3, 2]
    assert np.isnan(signal[3:]).all()
    assert [each.name for each in found.files] == ["all.tsv", "n.bed", "s.bw"]


def test_a_bigwig_without_negative_values_holds_counts(genome, tmp_path):
    found = read_along(bigwig(tmp_path / "cov.bw", [0.5] * 50), genome, 25)
    assert (found.names, found.kinds) == (("cov",), ("counts",))
    assert found.contigs[0].tolist() == [[0.5], [0.5]]


def test_a_narrow_peak_is_its_summit(genome, tmp_path):
    path = tmp_path / "p.narrowPeak.gz"
    path.write_bytes(gzip.compress(b"chrI\t0\t40\tpeak1\t0\t.\t1\t1\t1\t35\nchrI\t0\t8\tpeak2\t0\t.\t1\t1\t1\t-1\n"))
    assert read_along(path, genome, 10).contigs[0][:, 0].tolist() == [1, 0, 0, 1, 0]


def test_stretches_and_regions(genome, tmp_path):
    found = read_along(written(tmp_path / "a.bed", "chrI 12 13", "chrII 1 2"), genome, 10)
    assert found.of(0, 10, 3)[:, 0].tolist() == [1, 0, 0]
    assert np.isnan(found.of(0, 40, 3)[:, 0]).tolist() == [False, True, True]
    assert found.within([Region(0, 5, 29), Region(1, 0, 10)])[:, 0].tolist() == [1, 1]
    assert found.within([]).shape == (0, 1)


FAULTS = {
    "no bed at all": (["what is this"], "a.bed", "is no BED line"),
    "another genome": (["seven 1 2"], "a.bed", r"names none of the contigs.*but seven; rename"),
    "another assembly": (["chrI 60 61"], "a.bed", "beyond the 50 bases of chrI"),
    "another table": (["track path", "a b.bed"], "a.tsv", "columns name, file, perhaps kind, and not track, path"),
    "an empty table": (["name file"], "a.tsv", "lists no track"),
    "a track without a name": (["name file", " b.bed"], "a.tsv", "line 2: the track has no name"),
    "an unknown kind": (["name file kind", "a b.bed height"], "a.tsv", "line 2: a track is peaks, counts, signal"),
    "an unknown file": (["name file", "a b.vcf"], "a.tsv", "b.vcf is no BED"),
    "a bigWig of peaks": (["name file kind", "a b.bw peaks"], "a.tsv", "of a bigWig counts or signal, not peaks"),
    "a bigWig of each": (["name file", "* b.bw"], "a.tsv", "a bigWig holds one track"),
    "twice the same": (["name file", "a b.bed", "a b.bed"], "a.tsv", "several tracks are called a"),
    "no name often enough": (["name file", "* b.bed"], "a.tsv", "no name of its fourth column stands there 200 times"),
    "a missing file": (["name file", "a c.bed"], "a.tsv", "c.bed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said(genome, tmp_path, fault):
    lines, name, told = FAULTS[fault]
    written(tmp_path / "b.bed", "chrI 1 2 x")
    with pytest.raises((InputError, TableError), match=told) as error:
        read_along(written(tmp_path / name, *lines), genome, 10)
    assert isinstance(error.value, DnalectError)
    assert name in str(error.value) or ".bed" in str(error.value)


def test_counts_are_not_below_0(genome, tmp_path):
    bigwig(tmp_path / "s.bw", [-1.0])
    with pytest.raises(InputError, match="which are no counts: its kind is signal"):
        read_along(written(tmp_path / "a.tsv", "name file kind", "a s.bw counts"), genome, 10)
    bigwig(tmp_path / "empty.bw", [float("nan")])
    with pytest.raises(InputError, match="has no value on any contig"):
        read_along(tmp_path / "empty.bw", genome, 10)
