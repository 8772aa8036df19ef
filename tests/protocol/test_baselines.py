"""Every rival learns what is planted, claims nothing else, refuses what can't be learned, and repeats itself."""

import numpy as np
import pytest

from dnalect.baselines.base import KINDS
from dnalect.baselines.catalogue import NAMES, rival
from dnalect.baselines.cnn import Cnn
from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.stats.draws import Draws, estimate
from dnalect.stats.ranking import auroc
from examples.mutants import of, sequences

SITE = "TGACTCA"
MEME = """MEME version 4
MOTIF planted
letter-probability matrix: alength= 4 w= 7 nsites= 100
""" + "\n".join(" ".join("1" if base == own else "0" for base in "ACGT") for own in SITE)


@pytest.fixture(scope="module")
def motifs(tmp_path_factory):
    path = tmp_path_factory.mktemp("motifs") / "planted.meme"
    path.write_text(MEME)
    return path


def planted(count, seed, kind):
    """Sequences of 70 to 90 bases, richer in GC where the label is higher and with the site where it is yes."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count)
    texts = []
    for number, yes in enumerate(truth.tolist()):
        text = sequences(1, int(rng.integers(70, 91)), seed * 10_000 + number, gc=0.62 if yes else 0.45)[0]
        at = int(rng.integers(10, 50))
        texts.append(text[:at] + SITE * 2 + text[at + 14 :] if yes else text)
    if kind == "classes":
        return of(texts, truth)
    if kind == "signal":
        return of(texts, 5 + 2 * truth + rng.normal(0, 0.5, count), target=Target("level", "signal", ("level",)))
    table = np.stack([truth, 1 - truth], axis=1).astype(float)
    table[rng.random(table.shape) < 0.2] = np.nan
    return of(texts, table, target=Target("marks", "tracks", ("x", "y")))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_rival_finds_what_was_planted(name, kind, motifs):
    found = rival(name, motifs)
    if kind not in found.kinds:
        assert name == "likelihood"
        return
    train, tune, test = (planted(count, seed, kind) for count, seed in ((400, 1), (100, 2), (150, 3)))
    target = train.targets[0]
    said = found.fit_predict(train, tune, test.sequences, target, seed=1)
    truth = test.labels[target.name]
    if kind == "signal":
        assert said.shape == (150,)
        assert np.corrcoef(said, truth[:, 0])[0, 1] > 0.6
        assert abs(said.mean() - truth.mean()) < 0.5
        return
    assert said.shape == (150, 2)
    assert 0 <= said.min() <= said.max() <= 1
    if kind == "classes":
        assert said.sum(axis=1) == pytest.approx(1, abs=1e-6)
        truth = np.stack([1 - truth[:, 0], truth[:, 0]], axis=1)
    for column in range(2):
        known = np.isfinite(truth[:, column])
        assert auroc(said[known, column], truth[known, column] > 0.5) > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_of_shuffled_labels_nothing_is_known(name, motifs):
    train, tune, test = (planted(count, seed, "classes") for count, seed in ((300, 1), (100, 2), (150, 3)))
    rng = np.random.default_rng(0)
    parts = [of(each.sequences, rng.permutation(each.labels["bound"][:, 0])) for each in (train, tune)]
    said = rival(name, motifs).fit_predict(*parts, test.sequences, train.targets[0], 1)
    value = estimate(Draws.of(np.arange(150), 500).auroc(said[:, 1], rng.permutation(test.labels["bound"][:, 0]) == 1))
    assert value.low < 0.5 < value.high


@pytest.mark.parametrize("name", NAMES)
def test_where_there_is_nothing_to_find_nothing_is_claimed(name, motifs):
    rng = np.random.default_rng(0)
    texts = sequences(500, 60)
    labels = rng.integers(0, 2, 500)
    examples = of(texts, labels)
    said = rival(name, motifs).fit_predict(
        examples.take(range(300)), examples.take(range(300, 400)), texts[400:], examples.targets[0], 1
    )
    assert 0.3 < auroc(said[:, 1], labels[400:] == 1) < 0.7
    assert np.abs(said[:, 1] - 0.5).mean() < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_without_labels_or_with_one_class_it_is_refused(name, motifs):
    examples = of(sequences(20, 60), np.arange(20) % 2)
    blank, same = (of(sequences(20, 60), np.full(20, label)) for label in (np.nan, 1.0))
    learn, target = rival(name, motifs).fit_predict, examples.targets[0]
    with pytest.raises(InputError, match="no validation example has a label of bound"):
        learn(examples, blank, ["ACGT"], target, 1)
    with pytest.raises(InputError, match="no training example"):
        learn(blank, examples, ["ACGT"], target, 1)
    with pytest.raises(InputError, match="all training examples are 'yes' of bound"):
        learn(same, examples, ["ACGT"], target, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_predicted_depends_on_the_sequence_and_the_seed_alone(name, kind, motifs):
    found = rival(name, motifs)
    if kind not in found.kinds:
        return
    train, tune, test = (planted(count, seed, kind) for count, seed in ((70, 1), (30, 2), (24, 3)))
    texts, target = list(test.sequences), train.targets[0]
    if name == "cnn":
        found = Cnn(epochs=2)
    whole = found.fit_predict(train, tune, texts, target, 1)
    assert np.array_equal(whole, found.fit_predict(train, tune, texts, target, 1))
    order = np.random.default_rng(0).permutation(24)
    turned = found.fit_predict(train, tune, [texts[at] for at in order], target, 1)
    assert turned == pytest.approx(whole[order], abs=1e-5)
    assert found.fit_predict(train, tune, texts[:3], target, 1) == pytest.approx(whole[:3], abs=1e-5)
    assert len(found.fit_predict(train, tune, [], target, 1)) == 0
