"""Attention on bases: maps against slow ones, what is planted is found, and nothing is found where nothing is."""

import numpy as np
import pytest
import torch

from dnalect.core.errors import ModelError
from dnalect.inference.run import once
from dnalect.models.model import Ask
from dnalect.tokens.bases import encode
from dnalect.why.attention import agreement, attention_of, beyond_distance, by_distance, preference, reach_of
from why.tiny import model_of

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCA"
CODES = encode(TEXT)


@pytest.mark.parametrize("name", ["dnabert", "dnabert-2", "nt-v1", "logo", "single bases"])
def test_maps_on_bases_are_those_of_the_tokens(tmp_path, name):
    model = model_of(name, tmp_path)
    found = attention_of(model, CODES)
    encoding = model.encode([TEXT])
    weights = [each[0].numpy() for each in once(model, encoding, Ask(attentions=True)).attentions]
    spans, length = encoding.spans[0].tolist(), len(TEXT)
    covering = [[t for t, (low, high) in enumerate(spans) if low <= base < high] for base in range(length)]
    slow = np.zeros((len(weights), weights[0].shape[0], length, length))
    for layer, each in enumerate(weights):
        for p in range(length):
            for q in range(length):
                shares = [each[:, a, b] / (spans[b][1] - spans[b][0]) for a in covering[p] for b in covering[q]]
                slow[layer, :, p, q] = np.sum(shares, axis=0) / max(len(covering[p]), 1)
    np.testing.assert_allclose(found.maps, slow, atol=1e-6)
    asking = np.mean([bool(tokens) for tokens in covering])
    if name in ("single bases", "logo"):
        assert not found.special.any()
        np.testing.assert_allclose(found.maps.sum(-1).mean(-1), asking, atol=1e-5)
    else:
        assert (found.special > 0).all()
        assert (found.maps.sum(-1) < 1).all()


def test_a_place_is_cut_out_of_its_window(tmp_path):
    model = model_of("single bases", tmp_path)
    whole, part = attention_of(model, CODES), attention_of(model, CODES, slice(5, 20))
    np.testing.assert_array_equal(part.maps, whole.maps[..., 5:20, 5:20])
    np.testing.assert_array_equal(part.rollout, whole.rollout[5:20, 5:20])
    assert whole.heads.shape == (2 * 4, len(TEXT), len(TEXT))
    np.testing.assert_allclose(whole.mean, whole.heads.mean(0), atol=1e-7)


def test_rollout_multiplies_the_layers(tmp_path):
    model = model_of("single bases", tmp_path)
    found, slow = attention_of(model, CODES), np.eye(len(TEXT))
    for layer in found.maps:
        slow = (0.5 * layer.mean(axis=0) + 0.5 * np.eye(len(TEXT))) @ slow
    np.testing.assert_allclose(found.rollout, slow, atol=1e-5)
    np.testing.assert_allclose(found.rollout.sum(-1), 1, atol=1e-4)


def test_attention_by_distance():
    maps = np.arange(32, dtype=float).reshape(2, 4, 4)
    found = by_distance(maps, 5)
    assert found.shape == (2, 11)
    assert found[0, 5 + 1] == np.mean([1, 6, 11])
    assert found[1, 5 - 3] == 28
    assert np.isnan(found[:, [0, 1, -1]]).all()
    decay = np.exp(-np.abs(np.arange(30)[:, None] - np.arange(30)))
    np.testing.assert_allclose(beyond_distance(decay), 0, atol=1e-6)
    assert reach_of(np.eye(9)) == 0
    assert reach_of(np.eye(9)[::-1]) == pytest.approx(40 / 9)


def noisy(rng, heads, length):
    maps = rng.gamma(0.5, size=(heads, length, length)) * np.exp(
        -np.abs(np.subtract.outer(*[np.arange(length)] * 2)) / 9
    )
    return maps / maps.sum(-1, keepdims=True)


def clustered(rng, length):
    mask = np.zeros(length, dtype=bool)
    for start in rng.choice(length - 8, 3, replace=False):
        mask[start : start + 8] = True
    return mask


def test_the_head_that_likes_a_label_is_found():
    rng = np.random.default_rng(0)
    labels = [clustered(rng, 80) for _ in range(6)]
    maps = [noisy(rng, 12, 80) for _ in labels]
    for weights, mask in zip(maps, labels, strict=True):
        weights[3][:, mask] *= 2
        weights[3] /= weights[3].sum(-1, keepdims=True)
    found = preference(maps, labels, draws=299)
    assert np.flatnonzero(found.p < 0.05).tolist() == [3]
    assert found.ratio[3] > 1.3 > 1.1 > found.expected[3] > 0.9
    assert found.bases == sum(int(mask.sum()) for mask in labels)


def test_without_a_preference_one_run_in_twenty_finds_one():
    rng, runs = np.random.default_rng(1), 150
    lowest = []
    for seed in range(runs):
        labels = [clustered(rng, 60) for _ in range(2)]
        lowest.append(preference([noisy(rng, 8, 60) for _ in labels], labels, draws=99, seed=seed).p.min())
    assert 0.01 <= np.mean(np.array(lowest) <= 0.05) <= 0.1


def test_labels_that_tell_nothing_have_no_p():
    maps = [noisy(np.random.default_rng(0), 2, 30)]
    assert np.isnan(preference(maps, [np.ones(30, dtype=bool)]).p).all()
    assert np.isnan(preference(maps, [np.zeros(30, dtype=bool)]).p).all()


def test_agreement_is_more_than_falling_off_with_distance():
    rng = np.random.default_rng(2)
    first, second = noisy(rng, 2, 70)
    apart, alike = agreement(first, second), agreement(first, first + 0.2 * second)
    assert apart.raw > 0.4 > 0.1 > abs(apart.within)
    assert apart.p > 0.05
    assert alike.within > 0.7
    assert alike.p < 0.02


def test_a_model_without_attention_is_refused(tmp_path):
    with pytest.raises(ModelError, match="has no attention"):
        attention_of(model_of("duplex", tmp_path), CODES)


def test_nothing_is_kept_for_gradients(tmp_path):
    model = model_of("single bases", tmp_path)
    attention_of(model, CODES)
    assert all(each.grad is None for each in model.network.parameters())
    assert torch.is_grad_enabled()
