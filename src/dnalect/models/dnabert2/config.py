"""DNABERT-2's config: MosaicBERT, with penalties for distance and gated feed-forward layers.

Its config.json calls the positions "absolute", which is false: there is no table of positions.
"""

from typing import Any

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.family import HubConfig
from dnalect.tokens.tokenizer import Tokenizer


def encoder(
    vocabulary: int = 4096,
    width: int = 768,
    layers: int = 12,
    heads: int = 12,
    hidden: int = 3072,
    longest: int = 512,
    **others: Any,
) -> EncoderConfig:
    """Return DNABERT-2 (Zhou 2023) of these sizes; it reads longer texts than `longest` too."""
    sizes: dict[str, Any] = {"width": width, "layers": layers, "heads": heads, "hidden": hidden, "longest": longest}
    makes: dict[str, Any] = {
        "positions": "alibi",
        "feed_forward": "gated",
        "fused": True,
        "up_bias": False,
        "token_types": 2,
    }
    return EncoderConfig(vocabulary, **sizes, **(makes | others))


def read_config(hub: HubConfig) -> EncoderConfig:
    """Read MosaicBERT's config.json."""
    hub.must("hidden_act", "gelu")
    hub.must("is_decoder", False)
    hub.must("add_cross_attention", False)
    hub.must("tie_word_embeddings", True)
    return encoder(
        vocabulary=hub.integer("vocab_size"),
        width=hub.integer("hidden_size"),
        layers=hub.integer("num_hidden_layers"),
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("intermediate_size"),
        longest=hub.integer("alibi_starting_size"),
        token_types=hub.integer("type_vocab_size", 2),
        eps=hub.number("layer_norm_eps", 1e-12),
        dropout=hub.number("hidden_dropout_prob", 0.1),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
    )


def write_config(config: EncoderConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return a config.json under a model type of its own.

    The hub's says "bert", and transformers then loads a stock BERT, which is another function
    of other weights; under this one it stops with an error.
    """
    return {
        "architectures": ["BertForMaskedLM"],
        "model_type": "dnabert2",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.longest,
        "alibi_starting_size": config.longest,
        "type_vocab_size": config.token_types,
        "hidden_act": "gelu",
        "layer_norm_eps": config.eps,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "pad_token_id": tokenizer.special.pad,
    }
