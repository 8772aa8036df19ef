"""A file of ONNX answers as the model does, or is not kept."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError, ModelError
from dnalect.models import exported as module
from dnalect.models.exported import exported
from protocol.test_models import MAKERS, TRACKED

LOADED = [name for name in MAKERS if name not in TRACKED and not name.startswith("tracks on")]
# Loops over the sequence, or over what a batch holds, have no graph for every length.
REFUSED = ("mamba", "mamba-2", "caduceus-ph", "caduceus-ps", "plantcad", "plantcad-2")


def answers(data, ids, mask):
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    told = session.get_modelmeta().custom_metadata_map
    return dict(zip(names, session.run(names, {"input_ids": ids, "attention_mask": mask}), strict=True)), told


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A model folder, and its file."""
    folder = make_model(tmp_path_factory.mktemp("exported") / "it")
    assert dnalect.export(folder, folder.with_suffix(".onnx")) < 1e-5
    return folder


def test_a_duplex_answers_as_it_does_here_at_any_length(traced):
    model, data = dnalect.load(traced), traced.with_suffix(".onnx").read_bytes()
    for texts in (["ACGTTGCANN" * 7], ["ACGT" * 40, "GGATC", "T" * 61]):
        given = model.encode(texts)
        found, told = answers(data, given.input_ids, given.attention_mask)
        here = model(given, states=[None])
        inside = given.attention_mask
        assert np.allclose(found["logits"][inside], here.logits.numpy()[inside], atol=1e-5)
        assert np.allclose(found["states"][inside], here.states[0].numpy()[inside], atol=1e-5)
    assert json.loads(told["dnalect.words"]) == ["A", "C", "G", "T", "N"]
    assert told["dnalect.model"] == "it"


def test_a_tuned_model_gives_what_its_heads_give(tmp_path):
    model = dnalect.load(MAKERS["predictor on nt-v2"](tmp_path))
    data, _ = exported(model)
    given = model.encode(["ACGTTGCAATTA" * 3, "GGATCCTATAAAAGGC"])
    found, told = answers(data, given.input_ids, given.attention_mask)
    here = model(given).targets
    assert set(found) == set(here)
    assert all(np.allclose(found[name], here[name].numpy(), atol=1e-5) for name in here)
    assert set(json.loads(told["dnalect.targets"])) == set(here)


def test_a_file_that_answers_otherwise_is_not_kept(traced, tmp_path, monkeypatch):
    model, data = dnalect.load(traced), traced.with_suffix(".onnx").read_bytes()
    with torch.no_grad():
        model.network.logits.bias.add_(0.01)
    monkeypatch.setattr(module, "_traced_file", lambda *_: data)
    with pytest.raises(ModelError, match="answers otherwise than the model"):
        dnalect.export(model, tmp_path / "it.onnx")
    assert not (tmp_path / "it.onnx").exists()


def test_what_is_missing_or_cannot_be_done_is_said(tmp_path, monkeypatch):
    model = dnalect.load(make_model(tmp_path / "it"))
    with pytest.raises(ModelError, match="float32"):
        exported(dnalect.load(tmp_path / "it", dtype="bfloat16"))
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ConfigError, match=r"pip install 'dnalect\[onnx\]'"):
        exported(model)


@pytest.mark.slow
@pytest.mark.parametrize("name", LOADED)
def test_every_family_answers_as_it_does_here_or_is_refused(name, tmp_path: Path):
    model = dnalect.load(MAKERS[name](tmp_path))
    if name in REFUSED:
        with pytest.raises(ModelError, match="have no one graph"):
            exported(model)
    else:
        assert exported(model)[1] < module.CLOSE
