"""Tiles of a contig give what one forward over the whole contig gives."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from dnalect.inference.tiles import tiled_log_probs
from dnalect.models.families.duplex import Duplex, DuplexConfig, DuplexModel
from dnalect.tokens.bases import UNKNOWN, reverse_complement


@pytest.fixture(scope="module")
def model() -> DuplexModel:
    torch.manual_seed(0)
    network = Duplex(DuplexConfig(width=12, kernel=4, dilations=(1, 2, 4), dropout=0.3))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)  # so that far bases matter more than the tolerance
    card: Any = SimpleNamespace(id="tiny", context_bases=1 << 16)
    return DuplexModel(card, network, torch.device("cpu"), torch.float32)


def whole(model: DuplexModel, codes: np.ndarray) -> np.ndarray:
    ids = torch.from_numpy(codes.astype(np.int64))[None]
    with torch.inference_mode():
        logits: torch.Tensor = model.network(ids, ids != UNKNOWN)[0]
    out: np.ndarray = logits.log_softmax(-1).numpy()
    return out


@pytest.mark.parametrize("length", [1, 31, 32, 33, 500])
@pytest.mark.parametrize(("tile", "batch"), [(32, 3), (64, 1), (2048, 8)])
def test_equals_one_forward(model: DuplexModel, length: int, tile: int, batch: int) -> None:
    codes = np.random.default_rng(length).integers(5, size=length, dtype=np.uint8)
    tiled = tiled_log_probs(model, codes, tile=tile, batch=batch)
    assert tiled.shape == (length, 4)
    assert tiled.dtype == np.float32
    np.testing.assert_allclose(tiled, whole(model, codes), atol=1e-5)


def test_less_flank_than_the_reach_would_show(model: DuplexModel) -> None:
    codes = np.random.default_rng(1).integers(4, size=400, dtype=np.uint8)
    short = tiled_log_probs(model, codes, model.network.config.reach - 6, tile=32)
    assert np.abs(short - whole(model, codes)).max() > 1e-4


def test_other_strand_is_the_same_prediction(model: DuplexModel) -> None:
    codes = np.random.default_rng(2).integers(5, size=300, dtype=np.uint8)
    there = tiled_log_probs(model, codes, tile=64)
    back = tiled_log_probs(model, reverse_complement(codes), tile=64)
    np.testing.assert_allclose(there, back[::-1, ::-1], atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_training_mode_is_left_as_it_was(model: DuplexModel, training: bool) -> None:
    model.network.train(training)
    first, second = (tiled_log_probs(model, np.zeros(50, dtype=np.uint8)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert model.network.training is training


def test_empty_contig(model: DuplexModel) -> None:
    assert tiled_log_probs(model, np.zeros(0, dtype=np.uint8)).shape == (0, 4)
