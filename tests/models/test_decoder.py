"""Causal decoders: configs that are read or refused, folders that transformers reads and writes."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import dnalect
from dnalect.core.errors import ModelError
from dnalect.jobs.models_verify import verify
from dnalect.models.families.decoder import read_config, write_config
from dnalect.models.families.family import HubConfig
from dnalect.models.model import LAST, Ask
from dnalect.models.pooled import Reading, check_reading
from dnalect.tokens.names import named
from models.folders import DECODER, DECODERS, LLAMA3, TINY, edit, make, tensors_of

REAL = os.environ.get("DNALECT_MISTRAL_DNA", "")
TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCGCATATGCAATGCACC"
LLAMA = DECODER | {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 7}


def refused(message, **more):
    hub = {key: value for key, value in (LLAMA | more).items() if value is not ...}
    with pytest.raises(ModelError, match=message):
        read_config(HubConfig(hub, "c.json"))


@pytest.mark.parametrize("name", DECODERS)
def test_configs_go_there_and_back(name):
    config = read_config(HubConfig(TINY[name][1], "tiny"))
    again = write_config(config, named("marindna"))
    assert read_config(HubConfig(json.loads(json.dumps(again)), "again")) == config


def test_what_the_network_does_not_compute_is_refused():
    refused("hidden_act is 'gelu'", hidden_act="gelu")
    refused("rotary angles are scaled by 'yarn'", rope_scaling={"type": "yarn", "factor": 2.0})
    refused("low_freq_factor must be a number, not None", rope_scaling={"rope_type": "llama3", "factor": 8.0})
    refused("contradict rope_parameters", rope_parameters={"rope_type": "default", "rope_theta": 1e4})
    refused("rms_norm_eps must be a number", rms_norm_eps=...)
    refused("mlp_bias is True", mlp_bias=True)
    refused("use_sliding_window is True", use_sliding_window=True)
    refused("layer_types names layers", layer_types=["full_attention", "sliding_attention"])
    refused("sliding_window is missing", model_type="mistral")
    refused("head_dim is missing", model_type="qwen3")
    refused("the architecture LlamaForTokenClassification", architectures=["LlamaForTokenClassification"])
    refused("num_key_value_heads must be a whole number", model_type="qwen3", head_dim=4, num_key_value_heads=...)


def test_angles_are_read_from_old_and_new_files():
    scaling = LLAMA3 | {"original_max_position_embeddings": 32}
    old = read_config(HubConfig(LLAMA | {"rope_scaling": scaling}, "old"))
    new = {key: value for key, value in LLAMA.items() if key != "rope_theta"}
    assert read_config(HubConfig(new | {"rope_parameters": scaling | {"rope_theta": 5e5}}, "new")) == old
    assert (old.theta, old.scaling.factor, old.scaling.original) == (5e5, 8.0, 32)
    assert read_config(HubConfig(new, "neither")).theta == 10_000.0


@pytest.mark.parametrize("name", DECODERS)
def test_transformers_reads_what_was_saved_and_writes_what_is_read(tmp_path, name):
    transformers = pytest.importorskip("transformers")
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    theirs, info = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "to", output_loading_info=True)
    assert not any(info.values()), info
    encoding = model.encode([TEXT, TEXT[:30]])
    mask = torch.from_numpy(encoding.attention_mask)
    with torch.inference_mode():
        expected = theirs.eval()(input_ids=torch.from_numpy(encoding.input_ids), attention_mask=mask.long()).logits
    assert torch.allclose(model(encoding).logits[mask], expected[mask], atol=1e-5)
    theirs.save_pretrained(tmp_path / "theirs")
    for file in ("tokenizer.json", "vocab.txt"):
        if (tmp_path / "to" / file).is_file():
            (tmp_path / "theirs" / file).write_bytes((tmp_path / "to" / file).read_bytes())
    assert torch.equal(dnalect.load(tmp_path / "theirs")(encoding).logits, model(encoding).logits)


def test_a_tied_head_may_be_repeated_but_not_differ(tmp_path):
    tensors = tensors_of("llama")
    untied = tensors.pop("lm_head.weight")
    folder = make("llama", tmp_path / "tied", tensors)
    with pytest.raises(ModelError, match="lm_head.weight is missing"):
        dnalect.load(folder)
    edit(folder, tie_word_embeddings=True)
    tied = dnalect.load(folder)
    out = tied(TEXT, states=[None])
    assert torch.allclose(out.logits, out.states[0] @ tensors["model.embed_tokens.weight"].T, atol=1e-5)
    folder = make("llama", tmp_path / "both", tensors | {"lm_head.weight": untied})
    edit(folder, tie_word_embeddings=True)
    with pytest.raises(ModelError, match="lm_head.weight differs from model.embed_tokens.weight"):
        dnalect.load(folder)


def test_a_decoder_under_another_head_embeds_and_says_no_likelihood(tmp_path):
    tensors = tensors_of("mistral")
    tensors.pop("lm_head.weight")
    folder = make("mistral", tmp_path / "m", tensors | {"score.weight": torch.zeros(2, 16)})
    edit(folder, architectures=["MistralForSequenceClassification"])
    model = dnalect.load(folder)
    assert model.can.likelihood is None
    assert model(TEXT, states=[None]).logits is None
    assert dnalect.embed(model, [TEXT]).shape == (1, 16)
    told = "\n".join(verify(str(folder)))
    assert "left aside, as the family allows: score.weight" in told
    assert "states: finite" in told
    assert "it has no head for words" in told
    with pytest.raises(ModelError, match="without a head for words, which embeds sequences"):
        dnalect.base_probabilities(model, TEXT)


def test_the_first_token_is_no_summary(tmp_path):
    model = dnalect.load(make("qwen3", tmp_path / "m"))
    with pytest.raises(ModelError, match="the first token of m reads no other one"):
        check_reading(model, Reading(pool="summary"))


def test_what_stands_on_the_right_changes_nothing(tmp_path):
    for name in DECODERS:
        model = dnalect.load(make(name, tmp_path / name))
        ids = model.encode([TEXT]).input_ids[0]
        long = model(model.encode([TEXT])).logits[0]
        cut = model.encode([TEXT]).part([0], len(ids) - 2)
        assert torch.allclose(model(cut).logits[0], long[: len(ids) - 2], atol=1e-5)


def test_carbon_is_told_by_its_own_file(tmp_path):
    """Its 6-mers come after the words of Qwen3, whose file is not read."""
    tensors = {
        name: value for name, value in tensors_of("llama").items() if "embed" not in name and "lm_head" not in name
    }
    folder = make("llama", tmp_path / "m", tensors | {"model.embed_tokens.weight": torch.randn(155_776, 16)})
    edit(folder, vocab_size=155_776, tie_word_embeddings=True)
    (folder / "vocab.txt").unlink()
    told = {"k": 6, "dna_start_id": 151_669, "dna_vocab_size": 4107, "dna_special_tokens": ["<dna>", "</dna>", "<oov>"]}
    (folder / "tokenizer.json").write_text("the text's own")
    (folder / "dna_config.json").write_text(json.dumps(told | {"auto_dna_tags": False}))
    model = dnalect.load(folder)
    assert model.encode(["CCCCCCAAN"]).input_ids.tolist() == [[151_669, 154_402]]
    model.save(tmp_path / "again")
    assert torch.equal(dnalect.load(tmp_path / "again")(TEXT).logits, model(TEXT).logits)
    (folder / "dna_config.json").write_text(json.dumps(told | {"dna_start_id": 5}))
    with pytest.raises(ModelError, match="dna_start_id is 5; Carbon has 151669"):
        dnalect.load(folder)


@pytest.mark.skipif(not REAL, reason="DNALECT_MISTRAL_DNA names no folder of published Mistral-DNA weights")
def test_real_weights_give_the_states_of_transformers():
    transformers = pytest.importorskip("transformers")
    folder = Path(REAL)
    model = dnalect.load(folder)
    theirs, info = transformers.AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    encoding = model.encode([TEXT * 4, TEXT])
    mask = torch.from_numpy(encoding.attention_mask)
    with torch.inference_mode():
        out = theirs.eval()(torch.from_numpy(encoding.input_ids), mask.long(), output_hidden_states=True)
    layers = (*range(model.can.layers), None)
    for ours, each in zip(model.forward(encoding, Ask(states=layers)).states, out.hidden_states, strict=True):
        assert torch.allclose(ours[mask], each[mask], atol=1e-5)
    last = model.forward(encoding, LAST).states[0][np.arange(2), encoding.attention_mask.sum(1) - 1]
    score = load_file(folder / "model.safetensors")["score.weight"]
    assert torch.allclose(last @ score.T, out.logits, atol=1e-4)
