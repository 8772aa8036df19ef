"""What every number of a variant must obey, asked of a scorer of every kind: a new one is not there until in KINDS."""

from types import SimpleNamespace

import numpy as np
import pytest

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError, DnalectError, InputError, ModelError
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.change import ChangeScorer
from dnalect.inference.ensemble import EnsembleScorer
from dnalect.inference.likelihood import STRATEGIES, scorer_for, strategy_for
from dnalect.models.families.duplex import DuplexModel
from dnalect.models.model import Abilities, Model
from dnalect.tokens.bases import encode
from inference.predictors import make_predictor
from inference.toys import flipped, random_genome, some, variant
from models.folders import CAUSAL, make

CLOSE = 1e-4


class Numbers:
    """A scorer in one manner of speaking. measure: has cost, reach and identity. parts: scorers with a background."""

    # What a swap of the alleles does to the numbers.
    swapped = -1

    def __init__(self, measure, parts=()):
        self.measure, self.parts = measure, parts or [measure]

    def values(self, variants):
        """(n, k) float64."""
        return np.array([[score.value] for score in self.measure.score(variants)])

    @property
    def reach(self):
        return self.measure.reach

    def chosen(self, genome):
        """Variants of every class whose alleles fit."""
        return [v for v in some(genome) if max(len(v.ref), len(v.alt)) <= self.measure.longest_allele]


class Ensemble(Numbers):
    @property
    def reach(self):
        """That of an ensemble is what all of its members read."""
        return max(each.reach for each in self.parts)


class Distance(Numbers):
    swapped = 1

    def values(self, variants):
        found = self.measure.distances(variants)
        return np.array([[each.cosine_window, each.l2_window, each.cosine_site, each.l2_site] for each in found])

    @property
    def reach(self):
        return self.measure.flank


class Influence(Distance):
    def values(self, variants):
        return np.array([each[:3] for each in self.measure.influences(variants)])


class Change(Numbers):
    def values(self, variants):
        return np.array([[change.value for change in each] for each in self.measure.changes(variants)])


def likelihood(name):
    def made(models, genome, flank=None, batch=None, other=False):
        return Numbers(scorer_for(models(name, other), genome, flank, batch))

    return made


def ensemble(models, genome, flank=None, batch=None, other=False):
    parts = [scorer_for(models(each, other), genome, flank, batch) for each in ("duplex", "dnabert")]
    return Ensemble(EnsembleScorer(parts), parts)


def distance(models, genome, flank=None, batch=None, other=False):
    return Distance(scorer_for(models("dnabert-2", other), genome, flank, batch))


def influence(name, narrow=None):
    def made(models, genome, flank=None, batch=None, other=False):
        return Influence(scorer_for(models(name, other), genome, flank or narrow, batch))

    return made


def change(models, genome, flank=None, batch=None, other=False):
    return Change(ChangeScorer(models("predictor", other), genome, flank and 2 * flank, batch=batch))


LIKELIHOODS = ("duplex", "dnabert", "dnabert-2", "nt-v1", "specieslm", *CAUSAL)
KINDS = {name: likelihood(name) for name in LIKELIHOODS}
KINDS |= {"ensemble": ensemble, "distance": distance, "change": change, "influence": influence("duplex")}
KINDS |= {"influence, masked": influence("dnabert", 6)}


def folder_of(name, path):
    if name == "predictor":
        return make_predictor(path / "tuned", make_model(path / "base"))
    return make_model(path / name) if name == "duplex" else make(name, path / name)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    kept = {}

    def get(name, other=False):
        if (name, other) not in kept:
            model = dnalect.load(folder_of(name, tmp_path_factory.mktemp("scorers")))
            model.card = model.card if not other else type(model.card)(**{**vars(model.card), "sha256": "f" * 64})
            kept[name, other] = model
        return kept[name, other]

    return get


@pytest.fixture
def genome(tmp_path):
    return random_genome(tmp_path / "g.fa")


@pytest.fixture(params=KINDS)
def kind(request, models):
    return lambda genome, **more: KINDS[request.param](models, genome, **more)


def test_neither_order_nor_batch_size_matters(kind, genome):
    variants = kind(genome).chosen(genome)
    assert {v.kind for v in variants} >= {"snv", "mnv", "insertion", "deletion"}
    whole = kind(genome).values(variants)
    assert len(np.unique(whole, axis=0)) == len(variants), "numbers that can't be told apart prove nothing"
    assert kind(genome).values(variants[::-1])[::-1] == pytest.approx(whole, abs=CLOSE)
    assert kind(genome, batch=3).values(variants) == pytest.approx(whole, abs=CLOSE)
    alone = np.concatenate([kind(genome).values([each]) for each in variants])
    assert alone == pytest.approx(whole, abs=CLOSE)


def test_no_change_is_zero(kind, genome):
    ref = encode(genome.fetch(0, 300, 304))
    assert (kind(genome).values([normalise(0, 300, ref, ref, genome)]) == 0).all()


def test_swapped_alleles_give_the_opposite(kind, genome, tmp_path):
    """Exactly: on the genome that carries the alternate allele, with the base composition of the first one."""
    one = kind(genome)
    for each in one.chosen(genome)[2:]:
        other, back = flipped(genome, each, tmp_path)
        two = kind(other)
        for mine, theirs in zip(one.parts, two.parts, strict=True):
            if hasattr(mine, "log_background"):
                theirs.__dict__["log_background"] = mine.log_background
        assert (two.values([back]) == one.swapped * one.values([each])).all(), each


def test_what_is_asked_twice_is_computed_once(kind, genome, monkeypatch):
    rows = []
    forward = Model.forward
    told = lambda self, encoding, ask: rows.append(len(encoding.input_ids)) or forward(self, encoding, ask)  # noqa: E731
    monkeypatch.setattr(Model, "forward", told)
    pairs = DuplexModel.pairs
    monkeypatch.setattr(DuplexModel, "pairs", lambda self, *each: rows.append(len(each[0])) or pairs(self, *each))
    for each in kind(genome).chosen(genome)[2:]:
        counts = []
        for variants in ([each], [each, each, each]):
            rows.clear()
            kind(genome).values(variants)
            counts.append(sum(rows))
        assert counts[0] == counts[1] > 0, each


def test_identity_is_that_of_model_and_definition(kind, genome):
    same, again = kind(genome).measure.identity, kind(genome).measure.identity
    assert same == again
    assert len({same, kind(genome, other=True).measure.identity, kind(genome, flank=20).measure.identity}) == 3


def test_another_definition_is_another_identity(models, genome):
    fast, exact = (scorer_for(models("dnabert"), genome, indels=how).identity for how in ("fast", "exact"))
    assert fast != exact


def test_costs_are_counted(kind, genome):
    measure, variants = kind(genome).measure, some(genome)
    costs = [measure.cost(variants[:count]) for count in range(len(variants) + 1)]
    assert costs[0] == 0 < costs[1]
    assert costs == sorted(costs)
    assert costs[-1] > costs[1]
    assert all(isinstance(cost, int) for cost in costs)


def test_bases_beyond_its_reach_do_not_change_a_substitution(kind, genome, tmp_path):
    numbers = kind(genome)
    text = genome.contig("c").tobytes().decode()
    for start, alt in ((450, "ACGT"), (455, "TTT")):
        ref = text[start : start + (1 if alt == "ACGT" else 3)]
        alt = next(base for base in alt if base != ref) if len(ref) == 1 else alt if alt != ref else "AAA"
        low, high = start - numbers.reach, start + len(ref) + numbers.reach
        far = "".join("CGTA"["ACGT".index(base)] for base in text)
        path = tmp_path / f"far-{start}.fa"
        path.write_text(f">c\n{far[:low]}{text[low:high]}{far[high:]}\n")
        other = dnalect.open_genome(path)
        before, after = (
            numbers.values([variant(genome, start, len(ref), alt)]),
            kind(other).values([variant(other, start, len(ref), alt)]),
        )
        assert after == pytest.approx(before, abs=CLOSE)
        assert np.abs(before).max() > 10 * CLOSE
        near = tmp_path / f"near-{start}.fa"
        near.write_text(f">c\n{far[: low + numbers.reach - 3]}{text[low + numbers.reach - 3 : high]}{far[high:]}\n")
        moved = dnalect.open_genome(near)
        assert kind(moved).values([variant(moved, start, len(ref), alt)]) != pytest.approx(before, abs=CLOSE / 10)


@pytest.mark.parametrize(
    ("likelihood", "told"),
    [("tracks", "of the kind 'tracks'"), (None, "does not say how likely bases are")],
)
def test_a_kind_of_likelihood_without_a_strategy_is_refused(genome, likelihood, told):
    """Not scored as if it were another kind; the error says what the model can do."""
    can = Abilities(likelihood, context_bases=1000, layers=1, width=4, words=4, targets={"activity": None})
    model = SimpleNamespace(can=can, card=SimpleNamespace(id="new-model"))
    for ask in (strategy_for, lambda model: scorer_for(model, genome)):
        with pytest.raises(ModelError, match=f"new-model .*{told}.*masked or causal.*predicts activity and"):
            ask(model)


def test_every_strategy_says_what_it_is_conditioned_on(models):
    names = ("duplex", "dnabert", "llama")
    assert [strategy_for(models(name)).given for name in names] == ["rest", "rest", "left"]
    assert {models(name).can.likelihood for name in names} == set(STRATEGIES)


@pytest.mark.parametrize("name", ["duplex", "dnabert", "dnabert-2", "nt-v1", *CAUSAL])
def test_strategies_answer_for_windows(name, models, genome):
    """One site of windows of any length, every base of a sequence and the whole of windows are the same numbers."""
    strategy = strategy_for(models(name))
    codes = encode(genome.fetch(0, 100, 124))
    every = strategy.every(codes, np.ones(len(codes), dtype=bool))
    found = strategy.log_probs([codes, codes], np.array([9, 17]))
    assert found == pytest.approx(every[[9, 17]], abs=CLOSE)
    assert np.exp(found).sum(axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert strategy.within(codes[None])[0] == pytest.approx(every, abs=CLOSE)


def test_refusals_have_types(models, genome):
    for what, error in (
        (lambda: dnalect.base_probabilities(models("duplex"), "A" * 5000), InputError),
        (lambda: dnalect.base_probabilities(models("predictor"), "ACGT"), ModelError),
        (lambda: scorer_for(models("predictor"), genome), ModelError),
        (lambda: ChangeScorer(models("predictor"), genome, 9), ConfigError),
        (lambda: ChangeScorer(models("predictor"), genome, shifts=2), ConfigError),
    ):
        with pytest.raises(error) as caught:
            what()
        assert isinstance(caught.value, DnalectError)
