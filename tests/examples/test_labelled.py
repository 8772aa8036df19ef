"""Labelled sequences are found where they stand, on either strand, and nowhere else."""

import gzip

import numpy as np
import pytest

from dnalect.core.errors import TableError
from dnalect.examples import labelled
from dnalect.examples.labelled import place, read_labelled
from dnalect.genome.fasta import open_genome

OTHER = str.maketrans("ACGT", "TGCA")


@pytest.fixture
def texts():
    rng = np.random.default_rng(3)
    return {name: "".join(rng.choice(list("ACGT"), size)) for name, size in (("a", 700), ("b", 900))}


def genome_of(folder, texts):
    (folder / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    return open_genome(folder / "g.fa")


@pytest.mark.parametrize("scan", [1 << 22, 64])
def test_both_strands_and_their_ends(tmp_path, texts, monkeypatch, scan):
    monkeypatch.setattr(labelled, "SCAN", scan)
    genome = genome_of(tmp_path, texts | {"b": texts["b"].lower()})
    a, b = texts["a"], texts["b"]
    sequences = (a[100:160], b[:40].translate(OTHER)[::-1], b[850:], "ACGT" * 10, a[50:60], b[300:330] + "A" * 30)
    found = place(genome, sequences)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.contigs.tolist() == [0, 1, 1]
    assert found.starts.tolist() == [100, 0, 850]
    assert found.forward.tolist() == [True, False, True]
    assert (found.absent, found.several) == (3, 0)


def test_a_sequence_at_two_places_has_none_and_a_palindrome_has_one(tmp_path, texts):
    half = texts["a"][200:220]
    palindrome = half + half.translate(OTHER)[::-1]
    copied = {"a": texts["a"] + texts["b"][10:60].translate(OTHER)[::-1], "b": texts["b"], "c": "AC" + palindrome}
    found = place(genome_of(tmp_path, copied), (texts["b"][10:60], palindrome))
    assert (found.rows.tolist(), found.absent, found.several) == ([1], 0, 1)


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv"])
def test_tables_are_read_whatever_else_they_hold(tmp_path, name):
    comma = "\t" if name.endswith("tsv") else ","
    text = (
        "\n".join(comma.join(row) for row in (("id", "label", "Sequence"), ("x", "1", "acgtn"), ("y", "0", "GG")))
        + "\n"
    )
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    table = read_labelled(tmp_path / name)
    assert table.sequences == ("ACGTN", "GG")
    assert table.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ACGT,1\n", "no column 'sequence': its first line must name the columns sequence,label"),
        ("sequence,label\nACGT\n", "line 2 has 1 columns instead of 2"),
        ("sequence,label\nACGT,1\nACXT,1\n", "line 3: 'ACXT' is no sequence"),
        ("sequence,label\nACGT,0.5\n", "the label '0.5' is no whole number; write 0, 1"),
        ("sequence,label\n", "holds no labelled sequence"),
        ("", "no column 'sequence'"),
    ],
)
def test_malformed_tables_say_what_to_mend(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(TableError, match=message):
        read_labelled(tmp_path / "t.csv")
