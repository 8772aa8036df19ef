"""Low-rank updates: against PEFT on the same network, and round trips of the files."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import dnalect
from dnalect.core.errors import ConfigError, ModelError
from dnalect.models.lora import CONFIG, WEIGHTS, LoraConfig, add_lora, load_lora, merge_lora, save_lora, targets_of
from models.folders import TINY, make

TEXTS = ["ACGTACGTTTGACCA" * 3, "GGCATTAACCGTA" * 2]


@pytest.fixture(params=[*TINY, "duplex"])
def model(request, tmp_path, model_folder):
    return dnalect.load(model_folder if request.param == "duplex" else make(request.param, tmp_path / request.param))


def stirred(network, config):
    """Add updates and give every B something to do."""
    torch.manual_seed(3)
    layers = add_lora(network, config)
    for name, p in network.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(p, std=0.3)
    return layers


def test_updates_change_nothing_at_first_and_alone_are_trained(model):
    encoding = model.encode(TEXTS)
    before = model.states(encoding).detach()
    layers = add_lora(model.network, LoraConfig(rank=2))
    assert torch.equal(model.states(encoding).detach(), before)
    trained = [name for name, p in model.network.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * len(layers)
    assert all("lora_" in name for name in trained)
    model.states(encoding).square().sum().backward()
    grads = {n: p.grad for n, p in model.network.named_parameters() if p.requires_grad}
    assert all(g is not None for g in grads.values())
    assert any(float(g.abs().max()) > 0 for n, g in grads.items() if "lora_B" in n)


def test_saved_and_loaded_updates_give_the_same_states_and_merging_keeps_them(model, tmp_path):
    encoding = model.encode(TEXTS)
    plain = {n: p.detach().clone() for n, p in model.network.named_parameters()}
    config = LoraConfig(rank=3, alpha=5.0)
    stirred(model.network, config)
    wanted = model.states(encoding).detach()
    save_lora(model.network, config, tmp_path, "base")
    merge_lora(model.network)
    assert torch.allclose(model.states(encoding).detach(), wanted, atol=1e-6)
    changed = dict(model.network.named_parameters())
    assert changed.keys() == plain.keys()
    with torch.no_grad():
        for name, p in changed.items():
            p.copy_(plain[name])
    assert not torch.allclose(model.states(encoding).detach(), wanted, atol=1e-3)
    loaded = load_lora(model.network, tmp_path)
    assert (loaded.rank, loaded.alpha) == (3, 5.0)
    assert torch.equal(model.states(encoding).detach(), wanted)


def test_peft_reads_the_files_and_computes_the_same(tmp_path):
    from peft import PeftModel

    folder = make("dnabert", tmp_path / "m")
    mine, theirs = dnalect.load(folder), dnalect.load(folder)
    encoding = mine.encode(TEXTS)
    config = LoraConfig(rank=2, alpha=7.0, targets=("query", "value", "out", "up", "down"))
    stirred(mine.network, config)
    save_lora(mine.network, config, tmp_path, "base")
    wrapped = PeftModel.from_pretrained(theirs.network, str(tmp_path))
    theirs.network = wrapped.base_model.model.eval()
    assert torch.allclose(mine.states(encoding), theirs.states(encoding), atol=1e-5)
    assert not torch.allclose(mine.states(encoding), dnalect.load(folder).states(encoding), atol=1e-3)


def test_files_that_peft_wrote_are_read(tmp_path):
    import peft

    folder = make("nt-v2", tmp_path / "m")
    mine, theirs = dnalect.load(folder), dnalect.load(folder)
    encoding = mine.encode(TEXTS)
    wrapped = peft.get_peft_model(theirs.network, peft.LoraConfig(r=2, lora_alpha=4, target_modules=["query", "down"]))
    for name, p in wrapped.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(p, std=0.3)
    wrapped.save_pretrained(str(tmp_path / "adapter"))
    theirs.network = wrapped.base_model.model.eval()
    load_lora(mine.network, tmp_path / "adapter")
    assert torch.allclose(mine.states(encoding), theirs.states(encoding), atol=1e-5)


def test_the_update_of_a_convolution_is_pefts(tmp_path):
    import peft

    torch.manual_seed(0)
    net = nn.Sequential()
    net.add_module("conv", nn.Conv2d(3, 4, (1, 5)))
    twin = nn.Sequential()
    twin.add_module("conv", nn.Conv2d(3, 4, (1, 5)))
    twin.load_state_dict(net.state_dict())
    config = LoraConfig(rank=2, alpha=3.0, targets=("conv",))
    stirred(net, config)
    save_lora(net, config, tmp_path, "base")
    x = torch.randn(2, 3, 1, 11)
    assert torch.allclose(net(x), peft.PeftModel.from_pretrained(twin, str(tmp_path))(x), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "IA3"}, "only plain LoRA"),
        ({"use_dora": True}, "use_dora"),
        ({"bias": "all"}, "only plain LoRA"),
        ({"r": "two"}, "target_modules"),
        ({"r": 5}, "shape"),
        ({"target_modules": ["nothing"]}, "no layer named nothing"),
        ({"target_modules": ["query"]}, "unexpected"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path, change, message):
    folder = make("dnabert", tmp_path / "m")
    model = dnalect.load(folder)
    config = LoraConfig(rank=2)
    stirred(model.network, config)
    save_lora(model.network, config, tmp_path, "base")
    told = json.loads((tmp_path / CONFIG).read_text()) | change
    (tmp_path / CONFIG).write_text(json.dumps(told))
    with pytest.raises(ModelError, match=message):
        load_lora(dnalect.load(folder).network, tmp_path)


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    model = dnalect.load(folder)
    stirred(model.network, LoraConfig(rank=2))
    save_lora(model.network, LoraConfig(rank=2), tmp_path, "base")
    tensors = load_file(tmp_path / WEIGHTS)
    next(iter(tensors.values()))[0, 0] = np.nan
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(ModelError, match="not finite"):
        load_lora(dnalect.load(folder).network, tmp_path)


def test_embeddings_and_heads_are_left_alone(model):
    assert not [
        name for name in targets_of(model.network, ("dense", "decoder", "conv", "words")) if "embeddings" in name
    ]


def test_a_config_that_makes_no_sense_is_refused():
    with pytest.raises(ConfigError):
        LoraConfig(rank=0)
