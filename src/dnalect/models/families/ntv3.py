"""Nucleotide Transformer 3 (2025), as it is pretrained: a U-Net over single bases."""

from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.layers.unet import UNet, UNetSizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.single import SingleBases
from dnalect.tokens.tokenizer import Tokenizer

MASK = 2
# Bases that the published models were trained up to.
LONGEST = 1 << 20
REPEATED, SPREAD = "repeat+conv", "conv_transpose"


def read_config(hub: HubConfig) -> UNetSizes:
    """Read the config.json of a pretrained NTv3. What the network doesn't compute is a ModelError."""
    hub.must("model_type", "ntv3")
    hub.must("mask_token_id", MASK)
    hub.must("num_hidden_layers_head", 0)
    hub.must("tie_word_embeddings", False, None)
    width, heads = hub.integer("embed_dim"), hub.integer("attention_heads")
    if (stem := hub.integer("conv_init_embed_dim")) != width:
        raise ModelError(
            f"{hub.where}: conv_init_embed_dim is {stem} and embed_dim {width}; dnalect reads the published makes, "
            "whose levels all have the same width"
        )
    if (key := hub.integer("key_size")) * heads != width:
        raise ModelError(f"{hub.where}: {heads} heads of {key} channels are not the width {width}")
    up = str(hub.raw.get("deconv_upsample_type", REPEATED)).rpartition(".")[2].lower().replace("-", "_")
    if up not in (REPEATED, "repeat_conv", SPREAD):
        raise ModelError(f"{hub.where}: deconv_upsample_type is {up!r}; this family has {REPEATED!r} and {SPREAD!r}")
    return UNetSizes(
        vocabulary=hub.integer("alphabet_size", 11),
        width=width,
        layers=hub.integer("num_layers"),
        heads=heads,
        hidden=hub.integer("ffn_embed_dim"),
        longest=LONGEST,
        eps=hub.number("layer_norm_eps", 1e-5),
        downs=hub.integer("num_downsamples"),
        tokens=hub.integer("token_embed_dim"),
        spread=up == SPREAD,
        phase=str(hub.raw.get("deconv_phase", "odd")),
        skips=hub.flag("use_skip_connection", True),
    )


def write_config(config: UNetSizes, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json of NTv3's own class."""
    return {
        "architectures": ["NTv3PreTrained"],
        "model_type": "ntv3",
        "alphabet_size": config.vocabulary,
        "pad_token_id": tokenizer.special.pad,
        "mask_token_id": tokenizer.special.mask,
        "num_downsamples": config.downs,
        "attention_heads": config.heads,
        "key_size": config.width // config.heads,
        "token_embed_dim": config.tokens,
        "conv_init_embed_dim": config.width,
        "embed_dim": config.width,
        "ffn_embed_dim": config.hidden,
        "num_layers": config.layers,
        "layer_norm_eps": config.eps,
        "num_hidden_layers_head": 0,
        "use_skip_connection": config.skips,
        "deconv_upsample_type": SPREAD if config.spread else REPEATED,
        "deconv_phase": config.phase,
        "tie_word_embeddings": False,
    }


_DOWN, _UP, _LAYER = "core.conv_tower_blocks.*", "core.deconv_tower_blocks.*", "core.transformer_blocks.*"
TABLE = WeightTable(
    names={
        "words": "core.embed_layer",
        "stem": "core.stem.conv",
        "down.*.wide.norm": f"{_DOWN}.conv.layer_norm",
        "down.*.wide.conv": f"{_DOWN}.conv.conv",
        "down.*.single.norm": f"{_DOWN}.res_conv.conv_block.layer_norm",
        "down.*.single.conv": f"{_DOWN}.res_conv.conv_block.conv",
        "layers.*.attention_norm": f"{_LAYER}.self_attention_layer_norm",
        "layers.*.attention.query": f"{_LAYER}.sa_layer.query_head.linear",
        "layers.*.attention.key": f"{_LAYER}.sa_layer.key_head.linear",
        "layers.*.attention.value": f"{_LAYER}.sa_layer.value_head.linear",
        "layers.*.attention.out": f"{_LAYER}.sa_layer.mha_output",
        "layers.*.feed_forward_norm": f"{_LAYER}.final_layer_norm",
        "layers.*.feed_forward.up": f"{_LAYER}.fc1",
        "layers.*.feed_forward.down": f"{_LAYER}.fc2",
        "up.*.wide.norm": f"{_UP}.conv.layer_norm",
        "up.*.wide.conv": f"{_UP}.conv.conv",
        "up.*.single.norm": f"{_UP}.res_conv.conv_block.layer_norm",
        "up.*.single.conv": f"{_UP}.res_conv.conv_block.conv",
        "head": "core.lm_head.head",
    },
    ignored=("core.transformer_blocks.*.sa_layer.rotary_embedding.*",),
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against a pretrained NTv3."""
    out = []
    if not any_name(evidence.names, "core.conv_tower_blocks.0.conv.conv."):
        out.append("its weights are not named as NTv3's are")
    out += other_type(evidence, "ntv3")
    if not isinstance(evidence.tokenizer, SingleBases) or evidence.tokenizer.name != "ntv3":
        out.append("it has no words of single bases with NTv3's ids")
    return out


FAMILY = Family(
    "ntv3",
    "Nucleotide Transformer 3",
    ("ntv3",),
    UNetSizes,
    UNet,
    read_config,
    write_config,
    TABLE,
    doubts,
)
