"""A duplex with relatives beside it: no base tells itself, strands agree, and nothing but the right folder loads."""

import json

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError, ModelError
from dnalect.inference.answers import answer, compared, read_answer, write_answer
from dnalect.models.families.aligned import Aligned, AlignedConfig, opposite
from dnalect.models.families.duplex import Duplex
from dnalect.models.model import Ask, At
from dnalect.tokens.laid import base_of, lay, of_another, relative_of, without
from models.aligning import RELATIVES, SIZES, make_aligned, network

CLOSE = 1e-5


@pytest.fixture(scope="module")
def made():
    return network()


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    return make_aligned(tmp_path_factory.mktemp("aligned") / "it", made)


def windows(length=41, count=3, seed=0):
    rng = np.random.default_rng(seed)
    codes, relatives = rng.integers(0, 4, (count, length)), rng.integers(0, 5, (len(RELATIVES), count, length))
    return torch.from_numpy(lay(codes, relatives.astype(np.uint8)))


def said(made, laid, soft=None):
    with torch.no_grad():
        return made(laid, torch.ones_like(laid, dtype=torch.bool), soft)


def test_a_base_and_its_relatives_are_one_number():
    rng = np.random.default_rng(1)
    codes, relatives = rng.integers(0, 5, (2, 9)), rng.integers(0, 5, (20, 2, 9)).astype(np.uint8)
    laid = lay(codes, relatives)
    assert np.array_equal(base_of(laid), codes)
    for number, bases in enumerate(relatives):
        assert np.array_equal(relative_of(laid, number), (bases + 1) % 5)
    hidden = rng.random((2, 20)) < 0.5
    left = without(laid, hidden)
    for number, bases in enumerate(relatives):
        wanted = np.where(hidden[:, number][:, None], 0, (bases + 1) % 5)
        assert np.array_equal(relative_of(left, number), wanted)
    assert np.array_equal(of_another(laid, codes * 0 + 2), lay(codes * 0 + 2, relatives))
    assert np.array_equal(lay(codes, relatives * 0 + 4), codes)


def test_a_base_is_not_told_by_itself_and_all_else_is_read(made):
    laid, at = windows(), 20
    plain = said(made, laid)
    other = laid.clone()
    other[:, at] = torch.from_numpy(of_another(other[:, at].numpy(), (base_of(other[:, at]).numpy() + 1) % 4))
    moved = (said(made, other) - plain).abs().amax((0, 2))
    assert moved[at] == 0
    assert (moved[[at - 1, at + 1]] > 1e-3).all()
    for number in range(len(RELATIVES)):
        hidden = torch.from_numpy(without(laid.numpy(), np.arange(len(RELATIVES))[None] == number))
        moved = (said(made, torch.where(torch.arange(41) == at, hidden, laid)) - plain).abs().amax((0, 2))
        assert (moved[[at - 1, at, at + 1]] > 1e-3).all()
    reach = made.config.reach
    far = laid.clone()
    far[:, : at - reach] = 0
    assert (said(made, far) - plain)[:, at:].abs().max() < CLOSE


def test_strands_agree_with_relatives_on_them(made):
    laid = windows()
    turned = opposite(laid, len(RELATIVES), made.trunk.complement).flip(1)
    assert torch.equal(opposite(turned, len(RELATIVES), made.trunk.complement).flip(1), laid)
    assert (said(made, laid) - said(made, turned).flip(1, 2)).abs().max() < CLOSE


def test_one_base_by_the_pyramid_and_soft_input_are_the_same(folder):
    model = dnalect.load(folder)
    laid = windows(64).numpy()
    laid[0, :9] = 4
    every = np.ones(laid.shape, dtype=bool)
    encoding = Encoding(laid, every, every)
    with torch.no_grad():
        whole = model.forward(encoding, Ask(True)).logits
        at = At(np.array([0, 1, 2]), np.array([12, 63, 30]))
        assert (model.forward(encoding, Ask(at)).logits - whole[at.rows, at.columns]).abs().max() < CLOSE
        assert torch.equal(model.forward(model.softened(encoding), Ask(True)).logits, whole)
    assert model.can.relatives == RELATIVES


def test_untrained_it_says_what_the_duplex_inside_says(made):
    fresh = Aligned(AlignedConfig(**SIZES))
    fresh.trunk.load_state_dict(made.trunk.state_dict())
    laid = windows()
    inside = torch.ones_like(laid, dtype=torch.bool)
    with torch.no_grad():
        assert torch.equal(fresh(laid, inside), made.trunk(base_of(laid), inside))
    assert isinstance(fresh.trunk, Duplex)


def test_a_known_answer_is_of_the_relatives_too(folder, tmp_path):
    model = dnalect.load(folder)
    write_answer(tmp_path / "known.json", answer(model, model.card.sha256))
    known = read_answer(tmp_path / "known.json")
    assert compared(model, model.card.sha256, known).same
    with torch.no_grad():
        model.network.site_embedding.weight[0:5] += 0.5
    assert not compared(model, model.card.sha256, known).same


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ({"relatives": ()}, "names no relatives"),
        ({"relatives": ("a", "a")}, "named twice"),
        ({"relatives": tuple(map(str, range(21)))}, "up to 20 names"),
        ({"beside": 0}, "whole numbers"),
        ({"beside_dilations": ()}, "whole numbers"),
        ({"width": 0}, "out of range"),
    ],
)
def test_what_can_be_no_network_is_refused(sizes, told):
    with pytest.raises(ConfigError, match=told):
        Aligned(AlignedConfig(**SIZES | sizes))


def test_a_folder_loads_as_it_is_or_not_at_all(folder, made, tmp_path):
    assert dnalect.load(folder).card.family == "aligned"
    card = json.loads((folder / "card.json").read_text())
    assert card["parameters"] == made.config.parameters
    faults = {
        "the card says 5 parameters": {"parameters": 5},
        "does not fit aligned": {"config": card["config"] | {"besides": 3}},
        "names no relatives": {"config": card["config"] | {"relatives": []}},
        r"site_embedding|pair_embedding": {
            "config": card["config"] | {"relatives": ["far", "near"]},
            "parameters": AlignedConfig(**SIZES | {"relatives": ("far", "near")}).parameters,
        },
    }
    for number, (told, wrong) in enumerate(faults.items()):
        with pytest.raises(ModelError, match=told):
            dnalect.load(make_aligned(tmp_path / str(number), made, **wrong))
