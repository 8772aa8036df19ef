"""Genomic Benchmarks: a folder or a file for each class, sequences or intervals."""

import gzip

import pytest

from dnalect.core.errors import InputError, TableError
from dnalect.examples import read_examples
from dnalect.genome.fasta import open_genome
from dnalect.tokens.bases import decode, encode, reverse_complement
from examples.layouts import URL, Window, dealt, intervals, reference, sequences, windows

CLASSES = ("negative", "positive")


@pytest.fixture
def genome(tmp_path):
    return open_genome(reference(tmp_path / "yeast.fa"))


def kept(found):
    """What was read, whatever its order."""
    labels = found.labels["label"].ravel().astype(int).tolist()
    return sorted(zip(found.parts, labels, found.sequences, found.ids, strict=True))


def expected(rows):
    parts = dealt(rows, ("train", "test")).items()
    return sorted((part, row.label, row.sequence, str(row.start)) for part, mine in parts for row in mine)


def test_the_class_of_a_sequence_is_the_name_of_its_folder(tmp_path):
    rows = windows(24)
    folder = sequences(tmp_path / "human_x", rows, CLASSES)
    (folder / "train" / "negative" / "notes.md").write_text("no sequence")
    found = read_examples(folder)
    assert kept(found) == expected(rows)
    assert found.targets[0].outputs == CLASSES
    assert not found.placed.any()
    assert set(read_examples(folder, part="test").parts) == {"test"}


def test_more_than_two_classes_and_any_names(tmp_path):
    rows = windows(36, classes=3)
    found = read_examples(sequences(tmp_path / "x", rows, ("enhancer", "ocr", "promoter")))
    assert found.targets[0].outputs == ("enhancer", "ocr", "promoter")
    assert kept(found) == expected(rows)


def test_intervals_count_from_0_and_only_minus_is_reversed(tmp_path, genome):
    rows = windows(36, classes=3)
    folder = intervals(tmp_path / "x", rows, ("a", "b", "c"), (URL,) * 3)
    found = read_examples(folder, reference=genome)
    turned = [
        Window(row.start, decode(reverse_complement(encode(row.sequence))), row.label) if row.label == 2 else row
        for row in rows
    ]
    assert kept(found) == expected(turned)
    assert found.placed.all()
    assert sorted(found.starts.tolist()) == [row.start for row in rows]
    assert {*zip(found.labels["label"].ravel().tolist(), found.strands, strict=True)} == {(0, "+"), (1, "."), (2, "-")}
    assert "intervals of Saccharomyces_cerevisiae.R64.dna.toplevel.fa.gz, says metadata.yaml" in found.notes


def test_both_forms_are_the_same_examples(tmp_path, genome):
    rows = windows(24)
    one = read_examples(sequences(tmp_path / "one", rows, CLASSES))
    other = read_examples(intervals(tmp_path / "other", rows, CLASSES), reference=genome)
    assert kept(one) == kept(other)


def test_ensembl_calls_contigs_without_chr(tmp_path):
    bare = open_genome(reference(tmp_path / "bare.fa", "I"))
    found = read_examples(intervals(tmp_path / "x", windows(24), CLASSES), reference=bare)
    assert set(found.contigs) == {"I"}
    assert any("chrI is I" in note for note in found.notes)


def test_intervals_need_their_genome(tmp_path, genome):
    rows = windows(24)
    with pytest.raises(TableError, match=r"intervals of Saccharomyces_.*fa.gz: name that genome as the reference, or"):
        read_examples(intervals(tmp_path / "one", rows, CLASSES))
    other = "http://ftp.example.org/Worm.fa.gz"
    with pytest.raises(TableError, match=r"of Saccharomyces_.*fa.gz and Worm.fa.gz; take the sequences"):
        read_examples(intervals(tmp_path / "two", rows, CLASSES, (URL, other)), reference=genome)


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda f: [each.unlink() for each in (f / "test" / "positive").iterdir()], r"test/positive holds no .txt"),
        (lambda f: (f / "train" / "worm").mkdir(), r"the part test lacks the class 'worm' \(another part has it\)"),
        (lambda f: (f / "train" / "positive" / "30000.txt").write_text(""), r"positive, 30000.txt: the sequence is em"),
        (lambda f: (f / "train" / "negative" / "9.txt").write_text(">x"), r"negative, 9.txt: '>X' is no sequence"),
        (lambda f: (f / "metadata.yaml").write_text("classes: {a"), "metadata.yaml cannot be read: "),
        (lambda f: (f / "metadata.yaml").write_text("version: 1"), "must hold classes, and for each of them the url"),
        (
            lambda f: (f / "metadata.yaml").write_text("classes: {worm: {url: x}}"),
            r"lacks the class 'worm' \(metadata.yaml names it\); copy worm/ or worm.csv.gz",
        ),
    ],
)
def test_wrong_folders_say_what_is_missing(tmp_path, break_it, message):
    folder = sequences(tmp_path / "x", windows(24), CLASSES)
    break_it(folder)
    with pytest.raises(InputError, match=message):
        read_examples(folder)


def test_wrong_files_of_intervals_say_what_is_missing(tmp_path, genome):
    folder = intervals(tmp_path / "x", windows(24), CLASSES)
    path = folder / "test" / "positive.csv.gz"
    path.write_bytes(gzip.compress(b"id,start,end\n1,2,3\n"))
    with pytest.raises(TableError, match=r"has no column 'region': it has id, start, end; a class of Genomic Bench"):
        read_examples(folder, reference=genome)
    path.write_bytes(gzip.compress(b"id,region,start,end,strand\n"))
    with pytest.raises(TableError, match=r"positive.csv.gz holds no labelled sequence"):
        read_examples(folder, reference=genome)
    path.unlink()
    with pytest.raises(InputError, match="the part test lacks the class 'positive'"):
        read_examples(folder, reference=genome)
    for part in ("train", "test"):
        for each in (folder / part).iterdir():
            each.unlink()
        (folder / part).rmdir()
    with pytest.raises(InputError, match="has metadata.yaml but no folders train and test"):
        read_examples(folder, reference=genome)
    (folder / "train").mkdir()
    with pytest.raises(InputError, match=r"train holds no class: neither a folder of .txt files nor a CLASS.csv.gz"):
        read_examples(folder, reference=genome)
