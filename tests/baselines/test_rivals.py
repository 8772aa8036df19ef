"""What is special to each rival; tests/protocol/test_baselines.py has what all of them do."""

import inspect

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dnalect.baselines.catalogue import rival
from dnalect.baselines.cnn import Cnn, Network
from dnalect.baselines.composition import composition
from dnalect.baselines.motifs import scan
from dnalect.baselines.words import Words
from dnalect.core.errors import ConfigError
from dnalect.genome.motifs import Motif
from dnalect.stats.ranking import auroc
from examples.mutants import flipped, of, sequences
from protocol.test_baselines import planted


def test_the_catalogue_says_what_it_has():
    with pytest.raises(ConfigError, match="the rivals are words"):
        rival("oracle")
    with pytest.raises(ConfigError, match="MEME"):
        rival("motifs")
    assert [*inspect.signature(rival("words").fit_predict).parameters] == ["train", "tune", "test", "target", "seed"]
    assert (Words().name, Words(both=False).name) == ("words of 3-6", "words of 3-6, one strand")


def test_words_of_both_strands_do_not_see_the_strand():
    train, tune, test = (planted(count, seed, "classes") for count, seed in ((200, 1), (50, 2), (20, 3)))
    target = train.targets[0]
    texts = [*test.sequences, *map(flipped, test.sequences)]
    both = Words((3,)).fit_predict(train, tune, texts, target, 1)
    assert both[:20] == pytest.approx(both[20:], abs=1e-5)
    one = Words((3,), both=False).fit_predict(train, tune, texts, target, 1)
    assert np.abs(one[:20] - one[20:]).max() > 0.01


def test_the_likelihood_ratio_chooses_the_strands():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 2, 300)
    shares = np.array([[0.25, 0.35, 0.15, 0.25], [0.25, 0.15, 0.35, 0.25]])
    # Rich in C, or in G: the same on both strands together.
    texts = ["".join(rng.choice(list("ACGT"), 80, p=shares[label])) for label in labels.tolist()]
    examples = of(texts, labels)
    tune = examples.take(range(150, 200))
    said = rival("likelihood").fit_predict(examples.take(range(150)), tune, texts[200:], examples.targets[0], 1)
    assert auroc(said[:, 1], labels[200:] == 1) > 0.95


def test_a_scan_is_the_slow_one_on_both_strands():
    rng = np.random.default_rng(4)
    motifs = [Motif(str(width), rng.dirichlet(np.ones(4), width)) for width in (3, 5, 3)]
    texts = ["ACGTTGCANNACG", "GATTACA", "AC"]
    found = scan(texts, motifs)
    for text, row in zip(texts, found, strict=True):
        for number, motif in enumerate(motifs):
            odds, width = motif.log_odds(), len(motif.probabilities)
            each = [
                sum(odds[at, "ACGT".index(base)] for at, base in enumerate(strand[i : i + width]) if base != "N")
                for strand in (text, flipped(text))
                for i in range(len(text) - width + 1)
            ]
            assert row[number] == pytest.approx(max(each, default=0), abs=1e-5)
            assert row[3 + number] == pytest.approx(np.log(np.mean(np.exp(each))) if each else 0, abs=1e-5)


def test_composition_is_that_of_known_bases():
    found = composition(["GGCA", "GCNN", "", "ACGTACGT"])
    assert found[:, 0].tolist() == [0.75, 1, 0, 0.5]
    assert found[3, 2] == pytest.approx(np.log(8))


def test_the_network_is_the_published_one():
    torch.manual_seed(0)
    network = Network(100, 2).eval()
    codes = torch.randint(0, 5, (3, 100))
    x = network.embedding(codes).transpose(1, 2)
    for convolution, norm in zip(network.convolutions, network.norms, strict=True):
        x = F.max_pool1d(torch.relu(norm(convolution(x))), 2)
    assert torch.allclose(network(codes), network.last(network.dense(x.flatten(1))), atol=1e-5)
    assert [tuple(each.weight.shape) for each in network.convolutions] == [(16, 100, 8), (8, 16, 8), (4, 8, 8)]
    assert tuple(network.dense.weight.shape) == (512, 4 * 6)


def test_the_network_depends_on_its_seed_alone():
    train, tune = planted(80, 1, "classes"), planted(30, 2, "classes")
    target, texts = train.targets[0], ["ACGT" * 40, "A"]
    state = torch.random.get_rng_state()
    small = Cnn(epochs=2)
    first = small.fit_predict(train, tune, texts, target, 1)
    assert np.array_equal(first, small.fit_predict(train, tune, texts, target, 1))
    assert not np.array_equal(first, small.fit_predict(train, tune, texts, target, 2))
    assert torch.equal(state, torch.random.get_rng_state())


def test_the_best_epoch_is_kept():
    labels = np.arange(128) % 2
    train, tune = (of(sequences(128, 64, seed), labels) for seed in (0, 1))
    said = Cnn(epochs=20, patience=20, rate=3e-3).fit_predict(train, tune, tune.sequences, train.targets[0], 1)
    # Nothing can be learnt from noise: the last epoch knows it by heart and is far above ln 2.
    assert -np.log(said[np.arange(128), labels]).mean() < 0.75
