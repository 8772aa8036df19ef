"""Evo 1 (Nguyen 2024): StripedHyena over bytes."""

from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.layers.striped import ATTENTION, LONG, Striped, StripedSizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

KIND = "stripedhyena"


def read_config(hub: HubConfig) -> StripedSizes:
    """Read the config.json of togethercomputer/evo-1-*. What the network doesn't compute is a ModelError."""
    for name in ("qkv_proj_bias", "mha_out_proj_bias", "short_filter_bias", "tie_embeddings", "final_norm"):
        hub.must(name, True)
    for name in ("smeared_gqa", "log_intermediate_values"):
        hub.must(name, False)
    hub.must("column_split_hyena", True)
    hub.must("mlp_activation", "gelu")
    hub.must("proj_groups", 1)
    hub.must("hyena_filter_groups", 1)
    layers, width = hub.integer("num_layers"), hub.integer("hidden_size")
    hub.must("num_filters", width)
    kinds = striped(hub, layers, {"attn_layer_idxs": ATTENTION, "hyena_layer_idxs": LONG})
    return StripedSizes(
        vocabulary=hub.integer("vocab_size"),
        width=width,
        layers=layers,
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("inner_mlp_size"),
        longest=hub.integer("max_seqlen"),
        eps=hub.number("eps"),
        kinds=kinds,
        states=hub.integer("state_size"),
        taps=hub.integer("short_filter_length"),
        theta=hub.number("rotary_emb_base", 10_000.0),
        stretch=stretch(hub),
    )


def striped(hub: HubConfig, layers: int, places: dict[str, str]) -> str:
    """Return the kinds of all layers, a letter each. places: a key that lists some layers -> their letter."""
    kinds = [""] * layers
    for key, letter in places.items():
        numbers = hub.raw.get(key)
        if not isinstance(numbers, list) or not all(type(each) is int and 0 <= each < layers for each in numbers):
            raise ModelError(f"{hub.where}: {key} must list some of the layers 0 to {layers - 1}, not be {numbers!r}")
        for number in numbers:
            if kinds[number]:
                raise ModelError(f"{hub.where}: layer {number} stands in two lists of layers")
            kinds[number] = letter
    if "" in kinds:
        raise ModelError(f"{hub.where}: layer {kinds.index('')} stands in none of {', '.join(places)}")
    return "".join(kinds)


def stretch(hub: HubConfig) -> float:
    """Return how far the rotary angles are stretched over longer windows: 1 where they are as they were."""
    on = hub.flag("use_interpolated_rotary_pos_emb", False)
    return hub.number("rotary_emb_scaling_factor", 1.0) if on else 1.0


def common_config(config: StripedSizes) -> dict[str, Any]:
    """Return what both versions call alike in their files."""
    return {
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_filters": config.width,
        "num_layers": config.layers,
        "num_attention_heads": config.heads,
        "inner_mlp_size": config.hidden,
        "max_seqlen": config.longest,
        "eps": config.eps,
        "state_size": config.states,
        "short_filter_length": config.taps,
        "attn_layer_idxs": [number for number, kind in enumerate(config.kinds) if kind == ATTENTION],
        "rotary_emb_base": config.theta,
        "use_interpolated_rotary_pos_emb": config.stretch != 1,
        "rotary_emb_scaling_factor": config.stretch,
        "mlp_activation": "gelu",
        "proj_groups": 1,
        "mha_out_proj_bias": True,
        "final_norm": True,
        "tie_embeddings": True,
    }


def write_config(config: StripedSizes, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json as togethercomputer/evo-1-* have it."""
    return common_config(config) | {
        "model_type": KIND,
        "architectures": ["StripedHyenaModelForCausalLM"],
        "hyena_layer_idxs": [number for number, kind in enumerate(config.kinds) if kind == LONG],
        "hyena_filter_groups": 1,
        "column_split_hyena": True,
        "qkv_proj_bias": True,
        "short_filter_bias": True,
    }


def names(prefix: str) -> dict[str, str]:
    """Return the names that both versions have. prefix: of all of theirs."""
    block = f"{prefix}blocks.*"
    return {
        "embeddings.words": f"{prefix}embedding_layer",
        "layers.*.mixer_norm.weight": f"{block}.pre_norm.scale",
        "layers.*.mixer.short.weight": f"{block}.filter.short_filter_weight",
        "layers.*.mixer.qkv": f"{block}.projections",
        "layers.*.mixer.out": f"{block}.out_filter_dense",
        "layers.*.attention.qkv": f"{block}.inner_mha_cls.Wqkv",
        "layers.*.attention.out": f"{block}.inner_mha_cls.out_proj",
        "layers.*.mixer.here": f"{block}.filter.D",
        "layers.*.mixer.modes.residues": f"{block}.filter.residues",
        "layers.*.feed_forward_norm.weight": f"{block}.post_norm.scale",
        "layers.*.feed_forward.gate": f"{block}.mlp.l1",
        "layers.*.feed_forward.up": f"{block}.mlp.l2",
        "layers.*.feed_forward.down": f"{block}.mlp.l3",
        "final_norm.weight": f"{prefix}norm.scale",
    }


_PREFIX = "backbone."
TABLE = WeightTable(
    names=names(_PREFIX)
    | {
        "layers.*.mixer.short.bias": f"{_PREFIX}blocks.*.filter.short_filter_bias",
        "layers.*.mixer.modes.poles": f"{_PREFIX}blocks.*.filter.poles",
    },
    copies={f"{_PREFIX}unembed.weight": "embeddings.words.weight"},
    ignored=(f"{_PREFIX}blocks.*.inner_mha_cls.rotary_emb.inv_freq", f"{_PREFIX}blocks.*.filter.t"),
    # Their package's own files have no prefix.
    renamed={r"^(?!backbone\.)": _PREFIX},
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against Evo 1."""
    out = []
    if not any_name(evidence.names, ".filter.poles"):
        out.append("its weights hold no poles of filters (filter.poles)")
    out += other_type(evidence, KIND)
    return out


FAMILY = Family(
    "evo",
    "Evo 1, a StripedHyena",
    (KIND,),
    StripedSizes,
    Striped,
    read_config,
    write_config,
    TABLE,
    doubts,
    likelihood="causal",
)
