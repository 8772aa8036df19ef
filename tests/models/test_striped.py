"""Evo 1 and Evo 2: configs, refusals, what a memory plan says, folders as their packages have them."""

import io
import json

import pytest
import torch

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models import memory
from dnalect.models.families import evo, evo2
from dnalect.models.families.family import HubConfig
from dnalect.models.layers.striped import Striped, StripedSizes
from dnalect.models.lora import TARGETS, targets_of
from dnalect.models.recognise import check_name, check_small_files
from dnalect.tokens.names import named
from models.folders import EVO, EVO2, make, tensors_of

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCGCATATGCAATGCACC"
SEVEN = {"name": "Evo 2 7B", "architecture": ["StripedHyena2"], "_name_or_path": "evo2_7b.pt"}


@pytest.mark.parametrize(("family", "hub"), [(evo, EVO), (evo2, EVO2)])
def test_configs_go_there_and_back(family, hub):
    hub = hub | {"use_interpolated_rotary_pos_emb": True, "rotary_emb_scaling_factor": 16}
    config = family.read_config(HubConfig(hub, "tiny"))
    assert config.stretch == 16
    again = json.loads(json.dumps(family.write_config(config, named(family.FAMILY.name))))
    assert family.read_config(HubConfig(again, "again")) == config


@pytest.mark.parametrize(
    ("family", "more", "message"),
    [
        (evo, {"qkv_proj_bias": False}, "qkv_proj_bias is False"),
        (evo, {"hyena_filter_groups": 2}, "hyena_filter_groups is 2"),
        (evo, {"attn_layer_idxs": [1, 2]}, "layer 2 stands in two lists"),
        (evo, {"attn_layer_idxs": []}, "layer 1 stands in none of attn_layer_idxs, hyena_layer_idxs"),
        (evo, {"attn_layer_idxs": [3]}, "must list some of the layers 0 to 2"),
        (evo2, {"short_filter_bias": True}, "short_filter_bias is True"),
        (evo2, {"evo2_style_activations": None}, "evo2_style_activations is None"),
        (evo2, {"hcm_filter_length": 64}, "are on one side of it"),
        (evo2, {"hcl_filter_groups": 4}, "hcl_filter_groups is 4"),
    ],
)
def test_what_the_network_does_not_compute_is_refused(family, more, message):
    with pytest.raises(ModelError, match=message):
        family.read_config(HubConfig((EVO if family is evo else EVO2) | more, "c.json"))


@pytest.mark.parametrize("name", ["evo2_1b_base", "evo2_20b", "evo2_40b", "evo2_40b_base"])
def test_sizes_trained_in_fp8_are_refused_with_the_reason(tmp_path, name):
    told = rf"{name} was trained with FP8 .* wrong without an error .*Transformer Engine.*dnalect reads the 7B models"
    (tmp_path / "config.json").write_text(json.dumps(SEVEN | {"_name_or_path": f"{name}.pt"}))
    with pytest.raises(ModelError, match=told):
        check_small_files(tmp_path, "it")  # before any weights are fetched
    with pytest.raises(ModelError, match=told):
        dnalect.load(tmp_path)
    with pytest.raises(ModelError, match=told):
        check_name(f"arcinstitute/{name}")


def test_fp8_in_a_config_counts_but_for_7b():
    with pytest.raises(ModelError, match="this Evo 2 was trained with FP8"):
        evo2.read_config(HubConfig(EVO2 | {"use_fp8_input_projections": True}, "c"))
    told = {"use_fp8_input_projections": True, "hidden_size": 4096, "num_layers": 32}
    seven = evo2.read_config(HubConfig(SEVEN | told | evo2.BY_NAME["evo2_7b"], "c"))
    assert seven == evo2.read_config(HubConfig(SEVEN, "c"))
    assert (seven.longest, seven.stretch, seven.kinds.count("a"), seven.hidden) == (1_048_576, 128, 5, 11_264)
    with pytest.raises(ModelError, match="says no sizes, and its _name_or_path is none of evo2_7b, evo2_7b_262k"):
        evo2.read_config(HubConfig(SEVEN | {"_name_or_path": "mine.pt"}, "c"))


def test_a_file_of_evo_2_is_read_with_what_fp8_left_in_it(tmp_path, monkeypatch):
    """One .pt of any name, a config.json that is a name: as on the hub."""
    monkeypatch.setitem(evo2.BY_NAME, "evo2_7b", {key: value for key, value in EVO2.items() if key != "model_type"})
    tensors = tensors_of("evo2")
    plain = dnalect.load(make("evo2", tmp_path / "plain", tensors))
    left = {"blocks.0.projections._extra_state": io.BytesIO(b"x"), "blocks.0.filter.t": torch.arange(9)[None, None]}
    left |= {"blocks.3.inner_mha_cls.rotary_emb.inv_freq": torch.ones(2)}
    left |= {"unembed.weight": tensors["embedding_layer.weight"].clone()}
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "config.json").write_text(json.dumps(SEVEN))
    torch.save(tensors | left, tmp_path / "hub" / "evo2_7b.pt")
    model = dnalect.load(tmp_path / "hub")
    assert model.tokenizer.name == "evo2"
    assert torch.equal(model(TEXT).logits, plain(TEXT).logits)


def test_evo_1_is_read_with_and_without_the_prefix_of_the_hub(tmp_path):
    tensors = tensors_of("evo")
    plain = dnalect.load(make("evo", tmp_path / "hub", tensors))
    short = {name.removeprefix("backbone."): tensor for name, tensor in tensors.items()}
    assert torch.equal(dnalect.load(make("evo", tmp_path / "own", short))(TEXT).logits, plain(TEXT).logits)
    with pytest.raises(ModelError, match=r"backbone.unembed.weight differs from backbone.embedding_layer.weight"):
        dnalect.load(make("evo", tmp_path / "x", short | {"unembed.weight": short["embedding_layer.weight"] + 1}))


def test_bytes_are_read_as_their_numbers():
    assert named("evo").encode(["ACGTN"]).input_ids.tolist() == [[0, 65, 67, 71, 84, 78]]
    assert named("evo2").encode(["acgtN", "R"]).input_ids.tolist() == [[65, 67, 71, 84, 78], [78, 1, 1, 1, 1]]
    assert len(named("evo")) == len(named("evo2")) == 512


@pytest.mark.parametrize("name", ["evo", "evo2"])
def test_modes_stay_in_float32_and_saved_folders_keep_their_tokenizer(tmp_path, name):
    folder = make(name, tmp_path / "m")
    exact, half = dnalect.load(folder), dnalect.load(folder, dtype="bfloat16")
    at = next(number for number, each in enumerate(exact.network.layers) if each.mixer and each.mixer.modes)
    first, second = exact.network.layers[at], half.network.layers[at]
    assert torch.equal(first.mixer.modes.poles, second.mixer.modes.poles)
    assert second.mixer.qkv.weight.dtype == torch.bfloat16
    assert (half(TEXT).logits - exact(TEXT).logits).abs().max() < 0.5
    exact.save(tmp_path / "again")
    assert dnalect.load(tmp_path / "again").tokenizer.name == name
    named_ = {each.rpartition(".")[2] for each in targets_of(exact.network, TARGETS)}
    assert named_ == {"qkv", "out", "gate", "up", "down"}


def test_a_plan_is_told_before_a_large_model_is_loaded(tmp_path, monkeypatch, caplog):
    config = evo2.read_config(HubConfig(SEVEN, "c"))
    cpu, exact, half = torch.device("cpu"), torch.float32, torch.bfloat16
    parameters = 6_581_722_880
    monkeypatch.setattr(memory, "free_memory", lambda device: 24.0)
    told = memory.plan("evo2-7b", config, parameters, cpu, exact)
    assert "evo2-7b: 26.3 GB of weights in float32, and about" in told
    assert "24.0 GB are free on cpu. That does not fit: --dtype bfloat16 takes" in told
    assert "fit" not in memory.plan("evo2-7b", config, parameters, cpu, half)
    monkeypatch.setattr(memory, "free_memory", lambda device: 14.0)
    assert "batches are halved until they do" in memory.plan("evo2-7b", config, parameters, cpu, half)
    monkeypatch.setattr(memory, "free_memory", lambda device: 4.0)
    told = memory.plan("evo2-7b", config, parameters, cpu, exact)
    assert "the layers stay in their files and are fetched for every batch" in told
    assert "--dtype bfloat16 takes half. With 16 GB free they would stay at hand." in told
    assert memory.plan("small", config, 10**6, cpu, exact) is None
    for module in ("dnalect.models.memory", "dnalect.models.load"):
        monkeypatch.setattr(f"{module}.LARGE", 10.0)
    dnalect.load(make("evo", tmp_path / "m"))
    assert "m: 0.0 GB of weights in float32" in caplog.text


def test_sizes_that_are_impossible_are_refused():
    with pytest.raises(Exception, match="2 layers can't be of the kinds 'lm'"):
        StripedSizes(vocabulary=512, width=16, layers=2, heads=2, hidden=8, kinds="lm")
    network = Striped(StripedSizes(vocabulary=512, width=16, layers=2, heads=2, hidden=8, kinds="la"))
    assert network.head is None
