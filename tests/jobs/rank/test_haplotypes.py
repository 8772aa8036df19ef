"""Near variants of one haplotype, jointly: interactions of models whose probabilities are known."""

import numpy as np
import pytest

from dnalect.core.errors import VcfError
from dnalect.genome.names import ContigNames
from dnalect.genome.phased import NearSet, near_sets
from dnalect.inference.interactions import MIXED, interactions, joined
from dnalect.inference.likelihood import MaskedScorer
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.kmers import OverlappingKmers
from tests.inference.toys import Independent, Toy, random_genome, variant

# Leaves room for alleles of 112 bases in the toys' context.
FLANK = 200
LOG_Q = np.log([0.4, 0.1, 0.2, 0.3])
# Preference of a base for the one after it, the same on both strands: J[x, y] = J[3 - y, 3 - x].
RAW = np.random.default_rng(6).normal(size=(4, 4))
J = RAW + RAW[::-1, ::-1].T


class Chain(Toy):
    """P(sequence) is the product of exp(J[base, next base]); words of three bases, those of one base hidden."""

    def log_probs(self, ids, column):
        words = [self.tokenizer.words[token] for token in ids]
        known = {}
        for at, word in enumerate(words):
            if len(word) == 3 and set(word) <= set("ACGT"):
                known |= {at + n: "ACGT".index(base) for n, base in enumerate(word)}
        (hidden,) = {column + n for n in range(3)} - known.keys()
        out = np.full(len(self.tokenizer.words), -99.0)
        for token, word in enumerate(self.tokenizer.words):
            if len(word) == 3 and set(word) <= set("ACGT"):
                codes = {column + n: "ACGT".index(base) for n, base in enumerate(word)}
                if all(known.get(at, code) == code for at, code in codes.items()):
                    out[token] = J[known[hidden - 1], codes[hidden]] + J[codes[hidden], known[hidden + 1]]
        return out - np.logaddexp.reduce(out)


@pytest.fixture
def genome(tmp_path):
    return random_genome(tmp_path / "g.fa")


def near(genome, *changes):
    """A set of alleles; changes: (0-based start, bases of REF, text of ALT or None for another base)."""
    alleles = []
    for start, length, alt in changes:
        ref = genome.fetch(0, start, start + length).tobytes().decode()
        alleles.append(("c", start + 1, ref, alt or {"A": "C", "C": "A", "G": "A", "T": "G"}[ref]))
    return NearSet(tuple(alleles), 1, "s")


def run(scorer, genome, *sets):
    return interactions(sets, scorer, ContigNames(genome))


@pytest.mark.parametrize("tokenizer", [OverlappingKmers(3), Chunks(1)], ids=["kmers", "chunks"])
def test_independent_bases_do_not_interact(genome, tokenizer):
    scorer = MaskedScorer(Independent(tokenizer, LOG_Q), genome, FLANK)
    sets = [near(genome, (300, 1, None), (301, 1, None)), near(genome, (400, 1, None), (410, 1, None), (415, 1, None))]
    for joint in run(scorer, genome, *sets):
        assert joint.kind == "mnv"
        assert joint.interaction == pytest.approx(0, abs=1e-4)
        assert joint.joint == pytest.approx(sum(joint.singles), abs=1e-4)
        assert max(abs(single) for single in joint.singles) > 0.5


def test_neighbours_of_a_chain_interact_as_the_chain_says(genome):
    scorer = MaskedScorer(Chain(OverlappingKmers(3)), genome, FLANK)
    adjacent, apart = near(genome, (300, 1, None), (301, 1, None)), near(genome, (300, 1, None), (302, 1, None))
    first, second = run(scorer, genome, adjacent, apart)
    (a, b), (x, y) = (["ACGT".index(each[2 + at]) for each in adjacent.alleles] for at in (0, 1))
    assert first.interaction == pytest.approx(J[x, y] + J[a, b] - J[x, b] - J[a, y], abs=1e-4)
    assert abs(first.interaction) > 0.5
    assert first.interacting
    assert second.interaction == pytest.approx(0, abs=1e-4)


def test_deletions_and_insertions_together(genome):
    scorer = MaskedScorer(Independent(OverlappingKmers(3), LOG_Q), genome, FLANK)
    indels, mixed = run(
        scorer, genome, near(genome, (300, 3, "TG"), (320, 1, "ACCA")), near(genome, (300, 3, "TG"), (320, 1, None))
    )
    assert indels.interaction == pytest.approx(0, abs=1e-3)
    assert mixed.reason == MIXED
    assert mixed.interaction is None
    assert mixed.joint is not None


def test_alleles_that_do_not_fit_have_a_reason(genome):
    scorer = MaskedScorer(Independent(OverlappingKmers(3), LOG_Q), genome, FLANK)
    wrong = NearSet((("c", 301, "AAAAAAAAAA", "A"), ("c", 305, "A", "C")))
    overlapping = near(genome, (300, 5, "A"), (302, 1, None))
    assert run(scorer, genome, wrong)[0].reason == "ref_mismatch"
    assert run(scorer, genome, overlapping)[0].reason in ("overlapping", MIXED)
    first, second = (
        variant(genome, 300, 4, ""),
        variant(genome, 302, 1, "ACGT"[int(genome.fetch(0, 302, 303)[0] == 65)]),
    )
    assert joined([first, second], genome) == "overlapping"


def test_the_joint_allele_keeps_the_bases_between(genome):
    first, second = variant(genome, 300, 1, "A"), variant(genome, 306, 1, "C")
    joint = joined([second, first], genome)
    text = genome.fetch(0, 300, 307).tobytes().decode()
    both = "A" + text[1:6] + "C"
    changed = text[: joint.start - 300] + "".join("ACGT"[c] for c in joint.alt) + text[joint.end - 300 :]
    assert changed == both


HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\n"


def phased(tmp_path, *rows, head=HEAD):
    path = tmp_path / "phased.vcf"
    lines = [f"{c}\t{p}\t.\tA\t{alt}\t.\t.\t.\t{form}\t{one}\t{two}\n" for c, p, alt, form, one, two in rows]
    path.write_text(head + "".join(lines))
    return str(path)


def shape(found):
    return [(tuple(position for _, position, _, _ in each.alleles), each.carriers, each.sample) for each in found]


def test_sets_are_of_one_haplotype(tmp_path):
    path = phased(
        tmp_path,
        ("c", 100, "C", "GT", "0|1", "1|0"),
        ("c", 110, "C", "GT", "1|0", "1|0"),
        ("c", 120, "C,G", "GT", "0|2", "1|1"),
        ("c", 600, "C", "GT", "1|1", "0/1"),
        ("c", 610, "C", "GT", "1/1", "0/1"),
        ("d", 611, "C", "GT", "1", "."),
    )
    assert sorted(shape(near_sets(path))) == [((100, 110, 120), 1, "s2"), ((100, 120), 1, "s1"), ((600, 610), 2, "s1")]
    assert sorted(shape(near_sets(path, 9))) == [((100, 110, 120), 1, "s2"), ((600, 610), 2, "s1")]
    assert not near_sets(path, 8)


def test_phase_sets_are_kept_apart(tmp_path):
    rows = [("c", 100, "C", "GT:PS", "0|1:7", "0|1:7"), ("c", 110, "C", "GT:PS", "0|1:7", "0|1:9")]
    assert shape(near_sets(phased(tmp_path, *rows))) == [((100, 110), 1, "s1")]


def test_a_vcf_that_does_not_do_is_refused(tmp_path):
    row = ("c", 100, "C", "GT", "0|1", "0|1")
    with pytest.raises(VcfError, match="not sorted"):
        near_sets(phased(tmp_path, row, ("c", 90, "C", "GT", "0|1", "0|1")))
    with pytest.raises(VcfError, match="there twice"):
        near_sets(phased(tmp_path, row, ("d", 1, "C", "GT", "0|1", "0|1"), row))
    bare = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    with pytest.raises(VcfError, match="no genotypes"):
        near_sets(phased(tmp_path, head=bare))
