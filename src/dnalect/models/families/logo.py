"""LOGO (Yang 2022) as published: a small BERT over n-grams as bert4keras builds it, its weights from Keras.

The published weights come without a config.json; dnalect asks for the dictionary that LOGO's own scripts hand to
bert4keras, with two of their arguments: `ngram`, and `application`, which is "lm" in pretraining: there a token
attends to itself and those before it only.
The LOGO that the textbook "AI for Biologists" describes, with heads for region, chromatin and conservation, is another:
no checkpoint of it exists.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnalect.models.families.family import Evidence, Family, HubConfig
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer
from dnalect.models.layers.feed_forward import Convolution, Plain
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.tokenizer import Tokenizer

KERNELS = (2, 3, 5)
UNKNOWN, MASK = 0, 2
# Rows beyond the last word: the scripts count the free ids twice.
SPARE = 3
# What LOGO's pretraining script builds for 5-grams.
EXAMPLE = {
    "model_type": "logo",
    "vocab_size": 5**5 + 13,
    "hidden_size": 256,
    "embedding_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "intermediate_size": 1024,
    "max_position_embeddings": 512,
    "type_vocab_size": 0,
    "hidden_act": "gelu",
    "application": "lm",
    "ngram": 5,
}


@dataclass(frozen=True)
class Config(Sizes):
    """bert4keras's BERT with small embeddings. <unk> is padding to it: no token attends to one.

    embedding: channels of the token embeddings, projected to `width` where they are fewer. convolution: over the
    embeddings, and in place of the feed-forward layers. causal: a token attends to itself and those before it only.
    """

    width: int = 256
    layers: int = 2
    heads: int = 8
    hidden: int = 1024
    embedding: int = 128
    convolution: bool = False
    causal: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        sentence = "a causal encoder can't read tokens to its right by a convolution"
        self.check(sentence, not (self.causal and self.convolution))


def build(config: Config) -> Encoder:
    """Return BERT of this make: learned positions, post-norm, the decoder tied to the small embeddings."""

    def layer() -> Layer:
        attention = Attention(config.width, config.heads, config.attention_dropout)
        if config.convolution:
            return Layer(config, attention, Convolution(config.width, 3))
        return Layer(config, attention, Plain(config.width, config.hidden))

    kernels = KERNELS if config.convolution else ()
    return Encoder(
        config,
        Embeddings(config, embedding=config.embedding, kernels=kernels, types=2),
        [layer() for _ in range(config.layers)],
        Head(config, config.embedding),
        Sight(config.heads, blind_id=UNKNOWN, causal=config.causal),
    )


def read_config(hub: HubConfig) -> Config:
    """Read the dictionary of LOGO's scripts."""
    hub.must("hidden_act", "gelu")
    hub.must("type_vocab_size", 0)
    hub.must("use_position_ids", True)
    hub.must("use_segment_ids", True)
    hub.must("multi_inputs", [])
    return Config(
        **hub.sizes(),
        longest=hub.integer("max_position_embeddings"),
        embedding=hub.integer("embedding_size", hub.integer("hidden_size")),
        convolution=hub.flag("custom_conv_layer", False),
        causal=hub.raw.get("application") == "lm",
        dropout=hub.number("hidden_dropout_prob", 0.0),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
    )


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the dictionary of LOGO's scripts."""
    return {
        "model_type": "logo",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "embedding_size": config.embedding,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.longest,
        "type_vocab_size": 0,
        "hidden_act": "gelu",
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "custom_conv_layer": config.convolution,
        "application": "lm" if config.causal else "encoder",
        "ngram": getattr(tokenizer, "k", None),
    }


# bert4keras layers, each with its weights in the order of creation.
_ATTENTION = "Transformer-*-MultiHeadSelfAttention"
_FORWARD = "Transformer-*-FeedForward"

TABLE = WeightTable(
    names={
        "embeddings.words.weight": "Embedding-Token/0.embeddings",
        "embeddings.types.weight": "Embedding-Segment/0.embeddings",
        "embeddings.positions.weight": "Embedding-Position/0.embeddings",
        "embeddings.convolutions.*.conv.weight": "Embedding-Token-Conv1D-*/0.kernel",
        "embeddings.convolutions.*.conv.bias": "Embedding-Token-Conv1D-*/1.bias",
        "embeddings.norm.weight": "Embedding-Norm/1.gamma",
        "embeddings.norm.bias": "Embedding-Norm/0.beta",
        "embeddings.projection.weight": "Embedding-Mapping/0.kernel",
        "embeddings.projection.bias": "Embedding-Mapping/1.bias",
        "layers.*.attention.query.weight": f"{_ATTENTION}/0.kernel",
        "layers.*.attention.query.bias": f"{_ATTENTION}/1.bias",
        "layers.*.attention.key.weight": f"{_ATTENTION}/2.kernel",
        "layers.*.attention.key.bias": f"{_ATTENTION}/3.bias",
        "layers.*.attention.value.weight": f"{_ATTENTION}/4.kernel",
        "layers.*.attention.value.bias": f"{_ATTENTION}/5.bias",
        "layers.*.attention.out.weight": f"{_ATTENTION}/6.kernel",
        "layers.*.attention.out.bias": f"{_ATTENTION}/7.bias",
        "layers.*.attention_norm.weight": f"{_ATTENTION}-Norm/1.gamma",
        "layers.*.attention_norm.bias": f"{_ATTENTION}-Norm/0.beta",
        "layers.*.feed_forward.up.weight": f"{_FORWARD}/0.kernel",
        "layers.*.feed_forward.up.bias": f"{_FORWARD}/1.bias",
        "layers.*.feed_forward.down.weight": f"{_FORWARD}/2.kernel",
        "layers.*.feed_forward.down.bias": f"{_FORWARD}/3.bias",
        "layers.*.feed_forward.conv.weight": f"{_FORWARD}_Conv1D/0.kernel",
        "layers.*.feed_forward.conv.bias": f"{_FORWARD}_Conv1D/1.bias",
        "layers.*.feed_forward_norm.weight": f"{_FORWARD}-Norm/1.gamma",
        "layers.*.feed_forward_norm.bias": f"{_FORWARD}-Norm/0.beta",
        "head.dense.weight": "MLM-Dense/0.kernel",
        "head.dense.bias": "MLM-Dense/1.bias",
        "head.norm.weight": "MLM-Norm/1.gamma",
        "head.norm.bias": "MLM-Norm/0.beta",
        "head.bias": "MLM-Bias/0.bias",
    },
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against LOGO."""
    out = []
    if "Embedding-Token/0.embeddings" not in evidence.names:
        out.append("its weights are not named as bert4keras names them")
    if evidence.config.get("application") not in ("lm", "encoder") or not isinstance(evidence.tokenizer, Ngrams):
        out.append(
            "LOGO's hdf5 needs a config.json beside it, with ngram and application ('lm' as in pretraining, "
            f"'encoder' for attention to both sides), such as {json.dumps(EXAMPLE)}"
        )
    return out


def _no_file(tokenizer: Tokenizer, folder: Path, longest: int | None) -> None:
    """LOGO has no file of words: `ngram` in config.json says it all."""


FAMILY = Family(
    "logo",
    "LOGO",
    ("logo",),
    Config,
    build,
    read_config,
    write_config,
    TABLE,
    doubts,
    mask=lambda _: MASK,
    write_tokenizer=_no_file,
    keras=True,
    spare=SPARE,
)
