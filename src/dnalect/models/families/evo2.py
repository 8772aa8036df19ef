"""Evo 2 (Brixi 2026): StripedHyena 2 over bytes. Sizes that were trained in FP8 are refused: see `check_precision`."""

from pathlib import PurePath
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.families.evo import common_config, names, stretch, striped
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.layers.striped import ATTENTION, LONG, MEDIUM, SHORT, Striped, StripedSizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

KIND = "stripedhyena2"
_LAYERS = {"hcl_layer_idxs": LONG, "hcm_layer_idxs": MEDIUM, "hcs_layer_idxs": SHORT, "attn_layer_idxs": ATTENTION}
# The hub's config.json says a name and nothing else; the sizes are in configs/*.yml of the evo2 package.
_7B = {
    "vocab_size": 512,
    "hidden_size": 4096,
    "num_filters": 4096,
    "hcl_layer_idxs": [2, 6, 9, 13, 16, 20, 23, 27, 30],
    "hcm_layer_idxs": [1, 5, 8, 12, 15, 19, 22, 26, 29],
    "hcs_layer_idxs": [0, 4, 7, 11, 14, 18, 21, 25, 28],
    "attn_layer_idxs": [3, 10, 17, 24, 31],
    "hcl_filter_groups": 4096,
    "hcm_filter_groups": 256,
    "hcs_filter_groups": 256,
    "hcm_filter_length": 128,
    "hcs_filter_length": 7,
    "num_layers": 32,
    "num_attention_heads": 32,
    "short_filter_length": 3,
    "short_filter_bias": False,
    "qkv_proj_bias": False,
    "interleave": True,
    "evo2_style_activations": True,
    "column_split": True,
    "column_split_hyena": False,
    "eps": 1e-6,
    "state_size": 16,
    "inner_mlp_size": 11008,
}
_STRETCHED = {"use_interpolated_rotary_pos_emb": True}
BY_NAME: dict[str, dict[str, Any]] = {
    "evo2_7b": _7B | _STRETCHED | {"inner_mlp_size": 11264, "max_seqlen": 1_048_576, "rotary_emb_scaling_factor": 128},
    "evo2_7b_262k": _7B | _STRETCHED | {"max_seqlen": 262_144, "rotary_emb_scaling_factor": 32},
    "evo2_7b_base": _7B | {"max_seqlen": 8192},
    "evo2_7b_microviridae": _7B | {"max_seqlen": 8192},
}
IN_FP8 = ("evo2_1b_base", "evo2_20b", "evo2_40b", "evo2_40b_base")


def named(config: dict[str, Any]) -> str:
    """Return the published name in a config.json of the hub, as evo2_7b; "" where there is none."""
    told = config.get("_name_or_path")
    name = PurePath(told).name.split(".pt")[0] if isinstance(told, str) else ""
    return name if name.startswith("evo2_") else ""


def check_precision(config: dict[str, Any], where: object) -> None:
    """Raise ModelError for a model whose projections were trained in FP8 and are wrong in any other precision.

    By its name, or by its config; the 7B models say `use_fp8_input_projections` too, and compute as well without.
    """
    name, seven = named(config), (config.get("hidden_size"), config.get("num_layers")) == (4096, 32)
    if name in IN_FP8 or (config.get("use_fp8_input_projections") is True and not seven):
        raise ModelError(
            f"{where}: {name or 'this Evo 2'} was trained with FP8 in its projections, and in any other precision its "
            "numbers are wrong without an error (its authors say so of 1B, 20B and 40B): it takes a GPU of the Hopper "
            "generation, Transformer Engine and the package evo2 (github.com/ArcInstitute/evo2). "
            "dnalect reads the 7B models, which compute the same in bfloat16: evo2-7b, evo2-7b-262k, evo2-7b-base"
        )


def read_config(hub: HubConfig) -> StripedSizes:
    """Read the hub's config.json, which is a name, or one with the keys of the package's configs/*.yml."""
    check_precision(hub.raw, hub.where)
    if "num_layers" not in hub.raw:
        name = named(hub.raw)
        if name not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise ModelError(f"{hub.where} says no sizes, and its _name_or_path is none of {known}")
        hub = HubConfig(BY_NAME[name] | hub.raw, hub.where)
    for name, value in (("interleave", True), ("evo2_style_activations", True), ("column_split", True)):
        if hub.must(name, value, *([] if name in hub.raw else [None])) is None:
            raise ModelError(f"{hub.where}: {name} is missing")
    for name in ("short_filter_bias", "qkv_proj_bias", "column_split_hyena", "hyena_flip_x1x2"):
        hub.must(name, False)
    for name in ("mha_out_proj_bias", "hyena_out_proj_bias", "tie_embeddings", "final_norm"):
        hub.must(name, True)
    hub.must("mlp_activation", "gelu")
    hub.must("proj_groups", 1)
    layers, width = hub.integer("num_layers"), hub.integer("hidden_size")
    hub.must("num_filters", width)
    hub.must("hcl_filter_groups", width)
    medium, near = hub.integer("hcm_filter_length"), hub.integer("hcs_filter_length")
    if not near < 128 <= medium:
        raise ModelError(
            f"{hub.where}: filters of 128 taps and more are computed in another way than shorter ones; "
            f"hcm_filter_length {medium} and hcs_filter_length {near} are on one side of it"
        )
    return StripedSizes(
        vocabulary=hub.integer("vocab_size"),
        width=width,
        layers=layers,
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("inner_mlp_size"),
        longest=hub.integer("max_seqlen"),
        eps=hub.number("eps"),
        kinds=striped(hub, layers, _LAYERS),
        second=True,
        states=hub.integer("state_size"),
        taps=hub.integer("short_filter_length"),
        medium=medium,
        near=near,
        medium_groups=hub.integer("hcm_filter_groups"),
        near_groups=hub.integer("hcs_filter_groups"),
        theta=hub.number("rotary_emb_base", 10_000.0),
        stretch=stretch(hub),
    )


def write_config(config: StripedSizes, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return config.json with the keys of the evo2 package's configs/*.yml."""
    lists = {
        key: [number for number, kind in enumerate(config.kinds) if kind == letter] for key, letter in _LAYERS.items()
    }
    return (
        common_config(config)
        | lists
        | {
            "model_type": KIND,
            "hcl_filter_groups": config.width,
            "hcm_filter_groups": config.medium_groups,
            "hcs_filter_groups": config.near_groups,
            "hcm_filter_length": config.medium,
            "hcs_filter_length": config.near,
            "interleave": True,
            "evo2_style_activations": True,
            "column_split": True,
            "column_split_hyena": False,
            "hyena_out_proj_bias": True,
            "qkv_proj_bias": False,
            "short_filter_bias": False,
        }
    )


TABLE = WeightTable(
    names=names("")
    | {
        "layers.*.mixer.filter.weight": "blocks.*.filter.h",
        "layers.*.mixer.modes.poles": "blocks.*.filter.log_poles",
    },
    copies={"unembed.weight": "embeddings.words.weight"},
    ignored=("blocks.*.inner_mha_cls.rotary_emb.inv_freq", "blocks.*.filter.t", "*._extra_state"),
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against Evo 2."""
    out = []
    if not any_name(evidence.names, ".filter.log_poles"):
        out.append("its weights hold no logarithms of poles (filter.log_poles)")
    out += other_type(evidence, KIND)
    return out


FAMILY = Family(
    "evo2",
    "Evo 2, a StripedHyena 2",
    (KIND,),
    StripedSizes,
    Striped,
    read_config,
    write_config,
    TABLE,
    doubts,
    likelihood="causal",
)
