"""What a long window takes is told before it is read, and is near what it takes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import dnalect
from dnalect.models import memory
from dnalect.models.card import Card
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.names import named

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "long_context.py"


@pytest.fixture(scope="module")
def long():
    family = FAMILIES["hyenadna"]
    network = family.build(family.config(vocabulary=16, width=64, layers=1, hidden=256, longest=500_002))
    card = Card("far", "r", "s", "hyenadna", "hyenadna", {}, context_bases=500_001, window=512, parameters=1)
    return PublishedModel(card, family, named("hyenadna"), network, torch.device("cpu"), torch.float32)


def test_a_long_window_is_spoken_of_and_a_short_one_is_not(long, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda device: 8.0)
    told = memory.window(long, 250_000)
    assert told.startswith(
        "far: a window of 250,000 bases, 250,001 tokens, takes about 0.9 GB beside the weights; 8.0 GB"
    )
    assert "shorter" not in told
    monkeypatch.setattr(memory, "free_memory", lambda device: 1.0)
    assert memory.window(long, 450_000).endswith("take a shorter --window, or --dtype bfloat16, which takes about half")
    assert memory.window(long, 2_000) is None
    assert memory.window(dnalect.load("duplex-yeast"), 4_000) is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Hyena", "Mamba"])
def test_the_estimate_is_near_what_is_measured(kind):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--one", kind, "64", "65536"], capture_output=True, text=True, check=True
    )
    _, _, measured, told = map(float, done.stdout.split())
    assert told / 3 < measured < 1.7 * told
