"""LOGO's config: BERT as bert4keras builds it, with small embeddings and, if wanted, convolutions.

The published weights come without a config.json; dnalect asks for the dictionary that LOGO's
own scripts hand to bert4keras, with two of their arguments: `ngram`, and `application`, which
is "lm" in pretraining: there a token attends to itself and those before it only.
"""

from typing import Any

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.family import HubConfig
from dnalect.tokens.tokenizer import Tokenizer

KERNELS = (2, 3, 5)
UNKNOWN, MASK = 0, 2
# Rows beyond the last word: the scripts count the free ids twice.
SPARE = 3


def encoder(
    vocabulary: int,
    width: int = 256,
    layers: int = 2,
    heads: int = 8,
    hidden: int = 1024,
    longest: int = 512,
    embedding: int = 128,
    **others: Any,
) -> EncoderConfig:
    """Return LOGO (Yang 2022) of these sizes. <unk> is padding to it: no token attends to one."""
    sizes: dict[str, Any] = {"width": width, "layers": layers, "heads": heads, "hidden": hidden, "longest": longest}
    makes: dict[str, Any] = {"embedding": embedding, "token_types": 2, "mask_id": MASK, "blind_id": UNKNOWN}
    return EncoderConfig(vocabulary, **sizes, **(makes | others))


def read_config(hub: HubConfig) -> EncoderConfig:
    """Read the dictionary of LOGO's scripts."""
    hub.must("hidden_act", "gelu")
    hub.must("type_vocab_size", 0)
    hub.must("use_position_ids", True)
    hub.must("use_segment_ids", True)
    hub.must("multi_inputs", [])
    convolution = hub.flag("custom_conv_layer", False)
    application = hub.raw.get("application")
    width = hub.integer("hidden_size")
    return encoder(
        vocabulary=hub.integer("vocab_size"),
        width=width,
        layers=hub.integer("num_hidden_layers"),
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("intermediate_size"),
        longest=hub.integer("max_position_embeddings"),
        embedding=hub.integer("embedding_size", width),
        embedding_kernels=KERNELS if convolution else (),
        feed_forward="convolution" if convolution else "plain",
        causal=application == "lm",
        dropout=hub.number("hidden_dropout_prob", 0.0),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
    )


def write_config(config: EncoderConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the dictionary of LOGO's scripts."""
    return {
        "model_type": "logo",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "embedding_size": config.embedding_width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.longest,
        "type_vocab_size": 0,
        "hidden_act": "gelu",
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "custom_conv_layer": config.feed_forward == "convolution",
        "application": "lm" if config.causal else "encoder",
        "ngram": getattr(tokenizer, "k", None),
    }
