"""HyenaDNA (Nguyen 2023): a causal stack of Hyena over single bases, up to a million of them."""

from typing import Any

from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, headless, other_type
from dnalect.models.layers.hyena import HyenaSizes, hyena
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

KIND = "hyenadna"


def read_config(hub: HubConfig) -> HyenaSizes:
    """Read the config.json of LongSafari/hyenadna-*-hf, or of the repositories without -hf, which nest the filter's."""
    hub.must("tie_word_embeddings", False)
    inside = hub.raw.get("layer", {})
    # What the older files call by another name, or don't say at all.
    old = {"max_seq_len": inside.get("l_max"), "activation_freq": inside.get("w")} if inside else {}
    told = HubConfig(hub.raw | inside | {name: value for name, value in old.items() if value is not None}, hub.where)
    told.must("layer_norm_epsilon", 1e-5)
    told.must("hyena_order", 2)
    told.must("order", 2)
    told.must("modulate", True)
    told.must("short_filter_order", 3)
    told.must("train_freq", True)
    told.must("use_bias", True)
    told.must("attn_layer_idx", None, [])
    width, words = told.integer("d_model"), told.integer("vocab_size")
    return HyenaSizes(
        vocabulary=-(-words // (whole := told.integer("pad_vocab_size_multiple", 8))) * whole,
        width=width,
        layers=told.integer("n_layer"),
        hidden=told.integer("d_inner", 4 * width),
        longest=told.integer("max_seq_len"),
        places=told.integer("emb_dim"),
        filter=told.integer("filter_order"),
        inner=told.integer("num_inner_mlps", 2),
        frequency=told.number("activation_freq"),
        headless=headless(hub),
    )


def write_config(config: HyenaSizes, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json as LongSafari/hyenadna-*-hf have it."""
    return {
        "model_type": KIND,
        "architectures": ["HyenaDNAForSequenceClassification" if config.headless else "HyenaDNAForCausalLM"],
        "vocab_size": config.vocabulary,
        "pad_vocab_size_multiple": 8,
        "d_model": config.width,
        "n_layer": config.layers,
        "d_inner": config.hidden,
        "max_seq_len": config.longest,
        "emb_dim": config.places,
        "filter_order": config.filter,
        "num_inner_mlps": config.inner,
        "activation_freq": config.frequency,
        "layer_norm_epsilon": config.eps,
        "hyena_order": 2,
        "short_filter_order": config.taps,
        "train_freq": True,
        "use_bias": True,
        "tie_word_embeddings": False,
        "pad_token_id": tokenizer.special.pad,
    }


_LAYER = "hyena.backbone.layers.*"
_FILTER = f"{_LAYER}.mixer.filter_fn"
TABLE = WeightTable(
    names={
        "embeddings.words": "hyena.backbone.embeddings.word_embeddings",
        "layers.*.mixer_norm": f"{_LAYER}.norm1",
        "layers.*.mixer.qkv": f"{_LAYER}.mixer.in_proj",
        "layers.*.mixer.short": f"{_LAYER}.mixer.short_filter",
        "layers.*.mixer.filter.here": f"{_FILTER}.bias",
        "layers.*.mixer.filter.places": f"{_FILTER}.pos_emb.z",
        "layers.*.mixer.filter.share": f"{_FILTER}.pos_emb.t",
        "layers.*.mixer.filter.fading": f"{_FILTER}.modulation.deltas",
        "layers.*.mixer.filter.frequency": f"{_FILTER}.implicit_filter.1.freq",
        "layers.*.mixer.filter.network.*": f"{_FILTER}.implicit_filter.*",
        "layers.*.mixer.out": f"{_LAYER}.mixer.out_proj",
        "layers.*.feed_forward_norm": f"{_LAYER}.norm2",
        "layers.*.feed_forward.up": f"{_LAYER}.mlp.fc1",
        "layers.*.feed_forward.down": f"{_LAYER}.mlp.fc2",
        "final_norm": "hyena.backbone.ln_f",
        "head": "lm_head",
    },
    # One frequency, which some files repeat for each sine.
    copies={f"{_FILTER}.implicit_filter.*.freq": "layers.*.mixer.filter.frequency"},
    ignored=("score.weight",),
    # The training code's own names; with checkpointing it wraps each part in another one.
    renamed={
        r"^model\.backbone\.": "hyena.backbone.",
        r"^model\.lm_head\.": "lm_head.",
        r"\.(mixer|mlp)\.layer\.": r".\1.",
    },
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against HyenaDNA."""
    out = []
    if not any_name(evidence.names, ".filter_fn.implicit_filter."):
        out.append("its weights hold no implicit filters (filter_fn.implicit_filter)")
    # The older files name no type.
    out += other_type(evidence, KIND)
    return out


FAMILY = Family(
    "hyenadna",
    "HyenaDNA",
    (KIND,),
    HyenaSizes,
    hyena,
    read_config,
    write_config,
    TABLE,
    doubts,
    spare=7,
    multiple=8,
    likelihood="causal",
)
