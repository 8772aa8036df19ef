"""Predicted changes by hand, and what must hold of any predictor."""

import numpy as np
import pytest

import dnalect
from dnalect.core.calibration import Calibration
from dnalect.core.errors import ConfigError
from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.vcf import Record
from dnalect.genome.windows.alleles import Rules, normalise, resolve
from dnalect.genome.windows.haplotypes import haplotype_window
from dnalect.inference.background import Background
from dnalect.inference.background.several import OneNumber
from dnalect.inference.change import STEP, ChangeScorer, outputs_of
from dnalect.inference.changes import safe_names
from dnalect.tokens.bases import encode
from inference.predictors import SIGNAL, THREE, TRACKS, YES_NO, GsOnTheLeft, Hashed, Linear, make_predictor
from inference.toys import flipped, random_genome, some, variant

HALVES = "A" * 200 + "G" * 200


def genome_of(folder, text):
    path = folder / "g.fa"
    path.write_text(f">c\n{text}\n")
    return open_genome(path)


def change(predictor, genome, *each, **more):
    """The change of the first output for one allele: start, bases of REF, ALT."""
    (found,) = ChangeScorer(predictor, genome, **more).changes([variant(genome, *each)])
    return found[0]


@pytest.mark.parametrize(
    ("start", "size", "alt", "wanted"),
    [
        (100, 1, "C", 2 - 1),
        (300, 3, "CTA", (2 + 8 + 1) - 3 * 4),
        # Windows of 100: 50 A and 50 G with REF; with two C more, one A and one G less.
        (200, 0, "CC", 2 * 2 - 1 - 4),
        # 48 A and 52 G with REF, 50 and 50 without the four G.
        (200, 4, "", 2 * 1 - 2 * 4),
        # 48 A, 52 G with REF; C, 49 A and 50 G without three G.
        (200, 4, "C", (49 + 2 + 50 * 4 - 4 + 4) - (48 + 52 * 4)),
        (100, 1, "A", 0),
    ],
)
def test_a_change_by_hand(tmp_path, start, size, alt, wanted):
    found = change(Linear(), genome_of(tmp_path, HALVES), start, size, alt)
    assert found.value == wanted
    assert found.alternate - found.reference == wanted
    assert found.percentile is None


@pytest.mark.parametrize(
    ("start", "size", "alt", "wanted"),
    [
        # The window begins with the contig; two bases leave it at its right end.
        (40, 0, "CC", 2 * 2 - 2 * 1),
        (40, 1, "T", 8 - 1),
        # It ends with the contig: for the T that leaves, a G enters from the left.
        (370, 1, "", 4 - 8),
        (360, 0, "TT", 2 * 8 - 2 * 4),
    ],
)
def test_at_the_ends_of_a_contig_the_window_is_moved(tmp_path, start, size, alt, wanted):
    text = HALVES[:370] + "T" + HALVES[371:]
    assert change(Linear(), genome_of(tmp_path, text), start, size, alt).value == wanted


def test_of_a_short_contig_all_is_read(tmp_path):
    found = change(Linear(), genome_of(tmp_path, "A" * 40 + "G" * 40), 40, 2, "")
    assert (found.reference, found.alternate) == (40 + 160, 40 + 152)


@pytest.mark.parametrize("more", [{}, {"strands": "both", "shifts": 3}, {"strands": "reverse", "window": 51}])
def test_swapped_alleles_give_exactly_the_opposite(tmp_path, more):
    genome = random_genome(tmp_path / "g.fa")
    for each in some(genome):
        other, back = flipped(genome, each, tmp_path)
        (there,) = ChangeScorer(Hashed(), genome, **more).changes([each])
        (here,) = ChangeScorer(Hashed(), other, **more).changes([back])
        assert there[0].value == -here[0].value != 0
        assert (there[0].reference, there[0].alternate) == (here[0].alternate, here[0].reference)


def test_two_spellings_of_a_haplotype_are_one(tmp_path):
    rng = np.random.default_rng(3)
    before, after = ("".join(rng.choice(list("ACGT"), 200)) for _ in range(2))
    genome = genome_of(tmp_path, before + "C" + "TA" * 6 + "G" + after)
    scorer = ChangeScorer(Hashed(), genome)

    def found(position, ref, alt):
        record = Record("c", position, ".", ref, (alt,))
        (made,) = resolve(record, 0, genome, Rules(scorer.longest_allele, scorer.reach))
        return scorer.changes([made])[0][0]

    one = found(200, "CTA", "C")
    assert one == found(205, "TATAT", "TAT") == found(208, "ATA", "A") != found(200, "CTATA", "C")
    assert found(201, "T", "T").value == found(201, "TATA", "TATA").value == 0


def test_strands(tmp_path):
    genome = genome_of(tmp_path, HALVES)
    by_strand = {strands: change(Linear(), genome, 100, 1, "C", strands=strands).value for strands in (None, "reverse")}
    # A > C on one strand is T > G on the other.
    assert by_strand == {None: 2 - 1, "reverse": 4 - 8}
    assert change(Linear(), genome, 100, 1, "C", strands="both").value == -1.5
    trained = Linear(strands=2)
    scorer = ChangeScorer(trained, genome)
    assert scorer.strands == "both"
    scorer.changes([variant(genome, 100, 1, "C")])
    assert trained.read == 2, "a predictor of both strands turns the sequences round itself"
    with pytest.raises(ConfigError, match="trained on both strands"):
        ChangeScorer(trained, genome, strands="forward")
    with pytest.raises(ConfigError, match="forward, reverse, both"):
        ChangeScorer(Linear(), genome, strands="+")


def test_shifts_are_a_mean_over_windows_around_the_variant(tmp_path):
    genome, predictor = random_genome(tmp_path / "g.fa"), GsOnTheLeft()
    each = variant(genome, 400, 3, "GG")
    differences = [
        np.subtract(*(predictor.value(haplotype_window(each, a, genome, 100, o)) for a in (each.alt, each.ref)))
        for o in (-STEP, 0, STEP)
    ]
    assert len(set(differences)) > 1
    assert change(predictor, genome, 400, 3, "GG", shifts=3).value == pytest.approx(np.mean(differences))
    for shifts in (0, 2, 13):
        with pytest.raises(ConfigError, match="odd number up to 11"):
            ChangeScorer(predictor, genome, shifts=shifts)
    ChangeScorer(predictor, genome, shifts=11)


def test_the_window_is_the_length_of_the_training_sequences(tmp_path):
    genome = genome_of(tmp_path, HALVES)
    assert ChangeScorer(Linear(length=77), genome).window == 77
    assert ChangeScorer(Linear(length=9000), genome).window == 400
    assert ChangeScorer(Linear(length=None), genome).window == ChangeScorer(Linear(length=3), genome).window == 120
    assert ChangeScorer(Linear(), genome, window=31).window == 31
    for wrong in (15, 401):
        with pytest.raises(ConfigError, match="between 16 and 400"):
            ChangeScorer(Linear(), genome, window=wrong)


def test_a_variant_and_the_size_of_a_batch_change_nothing(model_folder, fasta, tmp_path):
    predictor = dnalect.load(make_predictor(tmp_path / "p", model_folder))
    genome = open_genome(fasta)
    rng = np.random.default_rng(2)
    many = [variant(genome, int(at), 1, "A") for at in rng.integers(700, 2500, 300)]
    whole = ChangeScorer(predictor, genome, batch=32).changes(many)
    for other in (ChangeScorer(predictor, genome, batch=1).changes(many), whole[::-1][::-1]):
        for mine, theirs in zip(whole, other, strict=True):
            assert [c.value for c in mine] == pytest.approx([c.value for c in theirs], abs=1e-5)
    alone = [ChangeScorer(predictor, genome).changes([each])[0] for each in many[250:260]]
    for mine, theirs in zip(whole[250:260], alone, strict=True):
        assert [c.value for c in mine] == pytest.approx([c.value for c in theirs], abs=1e-5)


def test_each_kind_of_output_has_its_unit(tmp_path):
    calibration = {
        "activity": Calibration(raw=(0, 1), fitted=(5, 5)),
        "open": Calibration((2.0,)),
        "factor": Calibration((1.0, 4.0), (0.5, -3.0)),
    }
    predictor = Linear(SIGNAL, YES_NO, THREE, TRACKS, calibration=calibration)
    genome = genome_of(tmp_path, "A" * 10 + "C" * 6 + "A" * 8)
    scorer = ChangeScorer(predictor, genome, window=20)
    (found,) = scorer.changes([variant(genome, 14, 1, "A")])
    names = ["activity", "open", "state_low", "state_mid", "state_high", "factor_SP1_2", "factor_GATA"]
    assert [each.name for each in found] == names
    values = dict(zip(names, found, strict=True))
    before, after = values["activity"].reference, values["activity"].alternate
    assert after - before == -1, "a signal's staircase is left out"
    # Logits are (x, 2 x, 3 x): the second of two classes leads by x, divided by the temperature of 2.
    assert values["open"].reference == pytest.approx(before / 2)
    assert values["open"].value == pytest.approx(-0.5)
    high = [3 * x - np.logaddexp(x, 2 * x) for x in (before, after)]
    assert values["state_high"].value == pytest.approx(high[1] - high[0])
    assert values["factor_SP1_2"].reference == pytest.approx(before + 0.5)
    assert values["factor_GATA"].value == pytest.approx(-2 / 4)
    assert [each.meaning for each in scorer.outputs][:3] == [
        "activity in its own unit",
        "log-odds of open yes against no",
        "log-odds of state low against all other classes",
    ]


def test_names_are_safe_and_unlike():
    assert safe_names(["a b", "a_b", "A.B", "x", "x_pct", "x percentile", "é"]) == [
        "a_b", "a_b_2", "A_B_3", "x", "x_pct_2", "x_percentile_2", "_",
    ]  # fmt: skip
    (one,) = outputs_of([type(SIGNAL)('say "hi"\n', "signal", ("v",))])
    assert not set('"\n') & set(one.meaning)


def test_a_background_reads_each_draw_once_for_all_outputs(fasta):
    genome, predictor = open_genome(fasta), Linear(SIGNAL, TRACKS)
    scorer, shared = ChangeScorer(predictor, genome), {}
    backgrounds = [Background(OneNumber(scorer, n, shared), 50, 20, 1) for n in range(3)]
    ref = encode(genome.fetch(0, 1500, 1501))
    snv, lost = normalise(0, 1500, ref, (ref + 1) % 4, genome), normalise(0, 1500, ref, ref[:0], genome)
    found = [background.percentiles([snv], [0.0]) for background in backgrounds]
    read = predictor.read
    # 32 sites with three alternates each.
    assert read <= 32 * 4
    # Every output is a multiple of the first, so that a change of 0 stands at the same place.
    assert found[0] == found[1] == found[2]
    assert 0.2 < found[0][0] < 0.8
    assert backgrounds[0].percentiles([snv], [-20.0])[0] < 0.05
    for background in backgrounds:
        background.percentiles([lost], [0.0])
    assert predictor.read <= read + 2 * 24
    kept = Background(OneNumber(scorer, 0, {}), 50, 20, 1).percentiles([snv], [0.0])
    assert kept == found[0]
    assert predictor.read <= read + 2 * 24, "the second run finds it in the cache"


def test_the_identity_names_all_that_numbers_depend_on(tmp_path):
    genome = genome_of(tmp_path, HALVES)
    ways = [{}, {"window": 90}, {"strands": "reverse"}, {"shifts": 3}]
    scorers = [ChangeScorer(Linear(), genome, **way) for way in ways]
    scorers.append(ChangeScorer(Linear(), genome))
    scorers[-1].predictor.card.config = {"calibration": 2}
    assert len({OneNumber(scorer, 0, {}).identity for scorer in scorers}) == len(scorers)
    two = ChangeScorer(Linear(SIGNAL, YES_NO), genome)
    assert OneNumber(two, 0, {}).identity != OneNumber(two, 1, {}).identity


def test_an_allele_may_fill_the_window(tmp_path):
    genome = genome_of(tmp_path, HALVES)
    scorer = ChangeScorer(Linear(), genome, window=20)
    assert (scorer.longest_allele, scorer.reach) == (20, 10)
    (found,) = scorer.changes([Variant(0, 200, 200, encode(""), encode("T" * 20))])
    assert found[0].alternate == 160
