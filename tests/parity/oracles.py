"""Tiny models with random weights, each beside an independent one that must give the same numbers.

BERT, ESM and the decoders come from transformers; DNABERT-2 and LOGO from `references`. An oracle is a
function from ids and mask (B, T) to hidden states, attentions and logits of every row.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from dnalect.models.families.family import HubConfig
from dnalect.models.layers.encoder import Encoder
from dnalect.models.recognise import FAMILIES
from models.folders import EVO, EVO2
from parity import references

TOLERANCE = 1e-5
LAYERS = 3


@dataclass
class Pair:
    """A network and its oracle. pad, mask: ids. longest: tokens it was made for. family: its name."""

    family: str
    network: Encoder
    oracle: object
    pad: int
    mask: int
    longest: int
    hub: dict

    def difference(self, ids, mask) -> float:
        """The largest difference over hidden states, attentions and logits, both ways of attention."""
        with torch.inference_mode():
            theirs = self.oracle(ids, mask)
            worst = []
            for attentions in (True, False) if self.network.config.attends else (False,):
                ours = self.network(ids, mask, every=True, attentions=attentions)
                logits = self.network.logits(ours.last)
                assert len(ours.every) == len(theirs.hidden) == self.network.config.depth + 1 > LAYERS
                worst += [_apart(a, b, mask) for a, b in zip(ours.every, theirs.hidden, strict=True)]
                worst.append(_apart(logits, theirs.logits, mask))
                if attentions:
                    worst += [
                        _apart(a.transpose(1, 2), b.transpose(1, 2), mask)
                        for a, b in zip(ours.attentions, theirs.attentions, strict=True)
                    ]
        return max(worst)


def _apart(a, b, mask):
    assert a.shape == b.shape
    return float((a - b)[mask].abs().max())


def randomise(module, seed=0, spread=0.1):
    """Move every parameter: what initialisation leaves at 0 or 1 would hide faults."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * spread)
    return module.eval()


def adopt(family, hub, tensors) -> Encoder:
    """Build the encoder of a config.json and give it a checkpoint's tensors."""
    network = FAMILIES[family].outline(FAMILIES[family].read_config(HubConfig(hub, "tiny")))
    network.load_state_dict(FAMILIES[family].table.adopt(tensors, network, "tiny").tensors, assign=True)
    return network.eval()


def run_transformers(model):
    def oracle(ids, mask):
        out = model(input_ids=ids, attention_mask=mask.long(), output_hidden_states=True, output_attentions=True)
        return SimpleNamespace(hidden=out.hidden_states, attentions=out.attentions, logits=out.logits)

    return oracle


def run_numpy(function, tensors, heads, **options):
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}

    def oracle(ids, mask):
        runs = [function(arrays, heads, row[keep].numpy(), **options) for row, keep in zip(ids, mask, strict=True)]
        length = ids.shape[1]

        def padded(parts, *axes):
            out = []
            for part in parts:
                widths = [(0, length - part.shape[axis]) if axis in axes else (0, 0) for axis in range(part.ndim)]
                out.append(np.pad(part, widths))
            return torch.from_numpy(np.stack(out)).float()

        hidden = [padded([run.hidden[n] for run in runs], 0) for n in range(len(runs[0].hidden))]
        attentions = [padded([run.attentions[n] for run in runs], 1, 2) for n in range(len(runs[0].attentions))]
        return SimpleNamespace(hidden=hidden, attentions=attentions, logits=padded([run.logits for run in runs], 0))

    return oracle


BERT_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}


def bert(family, vocabulary, pad, mask):
    from transformers import BertConfig, BertForMaskedLM

    made = BertConfig(
        vocab_size=vocabulary, **BERT_SIZES, layer_norm_eps=1e-12, pad_token_id=pad, attn_implementation="eager"
    )
    model = randomise(BertForMaskedLM(made))
    hub = BERT_SIZES | {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_act": "gelu",
        "rnn": "lstm",
        "split": 10,
    }
    network = adopt(family, hub, model.state_dict())
    return Pair(family, network, run_transformers(model), pad, mask, 40, hub)


def gena_lm(last=False):
    hub = BERT_SIZES | {"model_type": "bert", "vocab_size": 60, "hidden_act": "gelu"}
    hub |= {"pre_layer_norm": True, "last_layer_norm": last}
    tensors = drawn("gena_lm", hub)
    network = adopt("gena_lm", hub, tensors)
    return Pair("gena_lm", network, run_numpy(references.gena_lm, tensors, 4), 3, 4, 40, hub)


def gpn(family, **more):
    made = {"vocab_size": 7, "hidden_size": 24, "dilation_cycle": 2, "model_type": "ConvNet", "n_layers": LAYERS}
    if family == "gpn_promoter":
        made |= {"model_type": "GPN", "num_hidden_layers": LAYERS, "encoder": "bytenet", "embedding": "embedding"}
        made |= {"slim": True, "mlm_head_transform": False}
    hub = made | more
    tensors = drawn(family, hub)
    options = {"cycle": 2} if family == "gpn" else {"cycle": 2, "bytes_": True}
    return Pair(family, adopt(family, hub, tensors), run_numpy(references.gpn, tensors, 1, **options), 0, 1, 512, hub)


def ntv3(**more):
    hub = {"model_type": "ntv3", "alphabet_size": 11, "mask_token_id": 2, "num_downsamples": 3, "attention_heads": 2}
    hub |= {"key_size": 6, "embed_dim": 12, "conv_init_embed_dim": 12, "ffn_embed_dim": 20, "token_embed_dim": 4}
    hub |= {"num_layers": LAYERS, **more}
    tensors = drawn("ntv3", hub)
    options = {"downs": 3, "phase": more.get("deconv_phase", "odd"), "skips": more.get("use_skip_connection", True)}
    options |= {"spread": "deconv_upsample_type" in more}
    return Pair("ntv3", adopt("ntv3", hub, tensors), run_numpy(references.ntv3, tensors, 2, **options), 1, 2, 512, hub)


def modernbert(**more):
    import transformers

    hub = BERT_SIZES | {"model_type": "modernbert", "vocab_size": 60, "local_attention": 8, "norm_eps": 1e-5, **more}
    settings = {"global_attn_every_n_layers": 2, "global_rope_theta": 700.0, "local_rope_theta": 90.0} | more
    hub |= settings
    made = transformers.ModernBertConfig(
        **{key: value for key, value in hub.items() if key not in ("model_type", "max_position_embeddings")},
        **dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"), 3),
        attn_implementation="eager",
    )
    model = randomise(transformers.ModernBertForMaskedLM(made))
    network = adopt("modernbert", hub, model.state_dict())
    return Pair("modernbert", network, run_transformers(model), 3, 4, 40, hub)


DECODER_SIZES = BERT_SIZES | {
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500.0,
    "hidden_act": "silu",
    "head_dim": 6,
    "tie_word_embeddings": False,
}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3 |= {"original_max_position_embeddings": 16}


def decoder(kind, **more):
    """Llama, Qwen3, Mistral or Mixtral of transformers beside the one decoder."""
    import transformers

    hub = DECODER_SIZES | {"model_type": kind, "vocab_size": 60, **more}
    title = {"llama": "Llama", "qwen3": "Qwen3", "mistral": "Mistral", "mixtral": "Mixtral"}[kind]
    settings = {key: value for key, value in hub.items() if key not in ("model_type", "rope_theta", "rope_scaling")}
    settings["rope_parameters"] = {"rope_type": "default"} | hub.get("rope_scaling", {}) | {"rope_theta": 500.0}
    made = getattr(transformers, f"{title}Config")(**settings, attn_implementation="eager", pad_token_id=0)
    model = randomise(getattr(transformers, f"{title}ForCausalLM")(made))
    network = adopt("decoder", hub, published_names(model.state_dict()))
    return Pair("decoder", network, run_transformers(model), 0, 4, 40, hub)


def published_names(tensors):
    """transformers 5 keeps all experts in one tensor; files have one a projection of each."""
    out = {}
    for name, tensor in tensors.items():
        start = name.replace(".mlp.gate.", ".block_sparse_moe.gate.")
        if ".experts.gate_up_proj" in name:
            start = name.replace(".mlp.experts.gate_up_proj", ".block_sparse_moe.experts")
            for number, both in enumerate(tensor):
                out[f"{start}.{number}.w1.weight"], out[f"{start}.{number}.w3.weight"] = both.chunk(2)
        elif ".experts.down_proj" in name:
            start = name.replace(".mlp.experts.down_proj", ".block_sparse_moe.experts")
            out |= {f"{start}.{number}.w2.weight": each for number, each in enumerate(tensor)}
        else:
            out[start] = tensor
    return {name: tensor.contiguous() for name, tensor in out.items()}


class GatedIntermediate(nn.Module):
    """The feed-forward of Nucleotide Transformer v2's remote code, which stock ESM lacks."""

    def __init__(self, width, hidden):
        super().__init__()
        self.dense = nn.Linear(width, 2 * hidden, bias=False)

    def forward(self, x):
        half = self.dense.out_features // 2
        both = self.dense(x)
        return nn.functional.silu(both[..., :half]) * both[..., half:]


def nucleotide_transformer(version):
    from transformers import EsmConfig, EsmForMaskedLM

    vocabulary, second = (4105, False) if version == 1 else (4107, True)
    hub = BERT_SIZES | {
        "model_type": "esm",
        "vocab_size": vocabulary,
        "max_position_embeddings": 42,
        "layer_norm_eps": 1e-12,
        "mask_token_id": 2,
        "pad_token_id": 1,
        "position_embedding_type": "rotary" if second else "absolute",
        "token_dropout": not second,
        "emb_layer_norm_before": False,
        "tie_word_embeddings": False,
    }
    settings = {key: value for key, value in hub.items() if key != "model_type"}
    model = EsmForMaskedLM(EsmConfig(**settings, attn_implementation="eager"))
    if second:
        hub["add_bias_fnn"] = False
        for layer in model.esm.encoder.layer:
            layer.intermediate = GatedIntermediate(32, 48)
            layer.output.dense = nn.Linear(48, 32, bias=False)
    randomise(model)
    tensors = dict(model.state_dict())
    if second:
        tensors["esm.embeddings.position_embeddings.weight"] = torch.zeros(42, 32)
    network = adopt("nucleotide_transformer", hub, tensors)
    return Pair("nucleotide_transformer", network, run_transformers(model), 1, 2, 40, hub)


def dnabert2(heads=4):
    hub = BERT_SIZES | {"model_type": "bert", "vocab_size": 60, "alibi_starting_size": 40, "hidden_act": "gelu"}
    hub |= {"num_attention_heads": heads, "hidden_size": 4 * heads, "position_embedding_type": "absolute"}
    tensors = drawn("dnabert2", hub)
    network = adopt("dnabert2", hub, tensors)
    return Pair("dnabert2", network, run_numpy(references.dnabert2, tensors, heads), 3, 4, 40, hub)


def logo(application="encoder", convolution=False):
    hub = BERT_SIZES | {"vocab_size": 138, "embedding_size": 16, "application": application, "ngram": 3}
    hub |= {"type_vocab_size": 0, "hidden_act": "gelu", "custom_conv_layer": convolution}
    tensors = drawn("logo", hub)
    network = adopt("logo", hub, tensors)
    oracle = run_numpy(references.logo, tensors, 4, causal=application == "lm")
    return Pair("logo", network, oracle, 0, 2, 40, hub)


def hyenadna():
    hub = {"model_type": "hyenadna", "vocab_size": 12, "d_model": 32, "d_inner": 48, "n_layer": LAYERS}
    hub |= {"max_seq_len": 40, "emb_dim": 5, "filter_order": 16, "activation_freq": 10.0}
    tensors = drawn("hyenadna", hub)
    for name in tensors:
        if name.endswith(("filter_fn.implicit_filter.6.weight", "filter_fn.bias")):
            tensors[name] *= 3  # as weak as the drawn ones are, faults in them would not be seen
    network = adopt("hyenadna", hub, tensors)
    return Pair("hyenadna", network, run_numpy(references.hyenadna, tensors, 1), 4, 3, 40, hub)


def evo(second=False, **more):
    """StripedHyena 1 or 2, the longer filters of 2 not cut by the windows that are asked."""
    hub = EVO2 if second else EVO
    hub = hub | {"hidden_size": 32, "num_filters": 32, "inner_mlp_size": 48, "max_seqlen": 40} | more
    if second:
        hub["hcl_filter_groups"] = 32
    family = "evo2" if second else "evo"
    tensors = drawn(family, hub)
    for name in tensors:
        if name.endswith((".D", ".h", ".residues")):
            tensors[name] *= 60 if name.endswith(".residues") else 12
        if name.endswith(".log_poles"):
            tensors[name] = -tensors[name].abs() - 0.02  # as a trained one, a filter fades
        if name.endswith(".filter.poles"):
            tensors[name] *= 0.9 / max(1.0, float(tensors[name].square().sum(-1).max()) ** 0.5)
    options = {"theta": hub.get("rotary_emb_base", 1e4), "stretch": hub.get("rotary_emb_scaling_factor", 1.0)}
    oracle = run_numpy(references.striped, tensors, hub["num_attention_heads"], second=second, **options)
    return Pair(family, adopt(family, hub, tensors), oracle, 1, 2, 40, hub)


def drawn(family, hub):
    """Random tensors under a family's published names."""
    made = FAMILIES[family]
    return made.table.export(randomise(made.build(made.read_config(HubConfig(hub, "tiny"))), seed=5))


MAKERS = {
    "dnabert": lambda: bert("dnabert", 69, 0, 4),
    "grover": lambda: bert("grover", 61, 3, 4),
    "specieslm": lambda: bert("specieslm", 72, 0, 4),
    "nt-v1": lambda: nucleotide_transformer(1),
    "nt-v2": lambda: nucleotide_transformer(2),
    "gena-lm": gena_lm,
    "gena-lm, a last norm": lambda: gena_lm(last=True),
    "modernbert": modernbert,
    "modernbert, with biases": lambda: modernbert(
        norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True, tie_word_embeddings=False
    ),
    "ntv3": ntv3,
    "ntv3, spread": lambda: ntv3(deconv_upsample_type="DeConvUpsampleType.CONV_TRANSPOSE"),
    "ntv3, spread, even, no skips": lambda: ntv3(
        deconv_upsample_type="conv_transpose", deconv_phase="even", use_skip_connection=False
    ),
    "gpn": lambda: gpn("gpn"),
    "gpn-promoter": lambda: gpn("gpn_promoter"),
    "gpn-promoter, with biases": lambda: gpn("gpn_promoter", bias=True, slim=False),
    "dnabert-2": dnabert2,
    "dnabert-2, 12 heads": lambda: dnabert2(12),
    "llama": lambda: decoder("llama"),
    "llama, tied, with biases": lambda: decoder("llama", tie_word_embeddings=True, attention_bias=True),
    "qwen3, as MarinDNA": lambda: decoder("qwen3", rope_scaling=LLAMA3),
    "mistral": lambda: decoder("mistral", sliding_window=None),
    "mistral, a window": lambda: decoder("mistral", sliding_window=7),
    "mixtral": lambda: decoder("mixtral", num_local_experts=4, num_experts_per_tok=2),
    "mixtral, as Mistral-DNA": lambda: decoder("mixtral", num_local_experts=8, num_experts_per_tok=1),
    "hyenadna": hyenadna,
    "evo": evo,
    "evo, stretched": lambda: evo(use_interpolated_rotary_pos_emb=True, rotary_emb_scaling_factor=4.0),
    "evo2": lambda: evo(second=True),
    "evo2, stretched": lambda: evo(
        second=True, use_interpolated_rotary_pos_emb=True, rotary_emb_scaling_factor=8.0, rotary_emb_base=500.0
    ),
    "logo": logo,
    "logo, pretraining": lambda: logo("lm"),
    "logo, convolutions": lambda: logo(convolution=True),
}


def batch(pair, length, padded=False, masked=False, seed=1):
    """Draw ids and mask (3, length): rows of different lengths, some tokens hidden."""
    generator = torch.Generator().manual_seed(seed)
    vocabulary = pair.network.config.vocabulary
    ids = torch.randint(
        10 if vocabulary > 11 else 6 if pair.family == "ntv3" else 3, vocabulary, (3, length), generator=generator
    )
    ids[:, 0] = 5
    mask = torch.ones_like(ids, dtype=torch.bool)
    if masked:
        ids[0, 2:6] = pair.mask
        ids[2, length // 2] = pair.mask
    if pair.family == "logo":
        ids[0, [0, 4]] = 0
        ids[1, 3] = 0
    if padded:
        mask[1, length // 3 :] = False
        mask[2, -1] = False
        ids[~mask] = pair.pad
    return ids, mask
