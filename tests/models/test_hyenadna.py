"""HyenaDNA: configs and names of both kinds of repositories, filters that stay exact, folders without a tokenizer."""

import json

import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, ModelError
from dnalect.models.families.family import HubConfig
from dnalect.models.families.hyenadna import read_config, write_config
from dnalect.models.lora import TARGETS, targets_of
from dnalect.tokens.names import named
from models.folders import HYENADNA, edit, make, tensors_of

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCGCATATGCAATGCACC"
FILTER = "hyena.backbone.layers.0.mixer.filter_fn"
OLD = {
    "d_model": 16,
    "n_layer": 2,
    "d_inner": 24,
    "vocab_size": 12,
    "residual_in_fp32": True,
    "pad_vocab_size_multiple": 8,
    "layer": {
        "_name_": "hyena",
        "emb_dim": 5,
        "filter_order": 8,
        "local_order": 3,
        "l_max": 66,
        "modulate": True,
        "w": 10,
    },
}


def test_configs_go_there_and_back():
    config = read_config(HubConfig(HYENADNA, "tiny"))
    assert (config.vocabulary, config.longest, config.filter, config.frequency) == (16, 66, 8, 10.0)
    again = write_config(config, named("hyenadna"))
    assert read_config(HubConfig(json.loads(json.dumps(again)), "again")) == config
    assert read_config(HubConfig(OLD, "old")) == config


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"hyena_order": 3}, "hyena_order is 3; this family has 2 only"),
        ({"short_filter_order": 5}, "short_filter_order is 5"),
        ({"tie_word_embeddings": True}, "tie_word_embeddings is True"),
        ({"train_freq": False}, "train_freq is False"),
        ({"layer_norm_epsilon": 1e-12}, "layer_norm_epsilon is 1e-12"),
        ({"attn_layer_idx": [1]}, r"attn_layer_idx is \[1\]"),
        ({"max_seq_len": None}, "max_seq_len must be a whole number"),
        ({"emb_dim": 4}, "an odd number of at least 3, not 4"),
        ({"architectures": ["HyenaDNAForTokenClassification"]}, "none of this family's"),
    ],
)
def test_what_the_network_does_not_compute_is_refused(more, message):
    with pytest.raises((ModelError, ConfigError), match=message):
        read_config(HubConfig(HYENADNA | more, "c.json"))


def test_names_of_the_training_code_are_read(tmp_path):
    """Each part inside another one where it was trained with checkpointing, the frequency once for each sine."""
    tensors = tensors_of("hyenadna")
    plain = dnalect.load(make("hyenadna", tmp_path / "new", tensors))
    for place in (3, 5):
        for layer in (0, 1):
            name = f"{FILTER.replace('.0.', f'.{layer}.')}.implicit_filter"
            tensors[f"{name}.{place}.freq"] = tensors[f"{name}.1.freq"].clone()
    old = {}
    for name, tensor in tensors.items():
        name = name.replace("hyena.", "model.").replace("lm_head", "model.lm_head")
        old[name.replace(".mixer.", ".mixer.layer.").replace(".mlp.", ".mlp.layer.")] = tensor
    folder = make("hyenadna", tmp_path / "old", old, pickled=True)
    (folder / "config.json").write_text(json.dumps(OLD | {"model_type": "hyenadna"}))
    assert torch.equal(dnalect.load(folder)(TEXT).logits, plain(TEXT).logits)
    tensors[f"{FILTER}.implicit_filter.3.freq"] += 1
    with pytest.raises(ModelError, match=r"implicit_filter.3.freq differs from .*implicit_filter.1.freq"):
        dnalect.load(make("hyenadna", tmp_path / "other", tensors))


def test_filters_stay_in_float32(tmp_path):
    """In bfloat16 the places of a window of 1,000 would be told apart in steps of four."""
    folder = make("hyenadna", tmp_path / "m")
    exact, half = dnalect.load(folder), dnalect.load(folder, dtype="bfloat16")
    first, second = (model.network.layers[0].mixer for model in (exact, half))
    assert second.out.weight.dtype == torch.bfloat16
    for name, parameter in second.filter.named_parameters():
        assert torch.equal(parameter, first.filter.get_parameter(name)), name
    assert (half(TEXT).logits - exact(TEXT).logits).abs().max() < 0.1
    half.to(dtype="float32")
    assert torch.equal(second.filter.places, first.filter.places)
    x = torch.randn(1, 20, 16)
    with torch.autocast("cpu", torch.bfloat16):
        inside = first.filter(x)
    assert torch.equal(inside, first.filter(x))


def test_a_folder_needs_no_tokenizer_and_embeds_under_another_head(tmp_path):
    tensors = tensors_of("hyenadna")
    tensors.pop("lm_head.weight")
    folder = make("hyenadna", tmp_path / "m", tensors | {"score.weight": torch.zeros(2, 16)})
    edit(folder, architectures=["HyenaDNAForSequenceClassification"])
    model = dnalect.load(folder)
    assert model.can.likelihood is None
    assert not model.can.attentions
    assert model.encode(["ACGTN"]).input_ids.tolist() == [[7, 8, 9, 10, 11, 1]]
    assert dnalect.embed(model, [TEXT]).shape == (1, 16)


def test_lora_reaches_every_projection_between_the_states(tmp_path):
    network = dnalect.load(make("hyenadna", tmp_path / "m")).network
    first = [name.removeprefix("layers.0.") for name in targets_of(network, TARGETS) if name.startswith("layers.0.")]
    assert first == ["mixer.qkv", "mixer.out", "feed_forward.up", "feed_forward.down"]


def test_channels_in_parts_are_those_at_once(tmp_path, monkeypatch):
    from dnalect.models.layers import convolutions

    model = dnalect.load(make("hyenadna", tmp_path / "m"))
    whole = model(TEXT).logits
    monkeypatch.setattr(convolutions, "AT_ONCE", 3 * 128)
    assert torch.allclose(model(TEXT).logits, whole, atol=1e-5)
    assert [convolutions._smooth(size) for size in (2, 7, 9, 100, 2052)] == [2, 8, 10, 128, 2560]
