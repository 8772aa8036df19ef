"""Tandem repeats around substitutions, and indels that stand beside them already."""

import numpy as np
import pytest

from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.repeats import AROUND, in_repeat, is_copy, repetitive
from dnalect.tokens.bases import encode, reverse_complement

NOTHING = np.empty(0, dtype=np.uint8)


def slow(text, at):
    """Whether a repeat covers text[at], by its definition in docs/scores.md."""
    for unit in range(1, 7):
        length = max(10, 3 * unit)
        for low in range(max(0, at - length + 1), at + 1):
            part = text[low : low + length]
            if len(part) == length and "N" not in part and part[unit:] == part[:-unit]:
                return True
    return False


@pytest.mark.parametrize("seed", range(20))
def test_repeats_are_found_as_by_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    unit = "".join(rng.choice(list("ACGT"), rng.integers(1, 7)))
    repeat = (unit * 20)[: rng.integers(8, 24)]
    text = "".join(rng.choice(list("ACGT"), 40)) + repeat + "N" * (seed % 2) + "".join(rng.choice(list("ACGT"), 40))
    codes = encode(text)
    for at in range(AROUND, len(text) - AROUND):
        row = codes[at - AROUND : at + AROUND + 1]
        assert in_repeat(row[None], AROUND, AROUND + 1)[0] == slow(text, at)


def genome_of(tmp_path, text):
    (tmp_path / "g.fa").write_text(f">c\n{text}\n")
    return open_genome(tmp_path / "g.fa")


def test_either_allele_may_make_the_repeat(tmp_path):
    genome = genome_of(tmp_path, "GATTACAGCC" * 4 + "AAAAACAAAAAAA" + "GTCGATCCGT" * 4)
    at = 45
    for start, alt, expected in ((at, "A", True), (at, "G", False), (at + 1, "C", False), (20, "C", False)):
        ref = encode(genome.fetch(0, start, start + 1))
        assert repetitive([Variant(0, start, start + 1, ref, encode(alt))], genome).tolist() == [expected]
    pair = Variant(0, at - 1, at + 1, encode("AC"), encode("TA"))
    deletion = Variant(0, at, at + 1, encode("C"), NOTHING)
    assert repetitive([pair, deletion], genome).tolist() == [False, False]
    assert repetitive([Variant(0, at, at + 2, encode("CA"), encode("AA"))], genome).tolist() == [True]


@pytest.fixture
def genome(tmp_path):
    return genome_of(tmp_path, "".join(np.random.default_rng(3).choice(list("ACGT"), 4000)))


@pytest.mark.parametrize("size", [50, 80, 300, 600])
def test_a_long_copy_of_a_neighbour_is_one_however_it_is_written(genome, size):
    beside = encode(genome.fetch(0, 2000, 2000 + size))
    tandem = Variant(0, 2000, 2000, NOTHING, beside)
    assert is_copy(tandem, genome)
    assert is_copy(Variant(0, 2000, 2000, NOTHING, reverse_complement(beside)), genome)
    worn = beside.copy()
    worn[::40] ^= 1
    assert is_copy(Variant(0, 2000, 2000, NOTHING, worn), genome)
    foreign = np.random.default_rng(9).integers(0, 4, size).astype(np.uint8)
    assert not is_copy(Variant(0, 2000, 2000, NOTHING, foreign), genome)
    assert not is_copy(Variant(0, 2000, 2000 + size, beside, NOTHING), genome)


def test_losing_a_copy_is_the_same_as_gaining_it(tmp_path, genome):
    text = genome.contig("c").tobytes().decode()
    doubled = genome_of(tmp_path, text[:2060] + text[2000:2060] + text[2060:])
    assert is_copy(Variant(0, 2000, 2060, encode(text[2000:2060]), NOTHING), doubled)


def test_short_ones_are_never_copies(genome):
    assert not is_copy(Variant(0, 2000, 2000, NOTHING, encode(genome.fetch(0, 2000, 2049))), genome)
