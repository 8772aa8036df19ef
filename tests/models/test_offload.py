"""A model that is larger than memory: its layers come for their turn, and the answers are the same."""

import pytest
import torch

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models import checked
from dnalect.models.load import load
from dnalect.models.offload import layers_of
from models.folders import TINY, make

TEXTS = ["ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCG", "GGATCCTATAAAAGGC"]


def without_memory(name, folder, monkeypatch):
    """The model, whole and with its layers left where they are."""
    make(name, folder)
    whole = load(str(folder))
    monkeypatch.setattr(checked, "free_memory", lambda device: 0.0)
    return whole, load(str(folder))


@pytest.mark.parametrize("name", TINY)
def test_every_family_gives_the_same(name, tmp_path, monkeypatch):
    whole, parts = without_memory(name, tmp_path / "it", monkeypatch)
    assert parts.offloaded
    assert not whole.offloaded
    read = parts.encode(TEXTS)
    for _ in range(2):
        one, other = (model(read, states=True) for model in (whole, parts))
        assert torch.equal(one.logits, other.logits)
        assert all(torch.equal(a, b) for a, b in zip(one.states, other.states, strict=True))
        layers = layers_of(parts.network).values()
        assert layers
        assert all(p.is_meta for layer in layers for p in layer.parameters())


def test_one_layer_is_there_at_a_time(tmp_path, monkeypatch):
    _, parts = without_memory("nt-v2", tmp_path / "it", monkeypatch)
    layers = list(layers_of(parts.network).values())
    assert len(layers) > 1
    there = []

    def count(*_):
        there.append(sum(not p.is_meta for layer in layers for p in layer.parameters()))

    for layer in layers:
        layer.register_forward_hook(count)
    own = len(list(layers[0].parameters()))
    parts(TEXTS[0])
    # The hook that lets go comes before this one.
    assert there == [0] * len(layers)
    inner = next(each for each in layers[0].modules() if not list(each.children()))
    inner.register_forward_hook(count)
    there.clear()
    parts(TEXTS[0])
    assert max(there) == own


@pytest.mark.filterwarnings("ignore:it was trained on another genome")
def test_variants_are_scored_alike(tmp_path, monkeypatch):
    whole, parts = without_memory("qwen3", tmp_path / "it", monkeypatch)
    genome = {"one": TEXTS[0] * 6}
    asked = [("one", 40, genome["one"][39], "A" if genome["one"][39] != "A" else "C")]
    one, other = (dnalect.score(genome, asked, model, background=0) for model in (whole, parts))
    assert [row.score for row in one] == [row.score for row in other]


def test_what_can_not_be_done_is_said(tmp_path, monkeypatch):
    _, parts = without_memory("nt-v2", tmp_path / "it", monkeypatch)
    with pytest.raises(ModelError, match="stays where it is"):
        parts.to(dtype="bfloat16")
    with pytest.raises(ModelError, match="copy its folder"):
        parts.save(tmp_path / "again")
