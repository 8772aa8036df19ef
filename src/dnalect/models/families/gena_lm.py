"""GENA-LM (Fishman 2025): BERT with its norms before the sub-layers, over byte pairs. Its sparse makes are others."""

from dataclasses import dataclass
from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.families import dnabert
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, other_type
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer
from dnalect.models.layers.feed_forward import Plain
from dnalect.models.layers.positions import Sight
from dnalect.models.weights import WeightTable
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.tokenizer import Tokenizer

SPARSE = ("sparse_config_cls", "sparse_attention")


@dataclass(frozen=True)
class Config(dnabert.Config):
    """BERT with its norms first. last: one more norm after the last layer."""

    vocabulary: int = 32_000
    last: bool = True


def build(config: Config) -> Encoder:
    """Return the network: learned positions, pre-norm, a norm on the embeddings too."""
    attention = (Attention(config.width, config.heads, config.attention_dropout) for _ in range(config.layers))
    return Encoder(
        config,
        Embeddings(config, types=config.token_types),
        [Layer(config, each, Plain(config.width, config.hidden), pre=True) for each in attention],
        Head(config, tied=config.tied),
        Sight(config.heads),
        final_norm=config.last,
    )


def read_config(hub: HubConfig) -> Config:
    """Read BERT's config.json. Where last_layer_norm is missing, the published code has that norm."""
    if any(hub.raw.get(name) for name in SPARSE):
        raise ModelError(
            f"{hub.where}: this GENA-LM attends to random blocks, which DeepSpeed drew when it was trained, and they "
            "are not kept with its weights; gena-lm-bert-base-t2t and the other `bert` models attend to all tokens"
        )
    if hub.raw.get("pre_layer_norm") is not True:
        raise ModelError(f"{hub.where}: pre_layer_norm is missing or false, unlike what the weights are named for")
    last = hub.flag("last_layer_norm", True)
    return Config(**vars(dnabert.read_config(hub)), last=last)


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json of GENA-LM, under a model type of its own: transformers would read a stock BERT."""
    more = {"model_type": "gena_lm", "pre_layer_norm": True, "last_layer_norm": config.last}
    return dnabert.write_config(config, tokenizer) | more


_LAYER = "bert.encoder.layer.*"
TABLE = WeightTable(
    names={
        **dnabert.TABLE.names,
        "layers.*.attention_norm": f"{_LAYER}.pre_attention_ln",
        "layers.*.feed_forward_norm": f"{_LAYER}.post_attention_ln",
        "final_norm": "bert.encoder.last_layer_ln",
    },
    copies=dnabert.TABLE.copies,
    ignored=dnabert.TABLE.ignored,
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against GENA-LM."""
    out = []
    if not any_name(evidence.names, "bert.encoder.layer.0.pre_attention_ln."):
        out.append("its weights have no pre_attention_ln")
    out += other_type(evidence, "bert", "gena_lm")
    if not isinstance(evidence.tokenizer, BytePairs):
        out.append("it has no tokenizer.json of byte pairs")
    return out


FAMILY = Family("gena_lm", "GENA-LM", ("bert", "gena_lm"), Config, build, read_config, write_config, TABLE, doubts)
