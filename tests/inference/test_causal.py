"""Scores of causal models beside a slow and obvious reference, one base at a time."""

import itertools
import math

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ModelError
from dnalect.inference.likelihood import scorer_for, strategy_for
from dnalect.inference.likelihood.causal_scorer import CausalScorer
from dnalect.inference.likelihood.influence import moves
from dnalect.tokens.bases import decode, encode, opposite
from inference.toys import random_genome, some, variant
from models.folders import CAUSAL, make

CLOSE = 2e-5


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causal")
    return {name: dnalect.load(make(name, folder / name)) for name in CAUSAL}


@pytest.fixture
def genome(tmp_path):
    return random_genome(tmp_path / "g.fa")


def slow(model, text: str) -> float:
    """ln p of a text, a pass for each of its words, 6-mers of its end spelled out in all ways."""
    tokenizer, total = model.tokenizer, 0.0
    encoding = tokenizer.encode([text])
    ids = encoding.input_ids[0].tolist()
    for at in range(1, len(ids)):
        if encoding.covering[0, at] and ids[at] not in (tokenizer.special.unk, tokenizer.index.get("N")):
            total += after(model, ids[:at])[ids[at]]
    over = len(text) % 6 if tokenizer.name == "generator" else 0
    if over:
        logs = after(model, ids)
        ends = ["".join(each) for each in itertools.product("ACGT", repeat=6 - over)]
        total += math.log(sum(math.exp(logs[tokenizer.index[text[-over:] + end]]) for end in ends))
    return total


def after(model, ids) -> list[float]:
    """ln p of every word after some tokens, from the network alone."""
    given = torch.tensor([ids])
    with torch.no_grad():
        logits = model.network.logits(model.network(given, torch.ones_like(given, dtype=torch.bool)).last[0, -1])
    return logits.double().log_softmax(-1).tolist()


def by_hand(scorer, reference: str, alternate: str) -> float:
    """The mean over strands and frames of ln p(alternate) - ln p(reference), less what the composition says."""
    ratios = []
    for ref, alt in ((reference, alternate), (opposite(reference), opposite(alternate))):
        for frame in range(scorer.phases):
            ratios.append(slow(scorer.model, alt[frame:]) - slow(scorer.model, ref[frame:]))
    chance = 0.0
    if len(reference) != len(alternate):
        chance = sum(scorer.log_background["ACGT".index(base)] for base in alternate)
        chance -= sum(scorer.log_background["ACGT".index(base)] for base in reference)
    return sum(ratios) / len(ratios) - chance


@pytest.mark.parametrize("name", CAUSAL)
def test_scores_are_those_of_a_slow_reference(models, genome, name):
    scorer = scorer_for(models[name], genome, 9)
    text = decode(encode(genome.fetch(0, 0, int(genome.lengths[0]))))
    # None of these can slide: their windows are what they seem.
    cases = [(333, 1, "A"), (401, 3, "GTC"), (500, 0, "ACGG"), (520, 2, ""), (540, 2, "TACGA")]
    wanted, asked = [], []
    for start, length, alt in cases:
        each = variant(genome, start, length, alt if alt != text[start : start + length] else "C")
        ref, new = decode(each.ref), decode(each.alt)
        left, right = text[each.start - 9 : each.start], text[each.end :]
        if len(ref) != len(new) and not min(len(ref), len(new)):
            moved = ref or new
            while right.startswith(moved[0]):  # over its whole range
                moved, ref, new, right = moved[1:] + moved[0], ref + right[0], new + right[0], right[1:]
        wanted.append(by_hand(scorer, left + ref + right[:9], left + new + right[:9]))
        asked.append(each)
    found = scorer.score(asked)
    assert [score.value for score in found] == pytest.approx(wanted, abs=CLOSE)
    assert min(abs(value) for value in wanted) > 100 * CLOSE
    assert all(score.ref_prob is None and score.strand_gap > 0 for score in found)


@pytest.mark.parametrize("name", CAUSAL)
def test_the_other_strand_gives_the_same(models, genome, tmp_path, name):
    text = decode(encode(genome.fetch(0, 0, int(genome.lengths[0]))))
    (tmp_path / "back.fa").write_text(f">c\n{opposite(text)}\n")
    back = dnalect.open_genome(tmp_path / "back.fa")
    here, there = scorer_for(models[name], genome), scorer_for(models[name], back)
    for each in some(genome):
        if max(len(each.ref), len(each.alt)) > here.longest_allele:
            continue
        turned = variant(back, len(text) - each.end, len(each.ref), opposite(decode(each.alt)))
        (one,), (other,) = here.score([each]), there.score([turned])
        assert one.value == pytest.approx(other.value, abs=CLOSE), each
        assert one.strand_gap == pytest.approx(other.strand_gap, abs=CLOSE)
    forward = CausalScorer(models[name], genome, strands=1).score(some(genome)[:1])[0]
    assert forward.strand_gap is None
    assert forward.value != pytest.approx(here.score(some(genome)[:1])[0].value, abs=CLOSE)


def test_the_last_bases_that_make_no_word_are_counted_and_not_read_as_if_a_followed(models):
    strategy = strategy_for(models["llama"])
    before = "ACGTTGCAATTA"
    rests = ["".join(each) for each in itertools.product("ACGT", repeat=2)]
    totals = strategy.totals([encode(before + rest) for rest in rests])
    longer = strategy.totals([encode(before + rests[0] + "".join(e)) for e in itertools.product("ACGT", repeat=4)])
    # What begins with two bases is all that goes on from there.
    assert totals[0] == pytest.approx(np.logaddexp.reduce(longer), abs=CLOSE)
    assert totals[0] > max(longer)
    known = sum(math.exp(value - strategy.totals([encode(before)])[0]) for value in totals)
    assert known == pytest.approx(1, abs=0.05)  # and the special words


def test_unknown_bases_end_a_window_and_add_nothing(models, tmp_path):
    rng = np.random.default_rng(1)
    text = "".join(rng.choice(list("ACGT"), 300))
    for name in (each for each in CAUSAL if models[each].can.context_bases > 163):
        values = []
        for number, whole in enumerate((text, "ACGT" + text[4:96] + "NNNN" + text[100:200] + "NN" + text[202:])):
            (tmp_path / f"{name}{number}.fa").write_text(f">c\n{whole}\n")
            genome = dnalect.open_genome(tmp_path / f"{name}{number}.fa")
            scorer = CausalScorer(models[name], genome, 80)
            deletion = variant(genome, 140, 3, "")
            windows = scorer._pair(deletion)
            values.append((scorer.score([deletion])[0].value, [len(each) for each in windows]))
        (_, plain), (value, lengths) = values
        assert plain == [163, 160]
        assert lengths == [100, 97]
        assert np.isfinite(value)


def test_alternates_of_a_site_share_the_window_of_the_reference(models, genome, monkeypatch):
    rows = []
    forward = type(models["qwen3"]).forward
    monkeypatch.setattr(
        type(models["qwen3"]),
        "forward",
        lambda self, encoding, ask: rows.append(len(encoding.input_ids)) or forward(self, encoding, ask),
    )
    ref = decode(encode(genome.fetch(0, 400, 401)))
    scorer_for(models["qwen3"], genome).score([variant(genome, 400, 1, b) for b in "ACGT" if b != ref])
    assert sum(rows) == 2 * 4


@pytest.mark.parametrize("name", CAUSAL)
def test_a_base_is_given_those_to_its_left(models, name):
    strategy, codes = strategy_for(models[name]), encode("ACGTTGCAATTATTAACGCATGCA")
    found = strategy.log_probs([codes], np.array([14]))[0]
    other = codes.copy()
    other[15:] = 3 - other[15:]
    assert strategy.log_probs([other], np.array([14]))[0] == pytest.approx(found, abs=CLOSE)
    other[11] = 3 - other[11]
    assert np.abs(strategy.log_probs([other], np.array([14]))[0] - found).max() > 50 * CLOSE
    texts = [decode(codes[:14]) + base for base in "ACGT"]
    by_bayes = np.array([slow(models[name], text) for text in texts])
    assert found == pytest.approx(by_bayes - np.logaddexp.reduce(by_bayes), abs=CLOSE)


def test_a_long_sequence_is_read_with_half_a_context_before_each_base(models):
    model = models["qwen3"]
    codes = np.random.default_rng(2).integers(0, 4, 150).astype(np.uint8)
    found = strategy_for(model).every(codes, np.ones(len(codes), dtype=bool))
    context, half = model.can.context_bases, model.can.context_bases // 2
    assert (context, half) == (63, 31)
    for site, low in ((0, 0), (40, 0), (61, 0), (62, 31), (92, 31), (93, 62), (149, 93)):
        logs = after(model, model.tokenizer.encode([decode(codes[low:site])]).input_ids[0].tolist())
        four = np.array([logs[model.tokenizer.index[base]] for base in "ACGT"])
        assert found[site] == pytest.approx(four - np.logaddexp.reduce(four), abs=CLOSE), site


def test_pictures_show_the_mean_of_what_both_sides_say(models, genome):
    scorer = scorer_for(models["qwen3"], genome)
    found = scorer.at_sites(np.zeros(3, np.int64), np.array([300, 302, 700]))
    assert np.exp(found).sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    text = decode(encode(genome.fetch(0, 300 - scorer.flank, 300 + scorer.flank + 1)))
    seen = []
    for way in (text, opposite(text)):
        logs = after(scorer.model, scorer.model.tokenizer.encode([way[: scorer.flank]]).input_ids[0].tolist())
        four = np.array([logs[scorer.model.tokenizer.index[base]] for base in ("ACGT" if way is text else "TGCA")])
        seen.append(four - np.logaddexp.reduce(four))
    middle = np.mean(seen, axis=0)
    alone = scorer.at_sites(np.zeros(1, np.int64), np.array([300]))
    assert alone[0] == pytest.approx(middle - np.logaddexp.reduce(middle), abs=CLOSE)


@pytest.mark.filterwarnings("ignore:qwen3 was trained on another genome")
def test_what_needs_all_other_bases_is_refused_and_told(models, genome):
    model = models["qwen3"]
    told = r"qwen3 is a causal model: it says p\(base \| the bases before it\), not p\(base \| all others\)"
    strategy, codes = strategy_for(model), encode("ACGTACGTAC")
    for ask in (
        lambda: dnalect.base_probabilities(model, "ACGT"),
        lambda: strategy.substituted(codes, 2, 5),
        lambda: moves(strategy, []),
        lambda: scorer_for(model, genome).influences([]),
        lambda: dnalect.torch_module(model),
    ):
        with pytest.raises(ModelError, match=told):
            ask()
    for name in ("dependency", "gradients"):
        with pytest.raises(ModelError, match=r"needs p\(base \| all others\)"):
            dnalect.explain(genome, "c:301-320", model, show=name, nulls=False)


def test_every_substitution_is_scored_as_a_variant_is(models, genome):
    found = dnalect.mutagenesis(models["qwen3"], genome, "c:301-303")
    assert found.unit == "nats, ln p(window with it) - ln p(window)"
    variants = [(n, b) for n, ref in enumerate(found.sequence) for b in range(4) if "ACGT"[b] != ref]
    scores = scorer_for(models["qwen3"], genome).score([variant(genome, 300 + n, 1, "ACGT"[b]) for n, b in variants])
    for (n, b), score in zip(variants, scores, strict=True):
        assert found.effects[n, b] == pytest.approx(score.value, abs=CLOSE)
