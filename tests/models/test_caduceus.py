"""Caduceus, PlantCAD and causal Mamba: the exchange of strands, configs and files that are read or refused."""

import json

import pytest
import torch

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models.families import caduceus, mamba
from dnalect.models.families.family import HubConfig
from dnalect.models.layers import mamba as layer
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.bases import opposite
from dnalect.tokens.names import named
from models.folders import CADUCEUS, MAMBA, STATES, STRANDS, TINY, edit, make, tensors_of
from parity import golden_caduceus as golden

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCGCATATGCAATGCACC"
BOTH = "caduceus.backbone.layers.1.mixer.submodule"
FAR = 1e-1


@pytest.fixture
def ps():
    """A Caduceus-PS with the weights that the stored logits are of, and these logits."""
    family = FAMILIES["caduceus"]
    network = family.outline(family.read_config(HubConfig(golden.CONFIG, "golden")))
    tensors = {name: torch.from_numpy(each) for name, each in golden.weights().items()}
    network.load_state_dict(family.table.adopt(tensors, network, "golden").tensors, assign=True)
    return network.eval(), json.loads(golden.FILE.read_text())


def logits_of(network, text):
    ids = torch.from_numpy(named("caduceus").encode([text]).input_ids)
    with torch.inference_mode():
        return network.logits(network(ids, torch.ones_like(ids, dtype=torch.bool)).last)[0]


def test_the_stored_logits_of_the_fused_branch(ps):
    network, stored = ps
    assert torch.allclose(logits_of(network, stored["text"]), torch.tensor(stored["logits"]), atol=1e-5)


def test_the_readable_branch_is_as_symmetric_and_is_caught(ps, monkeypatch):
    network, stored = ps
    monkeypatch.setattr(caduceus, "exchanged", lambda x: x)
    plain = logits_of(network, stored["text"])
    assert torch.allclose(plain, torch.tensor(stored["readable branch"]), atol=1e-4)
    other = logits_of(network, opposite(stored["text"])).flip(0)[:, [*network.config.complement]]
    assert torch.allclose(plain, other, atol=1e-4)
    assert (plain - torch.tensor(stored["logits"])).abs().max() > FAR


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: torch.cat([*reversed(x.chunk(2, -1))], -1),  # the order of the channels kept
        lambda x: torch.cat([each.flip(-1) for each in x.chunk(2, -1)], -1),  # turned round, not exchanged
    ],
)
def test_half_an_exchange_is_caught(ps, monkeypatch, wrong):
    network, stored = ps
    monkeypatch.setattr(caduceus, "exchanged", wrong)
    assert (logits_of(network, stored["text"]) - torch.tensor(stored["logits"])).abs().max() > FAR


def test_the_embedding_is_the_mean_of_both_strands(tmp_path):
    """As PlantCAD's README: the forward half and the other one, turned to the same order of channels."""
    model = dnalect.load(make("plantcad", tmp_path / "m"))
    assert (model.can.strands, model.can.width, model.can.attentions) == ("halves", 32, False)
    both = dnalect.embed(model, [TEXT, opposite(TEXT)], strands=2)
    assert abs(both[0] - both[1]).max() < 1e-5
    assert abs(both[0, :16] - both[0, 16:]).max() < 1e-6


@pytest.mark.parametrize("name", ["caduceus-ph", *STRANDS])
def test_configs_go_there_and_back(name):
    config = caduceus.read_config(HubConfig(TINY[name][1], "tiny"))
    again = json.loads(json.dumps(caduceus.write_config(config, named("gpn"))))
    assert caduceus.read_config(HubConfig(again, "again")) == config
    assert config.longest == {"plantcad": 512, "plantcad-2": 8192}.get(name, 131_072)
    assert config.version == (2 if name == "plantcad-2" else 1)


def test_settings_may_be_nested():
    nested = {key: value for key, value in TINY["plantcad-2"][1].items() if key not in ("ssm_cfg", "norm_epsilon")}
    space = {"d_state": 5, "headdim": 8}
    nested |= {"layer_cfg": {"mamba_cfg": {"version": "v2", "ssm_cfg": space}}, "norm_cfg": {"norm_epsilon": 1e-4}}
    config = caduceus.read_config(HubConfig(nested, "nested"))
    assert (config.version, config.memory, config.heads, config.eps) == (2, 5, 4, 1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fused_add_norm": False}, "does not exchange the strands between its blocks"),
        ({"bidirectional": False}, "bidirectional is False"),
        ({"bidirectional_strategy": "ew_multiply"}, "bidirectional_strategy is 'ew_multiply'"),
        ({"bidirectional_weight_tie": False}, "bidirectional_weight_tie is False"),
        ({"rms_norm": False}, "rms_norm is False"),
        ({"d_intermediate": 64}, "d_intermediate is 64"),
        ({"ssm_cfg": {"bias": True}}, "bias is True"),
        ({"ssm_cfg": 3}, "ssm_cfg is a table"),
        ({"complement_map": None}, "complement_map is not that of caduceus's words"),
        ({"complement_map": {str(n): n for n in range(16)}}, "complement_map is not that of caduceus's words"),
        ({"complement_map": dict(sorted(CADUCEUS["complement_map"].items()))}, "in the order of their ids"),
        ({"n_layer": "many"}, "n_layer must be a whole number"),
    ],
)
def test_what_is_not_computed_is_refused(change, message):
    with pytest.raises(ModelError, match=message):
        caduceus.read_config(HubConfig(CADUCEUS | change, "c.json"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"use_bias": True}, "use_bias is True"),
        ({"time_step_limit": [0.0, 0.1]}, r"steps between \[0.0, 0.1\]"),
        ({"norm_before_gate": True}, "norm_before_gate is True"),
        ({"head_dim": 5}, "4 heads of 5 are not 32 channels"),
        ({"num_heads": None}, "num_heads must be a whole number"),
        ({"architectures": ["Mamba2Model"]}, "the architecture Mamba2Model"),
    ],
)
def test_what_mamba_does_not_compute_is_refused(change, message):
    with pytest.raises(ModelError, match=message):
        mamba.read_config(HubConfig(TINY["mamba-2"][1] | change, "c.json"))


def test_files_may_repeat_what_is_shared_and_no_other(tmp_path):
    tensors = tensors_of("caduceus-ps")
    plain = dnalect.load(make("caduceus-ps", tmp_path / "plain", tensors))
    words = tensors["caduceus.backbone.embeddings.word_embeddings.embedding.weight"]
    more = {
        "lm_head.lm_head.weight": words.clone(),
        "lm_head.complement_map": torch.tensor(plain.network.config.complement),
    }
    for n in range(2):
        for name in ("in_proj", "out_proj"):
            start = f"caduceus.backbone.layers.{n}.mixer.submodule."
            more[f"{start}mamba_rev.{name}.weight"] = tensors[f"{start}mamba_fwd.{name}.weight"].clone()
    whole = dnalect.load(make("caduceus-ps", tmp_path / "whole", tensors | more))
    assert torch.equal(plain(TEXT).logits, whole(TEXT).logits)
    bare = {name.removeprefix("caduceus."): each for name, each in tensors.items()}
    assert torch.equal(
        plain(TEXT).logits, dnalect.load(make("caduceus-ps", tmp_path / "bare", bare, True))(TEXT).logits
    )
    for name, change, message in (
        (
            f"{BOTH}.mamba_rev.in_proj.weight",
            lambda x: x + 1,
            r"mamba_rev.in_proj.weight differs from .*mamba_fwd.in_proj",
        ),
        ("lm_head.complement_map", lambda x: x.flip(0), "complement_map holds other numbers"),
        ("lm_head.lm_head.weight", lambda x: x * 2, "lm_head.lm_head.weight differs"),
    ):
        folder = make("caduceus-ps", tmp_path / "wrong", tensors | more | {name: change(more[name])})
        with pytest.raises(ModelError, match=message):
            dnalect.load(folder)


def test_another_version_of_mamba_than_the_config_says_is_refused(tmp_path):
    folder = make("plantcad-2", tmp_path / "m")
    edit(folder, ssm_cfg={"d_conv": 4, "d_state": 5, "expand": 2, "dt_rank": "auto"})
    with pytest.raises(ModelError, match="x_proj.weight is missing"):
        dnalect.load(folder)
    folder = make("caduceus-ps", tmp_path / "other")
    (folder / "tokenizer.json").write_text(TINY["plantcad"][2][1])
    with pytest.raises(ModelError, match="the tokenizer gpn has 7 words, the config 16"):
        dnalect.load(folder)


def test_unknown_bases_are_read_as_in_pretraining():
    """Caduceus's replaced N by padding and left [SEP] out; PlantCAD's N is an unknown letter."""
    assert named("caduceus").encode(["ACGTNr"]).input_ids.tolist() == [[7, 8, 9, 10, 4, 4]]
    assert named("gpn").encode(["acgtN"]).input_ids.tolist() == [[3, 4, 5, 6, 2]]


@pytest.mark.parametrize("name", STATES)
def test_transformers_reads_what_was_saved(tmp_path, name):
    transformers = pytest.importorskip("transformers")
    model = dnalect.load(make(name, tmp_path / "from"))
    model.save_pretrained(tmp_path / "to")
    theirs, info = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "to", output_loading_info=True)
    assert not any(info.values()), info
    encoding = model.encode([TEXT])
    with torch.inference_mode():
        expected = theirs.eval()(input_ids=torch.from_numpy(encoding.input_ids), use_cache=False).logits
    assert torch.allclose(model(encoding).logits, expected, atol=1e-5)


def recurrence(kept, new, before):
    out = []
    for share, each in zip(kept, new, strict=True):
        before = share * before + each
        out.append(before)
    return torch.stack(out)


@pytest.mark.parametrize("way", [layer.accumulate, layer.doubled])
def test_both_ways_of_a_recurrence_are_the_plain_one(way):
    torch.manual_seed(0)
    kept, new, before = torch.rand(37, 2, 3).double(), torch.randn(37, 2, 3).double(), torch.randn(2, 3).double()
    assert torch.allclose(way(kept.clone(), new.clone(), before), recurrence(kept, new, before), atol=1e-12)


def test_gradients_are_those_of_the_plain_recurrence():
    torch.manual_seed(0)
    given = [torch.rand(9, 2, 3).double(), torch.randn(9, 2, 3).double(), torch.randn(2, 3).double()]
    for each in given:
        each.requires_grad_()
    run = lambda kept, new, before: layer.Recurrence.apply(kept, new * 1, before)  # noqa: E731
    assert torch.autograd.gradcheck(run, given)


def test_chunks_change_nothing(monkeypatch):
    torch.manual_seed(0)
    x, step = torch.randn(2, 50, 6), torch.rand(2, 50, 6)
    decay, write, read = -torch.rand(6, 3), torch.randn(2, 50, 3), torch.randn(2, 50, 3)
    whole = layer.scan(x, step, decay, write, read)
    monkeypatch.setattr(layer, "WORK", 7 * 2 * 6 * 3)
    with torch.inference_mode():
        assert torch.allclose(layer.scan(x, step, decay, write, read), whole, atol=1e-5)
    heads = torch.randn(2, 4, 150, 5), torch.rand(2, 4, 150), -torch.rand(4), torch.randn(2, 4, 150, 3)
    whole = layer.dual_scan(*heads, heads[3].flip(2))
    monkeypatch.setattr(layer, "CHUNK", 11)
    assert torch.allclose(layer.dual_scan(*heads, heads[3].flip(2)), whole, atol=1e-4)


def test_memory_is_linear_with_gradients():
    """What is kept of a scan for its gradient are states between chunks, not one for every token."""
    kept = []
    x, step = torch.randn(1, 4096, 64, requires_grad=True), torch.rand(1, 4096, 64)
    decay, write, read = -torch.rand(64, 16), torch.randn(1, 4096, 16), torch.randn(1, 4096, 16)
    with torch.autograd.graph.saved_tensors_hooks(lambda each: kept.append(each.numel()) or each, lambda each: each):
        layer.scan(x, step, decay, write, read)
    assert sum(kept) < 4096 * 64 * 16


def test_the_names_of_mamba_ssm_are_read(tmp_path):
    tensors = {
        name.replace("backbone.embeddings.", "backbone.embedding."): each for name, each in tensors_of("mamba").items()
    }
    assert dnalect.load(make("mamba", tmp_path / "m", tensors))(TEXT).logits.isfinite().all()
    assert mamba.read_config(HubConfig(MAMBA | {"vocab_size": 9, "time_step_rank": 2}, "c")).longest == mamba.LONGEST
