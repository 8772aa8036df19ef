"""The questions of the page give what the commands and `why` give, on text."""

import doctest

import numpy as np
import pytest

import dnalect
from dnalect import page, why
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.genome.fasta import genome_of
from dnalect.genome.regions import Region
from dnalect.page import answers, scoring
from dnalect.page.assets import worked_example
from dnalect.tokens import encode
from dnalect.why.dependency import dependencies
from dnalect.why.subject import Subject
from models.folders import make
from why.tiny import bases_with_attention

SEQUENCE = "".join(np.random.default_rng(3).choice(list("ACGT"), 400))


def swapped(base):
    """Another base."""
    return {"A": "G", "C": "T", "G": "A", "T": "C"}[base]


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture(scope="module")
def attentive(tmp_path_factory):
    return dnalect.load(bases_with_attention(tmp_path_factory.mktemp("attentive") / "it"))


def test_models_are_those_that_ship_and_say_what_they_can():
    found = {each.id: each for each in page.models()}
    yeast = found["duplex-yeast"]
    assert (yeast.likelihood, yeast.given, yeast.strands) == ("leave_one_out", "rest", "halves")
    assert yeast.reach == dnalect.load("duplex-yeast").can.reach
    assert yeast.parameters == 2_206_852
    assert yeast.license == "Apache-2.0"
    assert any(
        "Splice" in each.question and each.low <= each.value <= each.high for each in found["duplex-human"].worth
    )


def test_a_model_with_attention_counts_its_heads(attentive):
    (found,) = page.models([attentive])
    assert found.attentions
    maps = why.attention_of(attentive, np.zeros(20, np.uint8)).maps
    assert (found.layers, found.heads) == maps.shape[:2]


def test_probabilities_are_those_of_the_whole_sequence(model):
    found = page.probabilities(model, SEQUENCE, 100, 140).log_probs
    whole = dnalect.base_probabilities(model, SEQUENCE)[0]
    np.testing.assert_allclose(np.exp(found), whole[100:140], atol=1e-5)


def test_substitutions_are_log_ratios_and_0_for_what_is_there(model):
    text = SEQUENCE[:50] + "N" + SEQUENCE[51:]
    found, log_p = (
        page.substitutions(model, text, 40, 60).ratios,
        page.probabilities(model, text, 40, 60).log_probs,
    )
    own = ["ACGT".find(base) for base in text[40:60]]
    assert np.isnan(found[10]).all()
    for row in set(range(20)) - {10}:
        np.testing.assert_allclose(found[row], log_p[row] - log_p[row, own[row]], atol=1e-6)
        assert found[row, own[row]] == 0


@pytest.mark.parametrize(
    ("at", "ref", "alt"), [(200, 1, None), (200, 3, ""), (200, 0, "ACGGTCA"), (150, 2, "GGG"), (201, 1, "TTAC")]
)
def test_a_score_is_that_of_the_command(model, at, ref, alt):
    before = SEQUENCE[at : at + ref]
    after = swapped(before) if alt is None else alt
    found = page.score(model, SEQUENCE, at, before, after)
    anchor = SEQUENCE[at - 1]
    rows = [("it", at, anchor + before, anchor + after)]
    with pytest.warns(dnalect.DnalectWarning, match="this reference is another one"):
        (row,) = dnalect.score_variants({"it": SEQUENCE}, rows, model, percentiles=False, scores=["llr", "influence"])
    assert found.kind == row.score.kind
    assert found.llr == pytest.approx(row.score.value, abs=1e-6)
    told = row.score.influence
    assert found.influence == pytest.approx({"max": told.largest, "sum": told.total, "near": told.near}, rel=1e-5)
    assert found.windows.reference in SEQUENCE
    assert SEQUENCE[found.windows.start :].startswith(found.windows.reference)
    assert len(found.windows.alternate) - len(found.windows.reference) == len(after) - len(before)
    if found.kind == "snv":
        assert found.llr == pytest.approx(found.log_p_alt - found.log_p_ref, abs=1e-6)


def test_a_percentile_is_that_of_the_background_that_ships_and_none_is_drawn(tmp_path):
    files = dnalect.demo_files()
    genome = dnalect.open_genome(files.reference)
    text = genome["chrI"][28_000:31_000]
    at, ref = 1_500, text[1_500]
    alt = swapped(ref)
    found = page.score("duplex-yeast", text, at, ref, alt, influence=False)
    (row,) = dnalect.score_variants(genome, [("chrI", 29_501, ref, alt)], "duplex-yeast")
    assert found.percentile == pytest.approx(row.score.percentile, abs=2e-5)
    assert found.compared == "SNVs of S. cerevisiae S288C (R64)"
    assert len(found.alike) == 99
    assert (np.diff(found.alike) >= 0).all()
    assert found.influence is found.moved is found.before is None


def test_without_a_background_or_near_an_end_there_is_no_percentile(model):
    found = page.score(model, SEQUENCE, 200, SEQUENCE[200], "ACGT"["ACGT".index(SEQUENCE[200]) - 1])
    assert (found.percentile, found.compared, found.alike, found.flags) == (None, "", None, ())
    short = page.score("duplex-yeast", "ACGTACGTAC", 5, "C", "T", influence=False)
    assert short.flags == ("contig_edge",)
    assert short.percentile is None
    assert short.llr is not None


@pytest.mark.slow
def test_attention_opens_with_the_head_that_goes_best_with_dependencies(attentive, model):
    card, short, without = page.models(["attention-small", attentive, model])
    genome, place = worked_example()
    shipped = dnalect.load("attention-small")
    maps = why.attention_of(shipped, *Subject(shipped, genome, place).window(256)).heads
    beside = dependencies(Subject(dnalect.load("duplex-human"), genome, place))
    within = [why.agreement(each, beside).within for each in maps]
    assert card.opening == (int(np.argmax(within)) // card.heads + 1, int(np.argmax(within)) % card.heads + 1)
    assert short.opening is without.opening is None  # one that can't read the example, one without attention


def test_dependency_and_attention_are_those_of_why(model, attentive):
    subject = why.Subject(model, genome_of({"sequence": SEQUENCE}), Region(0, 100, 130))
    np.testing.assert_array_equal(page.dependency(model, SEQUENCE, 100, 130).map, dependencies(subject))
    length = attentive.can.context_bases
    whole = why.attention_of(attentive, encode(SEQUENCE[:length]), slice(10, length - 10))
    for layer, head, map_ in (
        (2, 1, whole.maps[1, 0]),
        (1, "mean", whole.maps[0].mean(axis=0)),
        ("rollout", "mean", whole.rollout),
    ):
        found = page.attention(attentive, SEQUENCE[:length], 10, length - 10, layer, head)
        np.testing.assert_allclose(found.map, map_, atol=1e-6)


def test_a_causal_model_compares_windows_and_says_nothing_from_both_sides(tmp_path):
    causal = dnalect.load(make("qwen3", tmp_path / "it"))
    assert page.models([causal])[0].given == "left"
    at, ref, alt = 200, SEQUENCE[200], swapped(SEQUENCE[200])
    found = page.score(causal, SEQUENCE, at, ref, alt)
    rows = [("it", at + 1, ref, alt)]
    with pytest.warns(dnalect.DnalectWarning, match="this reference is another one"):
        (row,) = dnalect.score_variants({"it": SEQUENCE}, rows, causal, percentiles=False)
    assert found.llr == pytest.approx(row.score.value, abs=1e-6)
    assert found.log_p_ref is found.log_p_alt is found.influence is found.moved is None
    ratios = page.substitutions(causal, SEQUENCE, at, at + 1).ratios
    assert ratios[0, "ACGT".index(alt)] == pytest.approx(found.llr, abs=1e-5)
    for question, given in ((page.score, (at, ref, alt, True)), (page.dependency, ())):
        with pytest.raises(ModelError, match="is a causal model"):
            question(causal, SEQUENCE, *given)


def test_tokens_are_those_of_the_tokenizer():
    found = page.tokens("dnabert-3", "ACGTA")
    assert [(each.text, each.start, each.end) for each in found.tokens] == [("ACG", 0, 3), ("CGT", 1, 4), ("GTA", 2, 5)]
    assert found.vocabulary == 69
    assert [each.text for each in page.tokens("duplex-yeast", "ACGN").tokens] == ["A", "C", "G", "N"]


@pytest.mark.parametrize(
    ("question", "arguments", "error", "says"),
    [
        (page.probabilities, ("ACGU?", 0, 2), InputError, "no DNA"),
        (page.probabilities, ("", 0, 2), InputError, "at least one base"),
        (page.probabilities, (7,), InputError, "a sequence is a text"),
        (page.probabilities, ("ACGT", 2, 2), InputError, "ends after that"),
        (page.probabilities, ("ACGT", 0, 9), InputError, "at 4 at most"),
        (page.score, (SEQUENCE, 3, "N", "A"), InputError, "ref must be"),
        (page.score, ("ACGT" * 9, 3, "AA", "C"), InputError, "give what is there as ref"),
        (page.score, (SEQUENCE, 399, SEQUENCE[399] * 2, "A"), InputError, "outside the sequence"),
        (page.score, (SEQUENCE, 3, SEQUENCE[3], "", None, 40), InputError, "a share between 0 and 1"),
        (page.attention, (SEQUENCE,), ModelError, "has no attention"),
    ],
)
def test_what_cannot_be_asked_is_told(model, question, arguments, error, says):
    with pytest.raises(error, match=says):
        question(model, *arguments)


@pytest.mark.parametrize("chosen", [{"layer": 9}, {"layer": 1, "head": 0}, {"head": 2}, {"layer": True}])
def test_a_layer_or_head_that_is_not_there_is_told(attentive, chosen):
    with pytest.raises(ConfigError, match=r"layers 1 to|heads 1 to|mean of the heads"):
        page.attention(attentive, SEQUENCE[:40], **chosen)


def test_the_examples_say_what_is_true():
    assert not doctest.testmod(answers).failed
    assert not doctest.testmod(scoring).failed
