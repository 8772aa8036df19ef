"""Where pairs are known: the cloverleaf of a known tRNA, introns of a planted genome; and what a map is judged by."""

import numpy as np
import pytest

from dnalect import open_genome
from dnalect.tokens import decode, encode, reverse_complement
from studies.dependency.job import block_place, stem_aurocs
from studies.dependency.places import BESIDE, read_introns, read_trnas, stems

# tRNA-Phe of yeast without CCA; its pairs in the usual numbers (Sprinzl), from 1.
PHE = "GCGGATTTAGCTCAGTTGGGAGAGCGCCAGACTGAAGATCTGGAGGTCCTGTGTTCGATCCACAGAATTCGCA"
KNOWN = {
    "acceptor": [(k, 73 - k) for k in range(1, 8)],
    "D": [(10, 25), (11, 24), (12, 23), (13, 22)],
    "anticodon": [(27 + k, 43 - k) for k in range(5)],
    "T": [(49 + k, 65 - k) for k in range(5)],
}


def test_the_cloverleaf_of_phe_is_the_known_one():
    found = stems(PHE, "GAA")
    assert {name: [(i + 1, j + 1) for i, j in pairs] for name, pairs in found.items()} == KNOWN
    assert set(stems(PHE, "CCC")) == {"acceptor", "T"}
    assert not stems("A" * 73, "AAA")


@pytest.fixture
def planted(tmp_path):
    rng = np.random.default_rng(3)
    text = "".join(rng.choice(list("ACGT"), 2000))
    turned = decode(reverse_complement(encode(PHE[:37] + "TTTTGGGGAA" + PHE[37:])))
    intron = "GTATGT" + "A" * 40 + "TACTAAC" + "T" * 20 + "TAG"
    text = text[:100] + PHE + text[173:400] + turned + text[483:1000] + intron + text[1076:]
    rows = [
        ("tRNA", 101, 173, "+", "tF(GAA)A"),
        ("tRNA", 401, 436, "-", "tF(GAA)B"),
        ("tRNA", 447, 483, "-", "tF(GAA)B"),
        ("CDS", 901, 1000, "+", "YAL001C"),
        ("CDS", 1077, 1200, "+", "YAL001C"),
    ]
    path = tmp_path / "a.gff"
    lines = (f"chrI\tx\t{kind}\t{a}\t{b}\t.\t{strand}\t.\tlocus_tag={name}\n" for kind, a, b, strand, name in rows)
    path.write_text("##gff-version 3\n" + "".join(lines))
    return open_genome({"chrI": text}), path


def test_trnas_are_read_on_either_strand_with_their_intron(planted):
    genome, path = planted
    one, other = read_trnas(path, genome)
    assert (one.start, one.end, other.start, other.end) == (100, 173, 400, 483)
    assert len(one.pairs) == len(other.pairs) == 21
    for each in (one, other):
        text = genome["chrI"][each.start : each.end]
        pairs = {text[i] + text[j] for i, j in each.pairs}
        assert pairs <= {"AT", "TA", "GC", "CG", "GT", "TG", "AC", "CA"}
    assert one.family == other.family == "tF(GAA)"


def test_introns_have_their_sites(planted):
    genome, path = planted
    (found,) = read_introns(path, genome, 150)
    text = genome["chrI"][found.stretch.start : found.stretch.end]
    assert [text[low:high] for low, high in (found.donor, found.branch, found.acceptor)] == ["GTATGT", "TACTAAC", "TAG"]
    assert found.donor[0] == BESIDE
    assert not read_introns(path, genome, 60)


def test_a_map_that_knows_is_told_from_one_that_does_not():
    rng = np.random.default_rng(1)
    pairs = np.array(KNOWN["acceptor"] + KNOWN["T"]) - 1
    noise = rng.random((73, 73))
    knows = noise.copy()
    knows[pairs[:, 0], pairs[:, 1]] += 1
    found = stem_aurocs({"model": knows, "untrained": noise}, pairs)
    assert found["model"][0] == 1.0
    assert found["model"][1] > 0.97
    assert abs(found["untrained"][0] - 0.5) < 0.2
    assert np.isnan(found["distance"][1])


def test_a_block_has_its_place_among_those_as_far_apart():
    found = np.random.default_rng(2).random((60, 60)) / 10
    found[10:16, 40:47] += 1
    assert block_place(found, (10, 16), (40, 47)) == 1.0
    assert block_place(found, (20, 26), (50, 57)) < 1.0
    assert np.isnan(block_place(found[:20, :20], (0, 6), (13, 20)))
