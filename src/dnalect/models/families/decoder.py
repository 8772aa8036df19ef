"""Causal decoders over DNA: Llama, Qwen3, Mistral and Mixtral are one network with a few choices.

MarinDNA is a Qwen3, GENERator and Carbon are Llamas, GenomeOcean is a Mistral, Mistral-DNA a Mixtral.
"""

from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, headless, hub_sizes, other_type
from dnalect.models.layers.decoder import Decoder, DecoderSizes
from dnalect.models.layers.positions import Scaling
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

KINDS = ("llama", "qwen3", "mistral", "mixtral")
CLASSES = {"llama": "Llama", "qwen3": "Qwen3", "mistral": "Mistral", "mixtral": "Mixtral"}
# What the published code takes where a config.json names none.
THETA = 10_000.0


def read_config(hub: HubConfig) -> DecoderSizes:
    """Read the config.json of one of KINDS. What the network doesn't compute is a ModelError."""
    kind = hub.must("model_type", *KINDS)
    hub.must("hidden_act", "silu")
    hub.must("mlp_bias", False)
    hub.must("use_sliding_window", False, None)
    hub.must("partial_rotary_factor", 1.0, None)
    sizes = hub.sizes()
    head = hub.raw.get("head_dim")
    if head is None and kind == "qwen3":
        raise ModelError(f"{hub.where}: head_dim is missing, which a qwen3 has")
    if head is None and sizes["width"] % sizes["heads"]:
        raise ModelError(f"{hub.where}: {sizes['heads']} heads do not divide the width {sizes['width']}")
    theta, scaling = _rotary(hub)
    mixed = kind == "mixtral"
    return DecoderSizes(
        **sizes,
        longest=hub.integer("max_position_embeddings"),
        eps=hub.number("rms_norm_eps"),
        attention_dropout=hub.number("attention_dropout", 0.0),
        groups=hub.integer("num_key_value_heads", sizes["heads"] if kind == "llama" else None),
        head=hub.integer("head_dim") if head is not None else sizes["width"] // sizes["heads"],
        theta=theta,
        scaling=scaling,
        window=_window(hub, kind),
        biases=hub.flag("attention_bias", False),
        normed=kind == "qwen3",
        experts=hub.integer("num_local_experts") if mixed else 1,
        used=hub.integer("num_experts_per_tok") if mixed else 1,
        tied=hub.flag("tie_word_embeddings", False),
        headless=headless(hub),
    )


def _rotary(hub: HubConfig) -> tuple[float, Scaling | None]:
    """Base and scaling of the rotary angles: older files and those of transformers 5 say them in other places."""
    old, new = (hub.raw.get(name) or {} for name in ("rope_scaling", "rope_parameters"))
    if not isinstance(old, dict) or not isinstance(new, dict):
        raise ModelError(f"{hub.where}: rope_scaling and rope_parameters are tables")
    bases = {each for each in (hub.raw.get("rope_theta"), new.get("rope_theta")) if each is not None}
    if len(bases) > 1 or (old and new and any(old[key] != new[key] for key in old.keys() & new.keys())):
        raise ModelError(f"{hub.where}: rope_theta and rope_scaling contradict rope_parameters")
    both = HubConfig({"rope_theta": next(iter(bases), THETA)} | new | old, hub.where)
    kind = both.raw.get("rope_type", both.raw.get("type", "default"))
    both.must("partial_rotary_factor", 1.0, None)
    theta = both.number("rope_theta")
    if kind == "default":
        return theta, None
    if kind != "llama3":
        raise ModelError(f"{hub.where}: rotary angles are scaled by {kind!r}; this family has 'llama3' and none only")
    factor, low, high = (both.number(name) for name in ("factor", "low_freq_factor", "high_freq_factor"))
    return theta, Scaling(factor, low, high, both.integer("original_max_position_embeddings"))


def _window(hub: HubConfig, kind: str) -> int | None:
    """Tokens that one attends to. Of a Mistral it must be said: the published code takes 4,096 where it isn't."""
    kinds = hub.raw.get("layer_types")
    if kinds is not None and (not isinstance(kinds, list) or {*kinds} != {"full_attention"}):
        raise ModelError(f"{hub.where}: layer_types names layers that see only a part; this family has none")
    if kind not in ("mistral", "mixtral"):
        return None
    if kind == "mistral" and "sliding_window" not in hub.raw:
        raise ModelError(f"{hub.where}: sliding_window is missing: a number of tokens, or null for all of them")
    return None if hub.raw.get("sliding_window") is None else hub.integer("sliding_window")


def write_config(config: DecoderSizes, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json as transformers writes it."""
    kind = _kind(config)
    ending = "ForSequenceClassification" if config.headless else "ForCausalLM"
    head, tail = (side[0] if side else None for side in (tokenizer.head, tokenizer.tail))
    out = hub_sizes(config) | {
        "model_type": kind,
        "architectures": [CLASSES[kind] + ending],
        "hidden_act": "silu",
        "max_position_embeddings": config.longest,
        "rms_norm_eps": config.eps,
        "attention_dropout": config.attention_dropout,
        "num_key_value_heads": config.groups,
        "head_dim": config.head,
        "rope_theta": config.theta,
        "tie_word_embeddings": config.tied,
        "bos_token_id": head,
        "eos_token_id": tail,
        "pad_token_id": tokenizer.special.pad,
    }
    if config.scaling is not None:
        scaling = config.scaling
        out["rope_scaling"] = {
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low,
            "high_freq_factor": scaling.high,
            "original_max_position_embeddings": scaling.original,
        }
    if kind in ("mistral", "mixtral"):
        out["sliding_window"] = config.window
    else:
        out["attention_bias"] = config.biases
    if kind == "mixtral":
        out |= {"num_local_experts": config.experts, "num_experts_per_tok": config.used}
    return out


def _kind(config: DecoderSizes) -> str:
    if config.experts > 1:
        return "mixtral"
    if config.normed:
        return "qwen3"
    return "llama" if config.window is None or config.biases else "mistral"


_LAYER = "model.layers.*"
TABLE = WeightTable(
    names={
        "embeddings.words": "model.embed_tokens",
        "layers.*.attention_norm": f"{_LAYER}.input_layernorm",
        "layers.*.attention.query": f"{_LAYER}.self_attn.q_proj",
        "layers.*.attention.key": f"{_LAYER}.self_attn.k_proj",
        "layers.*.attention.value": f"{_LAYER}.self_attn.v_proj",
        "layers.*.attention.out": f"{_LAYER}.self_attn.o_proj",
        "layers.*.attention.query_norm": f"{_LAYER}.self_attn.q_norm",
        "layers.*.attention.key_norm": f"{_LAYER}.self_attn.k_norm",
        "layers.*.feed_forward_norm": f"{_LAYER}.post_attention_layernorm",
        "layers.*.feed_forward.gate": f"{_LAYER}.mlp.gate_proj",
        "layers.*.feed_forward.up": f"{_LAYER}.mlp.up_proj",
        "layers.*.feed_forward.down": f"{_LAYER}.mlp.down_proj",
        "layers.*.feed_forward.router": f"{_LAYER}.block_sparse_moe.gate",
        "layers.*.feed_forward.experts.*.gate": f"{_LAYER}.block_sparse_moe.experts.*.w1",
        "layers.*.feed_forward.experts.*.up": f"{_LAYER}.block_sparse_moe.experts.*.w3",
        "layers.*.feed_forward.experts.*.down": f"{_LAYER}.block_sparse_moe.experts.*.w2",
        "final_norm": "model.norm",
        "head": "lm_head",
    },
    copies={"lm_head.weight": "embeddings.words.weight"},
    ignored=("model.layers.*.self_attn.rotary_emb.inv_freq", "score.weight"),
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against a causal decoder."""
    out = []
    if not any_name(evidence.names, "model.layers.0.self_attn.q_proj."):
        out.append("its weights are not named as those of Llama, Qwen3 and Mistral are")
    out += other_type(evidence, *KINDS, told=True)
    return out


FAMILY = Family(
    "decoder",
    "causal decoder",
    KINDS,
    DecoderSizes,
    Decoder,
    read_config,
    write_config,
    TABLE,
    doubts,
    likelihood="causal",
)
