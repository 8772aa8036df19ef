"""The head of tracks: its bins, its mirror image, what its errors cost, and folders that are damaged."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError, ModelError
from dnalect.models.model import Allele, Ask
from dnalect.models.track_head import TrackHead, TrackSizes, TrackSpec, deviances
from dnalect.models.track_predictor import Made, Tracked, at_bases, track_predictor
from dnalect.training.tracks import ranked

TRACKS = (TrackSpec("p", "peaks", 0.25), TrackSpec("n", "counts", 1.5), TrackSpec("s", "signal", 10.0, 2.0))
SIZES = TrackSizes(4, 8, 48, 6, TRACKS)


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(1)
    trunk = dnalect.load(make_model(tmp_path / "trunk"))
    return track_predictor(Tracked(trunk, SIZES), Made("it", "trunk", "full", {}, {}))


def test_a_bin_answers_for_its_own_bases():
    """A head of which one layer counts, and no other bin: the largest state of the bin's own bases."""
    head = TrackHead(2, replace(SIZES, hidden=2, tracks=TRACKS[2:]), halves=False)
    with torch.no_grad():
        head.inner.weight.copy_(torch.eye(2)), head.inner.bias.zero_()
        head.along.weight.zero_(), head.along.bias.zero_()
        head.along.weight[0, 2, 2] = 1.0
        head.out.weight.copy_(torch.tensor([[1.0, 0.0]])), head.out.bias.zero_()
    states = torch.zeros(1, 48, 2)
    states[0, 8 + 4 * 3 + 1, 0] = 5.0
    (found,) = head(states)
    assert found.shape == (8, 1)
    assert found[3, 0] > 4.9
    assert not found[[0, 1, 2, 4, 5, 6, 7]].any()


def test_two_streams_give_a_mirror_image():
    torch.manual_seed(0)
    head = TrackHead(6, SIZES, halves=True)
    states = torch.randn(2, 48, 6)
    left, right = states.chunk(2, -1)
    turned = torch.cat([right, left], -1).flip(1)
    assert torch.allclose(head(states), head(turned).flip(1), atol=1e-6)
    assert not torch.allclose(head(states), head(states.flip(1)).flip(1), atol=1e-3)


def test_it_begins_with_the_means_of_training():
    head = TrackHead(4, SIZES, halves=False)
    with torch.no_grad():
        head.out.weight.zero_()
    said = head.answers(head(torch.randn(1, 48, 4)))
    assert torch.allclose(said[0, 0], torch.tensor([0.25, 1.5, 10.0]), atol=1e-5)


def test_deviances_are_those_of_the_textbook():
    raw = torch.tensor([[0.3, 0.5, 1.0]])
    labels = torch.tensor([[1.0, 2.0, 13.0]])
    (found,) = deviances(TRACKS, raw, labels).tolist()
    p, rate = 1 / (1 + np.exp(-0.3)), np.exp(0.5)
    assert np.allclose(found, [-2 * np.log(p), 2 * (2 * np.log(2 / rate) - 2 + rate), (1.0 - 1.5) ** 2], atol=1e-5)
    assert deviances(TRACKS, raw, torch.full((1, 3), torch.nan)).tolist() == [[0, 0, 0]]


def test_ranks_are_told_track_by_track():
    labels = np.array([[1, 0, 1.0], [0, 2, 2.0], [0, 5, 4.0], [np.nan, 1, np.nan]], dtype=np.float32)
    answers = np.array([[0.9, 1, 3.0], [0.1, 3, 3.0], [0.9, 6, 3.0], [0.1, 2, 3.0]], dtype=np.float32)
    found = ranked(TRACKS, answers, labels)
    assert found[0] == 0.75
    assert np.isclose(found[1], np.corrcoef([0, 2, 5, 1], [1, 3, 6, 2])[0, 1])
    assert np.isnan(found[2])


def test_states_of_longer_tokens_stand_at_each_of_their_bases():
    covers = np.array([[[0, 0], [0, 3], [3, 5], [0, 0]]], dtype=np.int32)
    states = torch.arange(4.0)[None, :, None] + 1
    encoding = Encoding(np.zeros((1, 4), np.int64), np.ones((1, 4), bool), covers)
    assert at_bases(states, encoding, 7)[0, :, 0].tolist() == [2, 2, 2, 3, 3, 0, 0]


def test_alleles_are_windows_of_their_own(model):
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, 60)
    alleles = [Allele(20, 21, np.array([3 - codes[20]])), Allele(20, 22, np.array([], dtype=np.int64))]
    told = model.replaced(codes, alleles, (0, 0))
    for allele, found in zip(alleles, told.alternates, strict=True):
        window = np.concatenate([codes[: allele.start], allele.codes, codes[allele.end :]])[:48]
        text = "".join("ACGT"[code] for code in window)
        assert np.allclose(found, model.forward(model.encode([text]), Ask(tracks=True)).tracks[0].detach(), atol=1e-5)
    assert not np.allclose(told.reference, told.alternates[0], atol=1e-4)
    with pytest.raises(InputError, match="fill them up with N"):
        model.replaced(codes[:40], alleles, (0, 0))
    with pytest.raises(InputError, match="reads 48 at once; cut it"):
        model.encode(["A" * 49])


def test_a_window_must_fit_the_trunk(tmp_path):
    trunk = dnalect.load(make_model(tmp_path / "trunk"))
    with pytest.raises(ModelError, match="reads 1,024 bases at once, not 2,048: name a shorter --longest"):
        Tracked(trunk, replace(SIZES, length=2048))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stride": 5}, "no whole number of bins"),
        ({"crop": 24}, "no whole number of bins"),
        ({"length": 1 << 30}, "out of range"),
        ({"hidden": 0}, "whole numbers above 0"),
        ({"tracks": ()}, "1 to 16,384 tracks"),
        ({"tracks": [{"name": "a", "kind": "height", "centre": 0.0}]}, "not 'height'"),
        ({"tracks": [{"name": "a", "kind": "peaks", "centre": "x"}]}, "must be numbers"),
    ],
)
def test_a_card_that_makes_no_sense_is_refused(model, tmp_path, change, told):
    model.save(tmp_path / "it")
    path = tmp_path / "it" / "card.json"
    card = json.loads(path.read_text())
    card["config"]["sizes"] |= change
    path.write_text(json.dumps(card))
    with pytest.raises(ModelError, match=told):
        dnalect.load(tmp_path / "it")


def test_a_damaged_folder_is_refused(model, tmp_path):
    folder = tmp_path / "it"
    model.save(folder)
    heads = (folder / "heads.safetensors").read_bytes()
    (folder / "heads.safetensors").write_bytes(heads[:-4] + b"\1\1\1\1")
    with pytest.raises(ModelError, match="other weights than its card says"):
        dnalect.load(folder)
    (folder / "heads.safetensors").unlink()
    with pytest.raises(ModelError, match="lacks heads.safetensors"):
        dnalect.load(folder)


def test_nobody_takes_it_for_a_language_model(model, tmp_path):
    from dnalect.models.load import language_model, tuned_model

    model.save(tmp_path / "it")
    for load in (language_model, tuned_model):
        with pytest.raises(ModelError, match="predicts tracks"):
            load(str(tmp_path / "it"))
