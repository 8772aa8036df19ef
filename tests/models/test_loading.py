"""A corrupt or foreign model folder is refused with a message that names the fault."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import dnalect
from conftest import make_model
from dnalect.core.errors import InputError, ModelError
from dnalect.core.files import sha256
from dnalect.inference.likelihood import MaskedScorer
from dnalect.jobs.models import listing
from dnalect.models import catalogue
from inference.predictors import make_predictor
from models.enforming import write as write_enformer
from models.folders import make


def copy(model_folder, tmp_path):
    return shutil.copytree(model_folder, tmp_path / "copy")


def with_tensors(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    edit_card(folder, sha256=sha256(folder / "model.safetensors"))


def edit_card(folder, **values):
    card = json.loads((folder / "card.json").read_text()) | values
    (folder / "card.json").write_text(json.dumps(card))


def test_loads_in_eval_mode_and_reads_back_what_was_saved(model_folder):
    model = dnalect.load(model_folder)
    assert not model.network.training
    assert model.can.reach == 15
    saved = load_file(model_folder / "model.safetensors")
    for name, parameter in model.network.named_parameters():
        assert torch.equal(parameter, saved[name])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("norm.weight"), "norm.weight is missing"),
        (lambda t: t.update(extra=torch.zeros(1)), "extra is unexpected"),
        (lambda t: t.update({"norm.weight": torch.zeros(9)}), "norm.weight has the shape"),
        (lambda t: t.update({"norm.weight": torch.full((8,), float("nan"))}), "not finite"),
    ],
)
def test_every_wrong_tensor_is_named(model_folder, tmp_path, change, message):
    folder = copy(model_folder, tmp_path)
    with_tensors(folder, change)
    with pytest.raises(ModelError, match=message):
        dnalect.load(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"parameters": 5}, "5 parameters"),
        ({"family": "gpt"}, "unknown family"),
        ({"config": {"width": 10**9}}, "out of range"),
        ({"config": {"wide": 8}}, "does not fit"),
        ({"config": {"width": "8"}}, "whole numbers"),
        ({"surprise": 1}, "unknown fields"),
        ({"window": 0}, "out of range"),
    ],
)
def test_a_wrong_card_is_refused(model_folder, tmp_path, values, message):
    folder = copy(model_folder, tmp_path)
    edit_card(folder, **values)
    with pytest.raises(dnalect.core.errors.DnalectError, match=message):
        dnalect.load(folder)


def test_changed_truncated_or_missing_weights_are_refused(model_folder, tmp_path):
    folder = copy(model_folder, tmp_path)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelError, match="SHA-256"):
        dnalect.load(folder)
    weights.write_bytes(whole[:-100])
    edit_card(folder, sha256=sha256(weights))
    with pytest.raises(ModelError, match="cannot read the weights"):
        dnalect.load(folder)
    weights.unlink()
    with pytest.raises(ModelError, match="no model.safetensors"):
        dnalect.load(folder)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelError, match="Did you mean duplex-human"):
        dnalect.load("duplex-martian")


def test_older_versions_are_loaded_by_name_and_version(tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(catalogue, "EMBEDDED", shipped)

    def ship(folder, version, width):
        make_model(shipped / folder, width=width)
        edit_card(shipped / folder, id="toy", version=version, revision=f"rev{version}")

    ship("toy", 1, 8)
    tuned = make_predictor(tmp_path / "tuned", Path("toy"), hub=True)
    assert dnalect.load("toy").card.version == dnalect.load(tuned).base.card.version == 1
    (shipped / "toy").rename(shipped / "toy@1")
    ship("toy", 2, 12)
    found = {name: dnalect.load(name).card.version for name in ("toy", "toy@1", "toy@2", "toy@rev1", "toy@rev2")}
    assert found == {"toy": 2, "toy@1": 1, "toy@2": 2, "toy@rev1": 1, "toy@rev2": 2}
    # What was tuned on the older one goes on with it.
    assert dnalect.load(tuned).base.card.version == 1
    assert catalogue.names()[:2] == ["toy", "toy@1"]
    assert [line.split()[0] for line in listing().splitlines()[1:3]] == ["toy", "toy@1"]
    with pytest.raises(ModelError, match=r"ships toy@2 \(revision rev2\) and toy@1 \(revision rev1\), and no toy@3"):
        dnalect.load("toy@3")


def test_base_probabilities_and_encoding(model_folder):
    model = dnalect.load(model_folder)
    sequences = ["ACGTNACGTTGCAacgtaccag", "TTGCANNCGTTGCAacgtacNN"]
    p = dnalect.base_probabilities(model, sequences)
    assert p.shape == (2, 22, 4)
    assert p.dtype == np.float32
    assert np.allclose(p.sum(-1), 1, atol=1e-5)
    assert np.array_equal(p, dnalect.base_probabilities(model, [s.upper() for s in sequences]))
    encoding = model.encode(["ACGT", "NA"])
    assert encoding.spans.tolist()[0] == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert encoding.spans.tolist()[1] == [[0, 0], [1, 2], [0, 0], [0, 0]]
    assert encoding.attention_mask.tolist()[1] == [False, True, False, False]
    with pytest.raises(InputError, match="one length"):
        dnalect.base_probabilities(model, ["A", "AC"])
    with pytest.raises(InputError, match="longer than"):
        model.encode(["A" * 1025])


@pytest.mark.parametrize("family", ["dnabert", "dnabert-2"])
def test_base_probabilities_of_masked_models_are_those_of_their_scores(family, tmp_path):
    model = dnalect.load(make(family, tmp_path / "masked"))
    text = "ACGTTGCAACGTACGTACGGT"
    scorer = MaskedScorer(model, dnalect.open_genome(text), batch=3)
    contigs, positions = np.zeros(len(text), dtype=np.int64), np.arange(len(text))
    p = dnalect.base_probabilities(model, [text, text.lower()], batch=5)
    assert p.shape == (2, len(text), 4)
    np.testing.assert_allclose(p[0], np.exp(scorer.at_sites(contigs, positions)), atol=1e-5)
    assert np.array_equal(p[0], p[1])
    assert np.allclose(dnalect.base_probabilities(model, "ACNGT")[0, 2], 0.25)


def test_a_predictor_has_no_base_probabilities(model_folder, tmp_path):
    with pytest.raises(ModelError, match="needs a language model"):
        dnalect.base_probabilities(make_predictor(tmp_path / "tuned", model_folder), "ACGTACGT")


@pytest.mark.parametrize(
    ("method", "lost", "words"),
    [
        ("probe", "heads.safetensors", r"lacks heads\.safetensors"),
        ("lora", "adapter_model.safetensors", r"lacks adapter_model\.safetensors"),
        ("lora", "adapter_config.json", r"lacks adapter_config\.json"),
        ("probe", "base/model.safetensors", "other weights than its card says, or lacks some"),
        ("full", "base", "lacks base"),
    ],
)
def test_a_tuned_folder_that_lost_a_file_names_it(model_folder, tmp_path, method, lost, words):
    path = make_predictor(tmp_path / "tuned", model_folder, method) / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(ModelError, match=words):
        dnalect.load(tmp_path / "tuned")


def test_no_compiler_is_imported_to_load(tmp_path):
    """Neither PyTorch's nor sympy: a second and a half, of which a network without memory asks easily."""
    named = ("dnabert", "nt-v2", "ntv3", "gpn", "llama", "hyenadna", "evo", "evo2", "caduceus-ps", "mamba", "mamba-2")
    made = [make(name, tmp_path / name) for name in named] + [write_enformer(tmp_path)]
    found = subprocess.run(
        [sys.executable, "-c", LOADS, *map(str, made)], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.split() == ["[]"]


LOADS = """
import sys, dnalect
for folder in sys.argv[1:]:
    dnalect.load(folder)
print([each for each in ("sympy", "torch._dynamo") if each in sys.modules])
"""
