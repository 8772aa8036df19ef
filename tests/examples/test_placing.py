"""Sequences with a few changes are placed by alignment, and only where one place fits."""

import numpy as np
import pytest

from dnalect.core.examples import Examples
from dnalect.examples.placing import placed
from dnalect.genome.fasta import open_genome

OTHER = str.maketrans("ACGT", "TGCA")
NEXT = str.maketrans("ACGT", "CGTA")


def changed(text, *positions):
    return "".join(letter.translate(NEXT) if at in positions else letter for at, letter in enumerate(text))


def opposite(text):
    return text.translate(OTHER)[::-1]


@pytest.fixture
def texts():
    rng = np.random.default_rng(5)
    a, b, copied = ("".join(rng.choice(list("ACGT"), size)) for size in (4000, 3000, 400))
    return {"a": a[:2000] + copied + a[2000:], "b": b + copied}


@pytest.fixture
def genome(tmp_path, texts):
    (tmp_path / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    return open_genome(tmp_path / "g.fa")


def place(genome, *sequences):
    return placed(Examples.of(sequences, (), {}), genome)


def test_exact_aligned_several_and_nowhere(genome, texts):
    a, b = texts["a"], texts["b"]
    rng = np.random.default_rng(6)
    strange = "".join(rng.choice(list("ACGT"), 200))
    copied = a[2100:2300]
    sequences = (
        b[100:300],
        opposite(changed(a[500:700], 40, 90, 150)),
        copied,
        changed(copied, 77),
        strange,
        changed(b[700:900], *range(0, 200, 5)),
        b[1000:1100] + strange[:100],
    )
    found = place(genome, *sequences)
    assert found.contigs == ("b", "a", "", "", "", "", "")
    assert found.starts.tolist() == [100, 500, -1, -1, -1, -1, -1]
    assert found.ends.tolist() == [300, 700, -1, -1, -1, -1, -1]
    assert found.strands == ("+", "-", ".", ".", ".", ".", ".")
    assert found.notes == (
        "7 sequences looked for on g.fa: 1 found exactly, 1 by alignment, 2 at several places, 3 nowhere",
    )
    assert found.sequences == sequences


@pytest.mark.parametrize("strand", ["+", "-"])
def test_the_ends_that_do_not_align_belong_to_the_place(genome, texts, strand):
    text = changed(texts["b"][400:600], 0, 2, 3, 4, 100)
    found = place(genome, text if strand == "+" else opposite(text))
    assert (found.contigs, found.strands) == (("b",), (strand,))
    assert (found.starts.tolist(), found.ends.tolist()) == ([400], [600])


def test_an_insertion_makes_the_place_shorter_than_the_sequence(genome, texts):
    b = texts["b"]
    found = place(genome, b[1000:1100] + "ACG" + b[1100:1200])
    assert (found.starts.tolist(), found.ends.tolist()) == ([1000], [1200])


def test_an_alignment_of_less_than_95_percent_gives_no_place(genome, texts):
    # Of 200 bases 8 differ, and 16: both align from end to end.
    found = place(genome, *(changed(texts["b"][1500:1700], *range(100, 196, step)) for step in (12, 6)))
    assert found.placed.tolist() == [True, False]


def test_places_that_are_known_stay(genome, texts):
    examples = placed(Examples.of([texts["a"][10:90], texts["b"][10:90]], (), {}), genome)
    assert placed(examples, genome) is examples
    examples.starts[0] = 7
    assert placed(examples, genome).starts.tolist() == [7, 10]
