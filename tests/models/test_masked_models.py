"""Folders of published models: loaded from every kind of file, saved, and read by transformers again."""

import json

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import dnalect
from dnalect.core.errors import InputError, ModelError
from dnalect.genome.builds import builds
from dnalect.models.catalogue import PUBLISHED, published_of
from dnalect.models.checked import card_of, check_folder
from dnalect.models.model import Ask, At
from dnalect.models.recognise import FAMILIES
from models.folders import SPECIAL, TINY, byte_pairs, edit, make, tensors_of

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCGCATATGCAATGCACC"


def sharded(folder, tensors, pickled):
    """Split weights over two files with an index, as large models are."""
    kind, save = ("pytorch_model.bin", torch.save) if pickled else ("model.safetensors", save_file)
    stem, suffix = kind.split(".")
    names = sorted(tensors)
    files = {f"{stem}-0000{n + 1}-of-00002.{suffix}": names[n::2] for n in range(2)}
    for file, mine in files.items():
        save({name: tensors[name] for name in mine}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, mine in files.items() for name in mine}}
    (folder / f"{kind}.index.json").write_text(json.dumps(index))


def logits(folder):
    model = dnalect.load(folder)
    return model(model.encode([TEXT, TEXT[:30]])).logits


@pytest.mark.parametrize("name", TINY)
def test_every_kind_of_file_gives_the_same_model(tmp_path, name):
    tensors = tensors_of(name)
    plain = logits(make(name, tmp_path / "safe"))
    assert torch.equal(plain, logits(make(name, tmp_path / "pickle", pickled=True)))
    for pickled in (False, True):
        folder = make(name, tmp_path / f"shards{pickled}")
        (folder / "model.safetensors").unlink()
        sharded(folder, tensors, pickled)
        assert torch.equal(plain, logits(folder))
    old = make(name, tmp_path / "old")
    (old / "model.safetensors").unlink()
    torch.save(tensors, old / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert torch.equal(plain, logits(old))


@pytest.mark.parametrize("name", TINY)
def test_what_a_published_model_has(tmp_path, name):
    model = dnalect.load(make(name, tmp_path / "m"))
    family = FAMILIES[TINY[name][0]]
    assert (model.can.likelihood, model.family, model.card.family) == (family.likelihood, family, family.name)
    assert model.card.parameters == sum(p.numel() for p in model.network.parameters())
    assert len(model.card.sha256) == 64
    assert not model.network.training
    encoding = model.encode([TEXT, TEXT[:25].lower()])
    out = model(encoding, states=True, attentions=model.can.attentions)
    rows, length = encoding.input_ids.shape
    assert out.logits.shape == (rows, length, model.network.config.vocabulary)
    assert [state.shape for state in out.states] == [(rows, length, model.can.width)] * (model.can.layers + 1)
    if model.can.attentions:
        assert [weight.shape for weight in out.attentions] == [(rows, 4, length, length)] * 2
    assert out.logits.dtype == torch.float32
    inside = torch.from_numpy(encoding.attention_mask)
    assert torch.allclose(out.logits[inside], model(encoding).logits[inside], atol=1e-5)
    assert model(encoding).states is None
    some = model.forward(encoding, Ask(logits=At(np.array([1, 0]), np.array([2, 4])))).logits
    assert torch.allclose(some, out.logits[[1, 0], [2, 4]], atol=1e-5)
    most = model.can.positions or model.network.config.longest
    assert model.encode(["A" * model.can.context_bases]).input_ids.shape[1] <= most
    half = dnalect.load(tmp_path / "m", dtype="bfloat16")
    assert next(half.network.parameters()).dtype == torch.bfloat16
    assert torch.allclose(half(encoding).logits[inside], out.logits[inside], atol=0.1)


def test_too_long_a_sequence_is_refused_where_positions_end(tmp_path):
    model = dnalect.load(make("dnabert", tmp_path / "a"))
    with pytest.raises(InputError, match=r"99 tokens, a takes 64 \(any 64 bases fit\)"):
        model.encode(["ACGT" * 24 + "ACG"])
    endless = dnalect.load(make("dnabert-2", tmp_path / "b"))
    assert endless(endless.encode(["ACGT" * 60])).logits.isfinite().all()


@pytest.mark.parametrize("name", TINY)
def test_saving_and_loading_changes_nothing(tmp_path, name):
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    again = dnalect.load(tmp_path / "to")
    encoding = model.encode([TEXT])
    assert torch.equal(model(encoding).logits, again(encoding).logits)
    assert again.card.id == "from"
    assert again.tokenizer.words == model.tokenizer.words
    assert again.network.config == model.network.config
    weights = tmp_path / "to" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        dnalect.load(tmp_path / "to")


@pytest.mark.parametrize("name", ["dnabert", "grover", "nt-v1", "specieslm", "modernbert"])
def test_transformers_reads_what_was_saved(tmp_path, name):
    transformers = pytest.importorskip("transformers")
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    theirs, info = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "to", output_loading_info=True)
    assert not any(info.values()), info
    encoding = model.encode([TEXT, TEXT[:30]])
    ids, mask = torch.from_numpy(encoding.input_ids), torch.from_numpy(encoding.attention_mask)
    ids[0, 3] = model.tokenizer.special.mask
    with torch.inference_mode():
        expected = theirs.eval()(input_ids=ids, attention_mask=mask.long()).logits
    encoding.input_ids[0, 3] = model.tokenizer.special.mask
    assert torch.allclose(model(encoding).logits[mask], expected[mask], atol=1e-5)


@pytest.mark.parametrize("name", ["dnabert-2", "nt-v2", "gena-lm"])
def test_transformers_never_reads_another_model_in_its_place(tmp_path, name):
    transformers = pytest.importorskip("transformers")
    dnalect.load(make(name, tmp_path / "from")).save_pretrained(tmp_path / "to")
    with pytest.raises((ValueError, RuntimeError, KeyError)):
        transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "to")


def test_a_save_that_transformers_made_is_read(tmp_path):
    transformers = pytest.importorskip("transformers")
    dnalect.load(make("dnabert", tmp_path / "from")).save_pretrained(tmp_path / "to")
    theirs = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path / "to")
    theirs.save_pretrained(tmp_path / "theirs")
    (tmp_path / "theirs" / "vocab.txt").write_text(TINY["dnabert"][2][1])
    assert torch.equal(logits(tmp_path / "from"), logits(tmp_path / "theirs"))


def keras(path, tensors, whole):
    """Write hdf5 as Keras does: a group a layer, its weights in a list, kernels as (in, out)."""
    layers: dict[str, list] = {"Input-Token": []}
    for name in sorted(tensors):
        layer, weight = name.split("/")
        layers.setdefault(layer, []).append((weight.split(".")[1], tensors[name].numpy()))
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        root.attrs["layer_names"] = [name.encode() for name in layers]
        for layer, weights in layers.items():
            group = root.create_group(layer)
            names = [f"{layer}/dense_{number}/{kind}:0" for number, (kind, _) in enumerate(weights)]
            group.attrs["weight_names"] = np.array(names, dtype="S")
            for weight, (_, values) in zip(names, weights, strict=True):
                group.create_dataset(weight, data=values)


@pytest.mark.parametrize("whole", [True, False])
def test_logo_is_read_from_hdf5(tmp_path, whole, monkeypatch):
    plain = logits(make("logo", tmp_path / "safe"))
    folder = make("logo", tmp_path / "keras")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    keras(folder / "weights_32-0.88.hdf5", tensors, whole)
    assert torch.equal(plain, logits(folder))
    edit(folder, application=None)
    with pytest.raises(ModelError, match=r"needs a config.json beside it, with ngram and application .* such as \{"):
        dnalect.load(folder)
    edit(folder, application="lm")
    assert not torch.equal(plain, logits(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match="needs a config.json beside it"):
        dnalect.load(folder)
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ModelError, match="install h5py"):
        dnalect.load(folder)


def test_hdf5_links_and_foreign_files_are_not_followed(tmp_path):
    folder = make("logo", tmp_path / "m")
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    path = folder / "w.hdf5"
    keras(path, tensors, whole=False)
    with h5py.File(path, "a") as file:
        del file["Embedding-Token"]["Embedding-Token"]
        file["Embedding-Token"]["Embedding-Token"] = h5py.ExternalLink("/etc/hostname", "/")
    with pytest.raises(ModelError, match="is a link"):
        dnalect.load(folder)
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"junk" * 99)
    with pytest.raises(ModelError, match="cannot read the weights"):
        dnalect.load(folder)


def test_convolutions_of_logo_are_read(tmp_path):
    family, hub, words = TINY["logo"]
    TINY["conv"] = (family, hub | {"custom_conv_layer": True}, words)
    try:
        folder = make("conv", tmp_path / "m")
    finally:
        del TINY["conv"]
    model = dnalect.load(folder)
    assert list(model.network.embeddings.convolutions) == ["2", "3", "5"]
    assert model(model.encode([TEXT])).logits.isfinite().all()


def test_the_empty_merges_of_grovers_file_are_passed_over(tmp_path):
    folder = make("grover", tmp_path / "m")
    plain = logits(folder)
    words = byte_pairs(SPECIAL, empty=True, empty_merges=True)
    assert words["model"]["merges"][:4] == ["A ", "C ", "G ", "T "]
    (folder / "tokenizer.json").write_text(json.dumps(words))
    assert torch.equal(plain, logits(folder))


def test_a_published_card_says_what_its_model_saw(tmp_path):
    checked = check_folder(make("dnabert", tmp_path / "m"))
    card = card_of(checked, PUBLISHED["dnabert-3"])
    assert (card.id, card.revision, card.assembly) == ("dnabert-3", "main", "GRCh38")
    assert card.saw(64444167, 10, 11)
    assert card.saw(63025520, 10, 11) is None
    assert card.is_of(list({each.name: each for each in builds()}["GRCh38"].contigs.values()))
    assert not card_of(checked, None).genomes


def test_cards_are_consistent():
    for name, card in PUBLISHED.items():
        assert name == card.name == name.lower()
        assert card.family in FAMILIES
        assert card in published_of(card.family)
        assert (card.commercial is False) == ("NC" in card.licence) == bool(card.warnings)
        assert card.hub or card.source
        assert card.revision in ("main", "1.1_fix") or len(card.revision) == 40
        assert len(name) < 30
