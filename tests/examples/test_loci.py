"""BED, bedGraph, peaks and FASTA with labels, and the mean of a bigWig over regions."""

import gzip

import numpy as np
import pyBigWig
import pytest

from dnalect.core.errors import FastaError, InputError, TableError
from dnalect.examples import read_examples, signal_over
from dnalect.genome.fasta import open_genome


@pytest.fixture
def genome(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\nAACCGGTTACGTACGTTTGGCCAA\n>chr2\nGATTACAGATTACA\n")
    return open_genome(tmp_path / "g.fa")


def write(folder, text, name):
    (folder / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return folder / name


BED = "track name=a\nchr1\t0\t4\tpeak\t0\t+\n# a comment\nchr1\t2\t8\tflat\t0\t-\nchr2\t7\t14\tpeak\t0\t.\n"
PEAKS = "chr1\t0\t4\tp1\t9\t+\t2.5\t3\t4\t1\nchr2\t0\t7\tp2\t9\t.\t7\t3\t4\t2\n"


@pytest.mark.parametrize("name", ["a.bed", "a.bed.gz", "a.txt"])
def test_the_name_of_a_bed_is_the_class(tmp_path, genome, name):
    found = read_examples(write(tmp_path, BED, name), reference=genome)
    assert found.sequences == ("AACC", "AACCGG", "GATTACA")
    assert found.targets[0].outputs == ("flat", "peak")
    assert found.labels["name"].ravel().tolist() == [1, 0, 1]
    assert (found.starts.tolist(), found.strands) == ([0, 2, 7], ("+", "-", "."))


@pytest.mark.parametrize(
    ("name", "text", "label", "values"),
    [
        ("a.narrowPeak", PEAKS, "signalValue", [2.5, 7]),
        ("a.txt", PEAKS, "signalValue", [2.5, 7]),
        ("a.bedGraph.gz", "chr1\t0\t4\t3\nchr2\t0\t7\t1.5\n", "value", [3, 1.5]),
        ("a.txt", "chr1\t0\t4\t3\nchr2\t0\t7\t1.5\n", "value", [3, 1.5]),
    ],
)
def test_values_of_peaks_and_graphs_are_signals(tmp_path, genome, name, text, label, values):
    found = read_examples(write(tmp_path, text, name), reference=genome)
    assert (found.targets[0].name, found.targets[0].kind) == (label, "signal")
    assert found.labels[label].ravel().tolist() == values


def test_another_column_of_a_bed_can_be_named(tmp_path, genome):
    found = read_examples(write(tmp_path, PEAKS, "a.narrowPeak"), reference=genome, labels=["peak"], kind="signal")
    assert found.labels["peak"].ravel().tolist() == [1, 2]


def test_a_bed_of_three_columns_holds_positives_only(tmp_path, genome):
    path = write(tmp_path, "chr1\t0\t4\nchr1\t4\t8\n", "a.bed")
    with pytest.raises(TableError, match="it has contig, start, end; give labels in a fourth column, or .*background"):
        read_examples(path, reference=genome)
    assert read_examples(path, reference=genome, unlabelled=True).sequences == ("AACC", "GGTT")
    with pytest.raises(TableError, match="give the reference that they lie on"):
        read_examples(path)


def test_a_table_whose_header_is_a_comment_is_no_bed(tmp_path, genome):
    text = "#chrom\tstart\tend\tstrand\tbound\nchr1\t0\t4\t-\t1\nchr1\t8\t11\t+\t0\n"
    found = read_examples(write(tmp_path, text, "a.bed"), reference=genome, labels="bound")
    assert found.sequences == ("GGTT", "ACG")
    assert found.labels["bound"].ravel().tolist() == [1, 0]


def test_a_broken_bed_names_its_line(tmp_path, genome):
    with pytest.raises(InputError, match="line 2 is no BED line"):
        read_examples(write(tmp_path, "chr1\t0\t4\ta\nchr1\tx\t8\tb\n", "a.bed"), reference=genome)
    with pytest.raises(InputError, match="line 2 has 3 columns instead of 4"):
        read_examples(write(tmp_path, "chr1\t0\t4\ta\nchr1\t4\t8\n", "a.bed"), reference=genome)


@pytest.mark.parametrize(
    ("text", "label", "numbers"),
    [
        (">a label=1\nAC\nGT\n>b label=0\nGG\n", "label", [1, 0]),
        (">a|1\nAC\nGT\n>b|0\nGG\n", "label", [1, 0]),
        (">a 1\nAC\nGT\n>b 0\nGG\n", "label", [1, 0]),
        (">a label=1 organism=human\nAC\nGT\n>b label=0 organism=human\nGG\n", "label", [1, 0]),
    ],
)
@pytest.mark.parametrize("name", ["a.fa", "a.fa.gz"])
def test_labels_stand_in_the_headers_of_a_fasta(tmp_path, text, label, numbers, name):
    found = read_examples(write(tmp_path, text, name))
    assert (found.sequences, found.ids) == (("ACGT", "GG"), ("a", "b"))
    assert found.labels[label].ravel().tolist() == numbers
    assert len(found.targets) == 1


def test_several_keys_are_several_targets_with_holes(tmp_path):
    found = read_examples(write(tmp_path, ">a dev=1.5 hk=2.5\nACGT\n>b hk=0.25\nGG\n>c dev=3 hk=1\nC\n", "a.fa"))
    assert [target.name for target in found.targets] == ["dev", "hk"]
    np.testing.assert_array_equal(found.labels["dev"].ravel(), [1.5, np.nan, 3])


def test_headers_may_hold_places_and_parts(tmp_path):
    text = ">chr1:0-4(-)|1|training\nACGT\n>x::chr2:3-5|0|testing\nGG\n>z|1|testing\nG\n"
    found = read_examples(write(tmp_path, text, "a.fa"))
    assert (found.contigs, found.starts.tolist(), found.strands) == (("chr1", "chr2", ""), [0, 3, -1], ("-", ".", "."))
    assert found.parts == ("train", "test", "test")
    assert found.labels["label"].ravel().tolist() == [1, 0, 1]


def test_a_fasta_without_labels_says_how_to_write_them(tmp_path):
    with pytest.raises(TableError, match="write labels into the headers, as in >id label=1"):
        read_examples(write(tmp_path, ">a\nACGT\n>b\nGG\n", "a.fa"))
    with pytest.raises((FastaError, TableError)):
        read_examples(write(tmp_path, "\n\nACGT\n>b\nGG\n", "a.fa"))


@pytest.fixture
def track(tmp_path):
    with pyBigWig.open(str(tmp_path / "t.bw"), "w") as file:
        file.addHeader([("chr1", 24), ("chr2", 14)])
        file.addEntries(["chr1"] * 2, [0, 2], ends=[2, 6], values=[1.0, 4.0])
    return tmp_path / "t.bw"


def test_the_signal_of_a_region_is_the_mean_of_its_known_bases(tmp_path, genome, track):
    regions = write(tmp_path, "chr1\t0\t3\ta\t0\t+\nchr1\t1\t8\tb\t0\t-\n", "r.bed")
    found = signal_over(regions, track, genome, name="depth", part="test")
    assert found.sequences == ("AAC", "AACCGGT")
    assert (found.targets[0].name, found.targets[0].kind) == ("depth", "signal")
    assert found.labels["depth"].ravel().tolist() == pytest.approx([6 / 3, 17 / 5])
    assert found.parts == ("test", "test")


def test_regions_without_signal_are_left_out(tmp_path, genome, track):
    found = signal_over(write(tmp_path, "chr1\t0\t3\nchr1\t4\t9\nchr2\t0\t5\n", "r.bed"), track, genome)
    assert found.sequences == ("AAC", "GGTTA")
    assert found.labels["signal"].ravel().tolist() == [2, 4]
    assert "1 rows without any label left out" in found.notes
    with pytest.raises(InputError, match="has no value over any region"):
        signal_over(write(tmp_path, "chr2\t0\t5\n", "r.bed"), track, genome)
    with pytest.raises(InputError, match="is no bigWig"):
        signal_over(write(tmp_path, "chr2\t0\t5\n", "r.bed"), tmp_path / "r.bed", genome)
