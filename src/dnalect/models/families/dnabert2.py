"""DNABERT-2 (Zhou 2023): MosaicBERT over byte pairs. It is no stock BERT, whatever its config says.

Its config.json calls the positions "absolute", which is false: there is no table of positions.
"""

from dataclasses import dataclass
from typing import Any

from torch.nn import functional as F

from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, hub_sizes
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer
from dnalect.models.layers.feed_forward import Gated
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.tokenizer import Tokenizer


@dataclass(frozen=True)
class Config(Sizes):
    """MosaicBERT; it reads longer texts than `longest` too. token_types: rows of their table."""

    vocabulary: int = 4096
    token_types: int = 2

    @property
    def positions(self) -> None:
        """There is no end."""


def build(config: Config) -> Encoder:
    """Return MosaicBERT: penalties for distance, gated feed-forward layers, fused projections, post-norm."""
    return Encoder(
        config,
        Embeddings(config, types=config.token_types, table=False),
        [
            Layer(
                config,
                Attention(config.width, config.heads, config.attention_dropout, fused=True),
                Gated(config.width, config.hidden, F.gelu, biases=(False, True)),
            )
            for _ in range(config.layers)
        ],
        Head(config),
        Sight(config.heads, alibi=True),
    )


def read_config(hub: HubConfig) -> Config:
    """Read MosaicBERT's config.json."""
    hub.must("hidden_act", "gelu")
    hub.must("is_decoder", False)
    hub.must("add_cross_attention", False)
    hub.must("tie_word_embeddings", True)
    return Config(
        **hub.sizes(),
        longest=hub.integer("alibi_starting_size"),
        token_types=hub.integer("type_vocab_size", 2),
        eps=hub.number("layer_norm_eps", 1e-12),
        dropout=hub.number("hidden_dropout_prob", 0.1),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
    )


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return a config.json under a model type of its own.

    The hub's says "bert", and transformers then loads a stock BERT, which is another function
    of other weights; under this one it stops with an error.
    """
    return {
        "architectures": ["BertForMaskedLM"],
        "model_type": "dnabert2",
        **hub_sizes(config),
        "max_position_embeddings": config.longest,
        "alibi_starting_size": config.longest,
        "type_vocab_size": config.token_types,
        "hidden_act": "gelu",
        "layer_norm_eps": config.eps,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "pad_token_id": tokenizer.special.pad,
    }


# MosaicBERT's, with one projection for query, key and value.
TABLE = WeightTable(
    names={
        "embeddings.words": "bert.embeddings.word_embeddings",
        "embeddings.types": "bert.embeddings.token_type_embeddings",
        "embeddings.norm": "bert.embeddings.LayerNorm",
        "layers.*.attention.qkv": "bert.encoder.layer.*.attention.self.Wqkv",
        "layers.*.attention.out": "bert.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "bert.encoder.layer.*.attention.output.LayerNorm",
        "layers.*.feed_forward.up": "bert.encoder.layer.*.mlp.gated_layers",
        "layers.*.feed_forward.down": "bert.encoder.layer.*.mlp.wo",
        "layers.*.feed_forward_norm": "bert.encoder.layer.*.mlp.layernorm",
        "head.dense": "cls.predictions.transform.dense",
        "head.norm": "cls.predictions.transform.LayerNorm",
        "head.bias": "cls.predictions.decoder.bias",
    },
    copies={"cls.predictions.decoder.weight": "embeddings.words.weight"},
    ignored=("bert.pooler.dense.*", "bert.embeddings.position_ids"),
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against DNABERT-2."""
    out = []
    if not any_name(evidence.names, "encoder.layer.0.attention.self.Wqkv."):
        out.append("its weights have no Wqkv: they are not DNABERT-2's, but those of a stock BERT, say")
    if "alibi_starting_size" not in evidence.config:
        out.append("its config.json has no alibi_starting_size: it is a stock BERT's")
    if not isinstance(evidence.tokenizer, BytePairs):
        out.append("it has no tokenizer.json of byte pairs")
    return out


FAMILY = Family("dnabert2", "DNABERT-2", ("bert", "dnabert2"), Config, build, read_config, write_config, TABLE, doubts)
