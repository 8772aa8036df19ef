"""What the score of a junction must obey, whatever the kind of the model."""

import numpy as np
import pytest

import dnalect
from conftest import make_model
from dnalect.core.structures import Junction, Side
from dnalect.genome.fasta import genome_of
from dnalect.genome.windows.alleles import Rules
from dnalect.genome.windows.junctions import joints
from dnalect.genome.windows.rearranged import deletion, duplication, inversion, placed
from dnalect.inference.background import Background
from dnalect.inference.ensemble import EnsembleScorer
from dnalect.inference.junctions import JunctionMeasure
from dnalect.inference.likelihood import scorer_for
from dnalect.tokens.bases import decode, encode
from models.folders import make

KINDS = ("duplex", "dnabert", "dnabert-2", "nt-v1", "qwen3", "llama", "ensemble")
FLANK = 40
LENGTH = 3000
CLOSE = 2e-4
COMPLEMENT = str.maketrans("ACGT", "TGCA")
INSERTED = "GATTACAGATTACCAGGATTACAGTT"


@pytest.fixture(scope="module")
def bases():
    rng = np.random.default_rng(5)
    made = {name: "".join(rng.choice(list("ACGT"), LENGTH)) for name in "ab"}
    # A deletion between these two slides by nine bases.
    return made | {"a": made["a"][:1800] + made["a"][900:909] + made["a"][1809:]}


@pytest.fixture(scope="module")
def scorers(tmp_path_factory):
    kept = {}

    def of(kind):
        if kind not in kept:
            folder = tmp_path_factory.mktemp("junctions") / kind
            kept[kind] = dnalect.load(make_model(folder) if kind == "duplex" else make(kind, folder))
        return kept[kind]

    def get(kind, genome, batch=None):
        if kind == "ensemble":
            return EnsembleScorer([scorer_for(of(each), genome, FLANK, batch) for each in ("duplex", "dnabert")])
        return scorer_for(of(kind), genome, FLANK, batch)

    return get


def variants(genome):
    """One of every class, with what is inserted where something is."""
    made = [
        [deletion(0, 700, 1300)],
        [deletion(0, 900, 1800)],
        [duplication(0, 700, 1300)],
        inversion(0, 700, 1300),
        [Junction(Side(0, 700), Side(0, 700), encode(INSERTED))],
        [Junction(Side(0, 700), Side(1, 1300, True), np.empty(0, np.uint8))],
        [Junction(Side(0, 700, True), Side(1, 1300), encode("ACGTTAC"))],
    ]
    found = [placed(each, genome, Rules(64, FLANK)) for each in made]
    assert not [each for each in found if isinstance(each, str)]
    return found


def flipped(variant):
    """The same on the genome whose contigs are read backwards."""

    def turn(side):
        return Side(side.contig, LENGTH - side.at, not side.turned)

    # Of a junction in its one form, what is shared begins at its sides.
    return [
        Junction(turn(each.left.moved(each.shared)), turn(each.right.moved(each.shared)), each.inserted)
        for each in variant.junctions
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_junction_has_one_score_from_both_strands_in_any_company(scorers, bases, kind):
    genome = genome_of(bases)
    # Byte pairs take many passes.
    every = variants(genome)[1 :: 3 if kind == "dnabert-2" else 1]
    found = scorers(kind, genome).junctions(every)
    assert [len(each) for each in found] == [len(each.junctions) for each in every]
    assert np.isfinite(np.concatenate(found)).all()
    assert min(abs(np.concatenate(found))) > 1e-5
    other = genome_of({name: text[::-1].translate(COMPLEMENT) for name, text in bases.items()})
    turned = [placed(flipped(each), other, Rules(64, FLANK)) for each in every]
    for one, two in zip(found, scorers(kind, other).junctions(turned), strict=True):
        assert sorted(two) == pytest.approx(sorted(one), abs=CLOSE)
    alone = [scorers(kind, genome, 3).junctions([each])[0] for each in every[:2]]
    for one, two in zip(found, alone, strict=False):
        assert two == pytest.approx(one, abs=CLOSE)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_lies_around_it_counts(scorers, bases, kind):
    """Bases in the middle of what is deleted, and far away, are not read."""
    text = bases["a"]
    other = "ACGT" * 100 + text[400:900] + "TTGCA" * 20 + text[1000:]
    scores = []
    for each in (text, other):
        genome = genome_of({"a": each})
        scores += scorers(kind, genome).junctions([placed([deletion(0, 700, 1300)], genome, Rules(64, FLANK))])
    assert scores[1] == pytest.approx(scores[0], abs=CLOSE)


def test_a_leave_one_out_score_is_what_the_kept_bases_gain(scorers, bases):
    genome = genome_of(bases)
    scorer = scorers("duplex", genome)
    for variant in variants(genome)[:3]:
        ((joint,),) = joints(variant, genome, FLANK, 64)
        logs = [
            np.log(dnalect.base_probabilities(scorer.model, decode(codes))[0])[np.arange(len(codes)), codes]
            for codes in (joint.joined, joint.before, joint.after)
        ]
        left, both, right = joint.left, joint.left + joint.shared, joint.right
        gained = logs[0][:left].sum() - logs[1][:left].sum() + logs[0][-right:].sum() - logs[2][-right:].sum()
        shared = logs[0][left:both] - (logs[1][left:both] + logs[2][-right - joint.shared : -right]) / 2
        assert scorer.junctions([variant])[0] == pytest.approx((gained + shared.sum(),), abs=CLOSE)


def test_a_causal_score_is_what_each_side_says_of_the_other(scorers, bases):
    """ln p(right | left) - ln p(right | what was before it), and the same of the left side on the other strand."""
    genome = genome_of(bases)
    scorer = scorers("qwen3", genome)
    totals = scorer.likelihood.totals
    a, near = bases["a"], scorer.junction_flank
    left, right = a[700 - near : 700], a[1300 : 1300 + near]

    def after(first, then):
        whole, start = totals([encode(first + then), encode(first)])
        return whole - start

    def turn(text):
        return text[::-1].translate(COMPLEMENT)

    variant = placed([deletion(0, 700, 1300)], genome, Rules(64, FLANK))
    assert variant.junctions[0].shared == 0
    gained = after(left, right) - after(a[1300 - near : 1300], right)
    gained += after(turn(right), turn(left)) - after(turn(a[700 : 700 + near]), turn(left))
    assert scorer.junctions([variant])[0] == pytest.approx((gained,), abs=1e-3)


def test_backgrounds_are_of_the_same_class_and_size(scorers, bases):
    genome = genome_of(bases)
    measure = JunctionMeasure(scorers("duplex", genome))
    every = variants(genome)
    background = Background(measure, None, 16)
    shares = background.percentiles(every, [each.value for each in measure.joined(every)])
    assert all(share is not None and 0 < share < 1 for share in shares)
    drawn = {name: pools[0] for name, pools in background.pools.items()}
    assert {(name, pool.low, pool.high) for name, pool in drawn.items()} == {
        ("sv_deletion", 513, 1024),
        ("sv_duplication", 513, 1024),
        ("sv_inversion", 513, 1024),
        ("sv_insertion", 17, 32),
        ("sv_translocation", 1, 1),
    }
    again = Background(JunctionMeasure(scorers("duplex", genome)), None, 16)
    assert again.percentiles(every, [each.value for each in measure.joined(every)]) == shares
    assert "16 structural deletions of 513-1,024 bases" in str(background)
