"""DNABERT's config: a stock BERT. GROVER shares it."""

from typing import Any

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.family import HubConfig
from dnalect.tokens.tokenizer import Tokenizer


def encoder(
    vocabulary: int,
    width: int = 768,
    layers: int = 12,
    heads: int = 12,
    hidden: int = 3072,
    longest: int = 512,
    **others: Any,
) -> EncoderConfig:
    """Return BERT (Devlin 2019) of these sizes: learned positions, post-norm, tied decoder."""
    sizes: dict[str, Any] = {"width": width, "layers": layers, "heads": heads, "hidden": hidden, "longest": longest}
    return EncoderConfig(vocabulary, **sizes, **({"token_types": 2} | others))


def read_config(hub: HubConfig) -> EncoderConfig:
    """Read BERT's config.json; keys that other programs left in it (rnn, split ...) are passed over."""
    hub.must("hidden_act", "gelu")
    hub.must("position_embedding_type", "absolute")
    hub.must("is_decoder", False)
    hub.must("add_cross_attention", False)
    hub.must("pruned_heads", {}, None)
    return encoder(
        vocabulary=hub.integer("vocab_size"),
        width=hub.integer("hidden_size"),
        layers=hub.integer("num_hidden_layers"),
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("intermediate_size"),
        longest=hub.integer("max_position_embeddings"),
        token_types=hub.integer("type_vocab_size", 2),
        eps=hub.number("layer_norm_eps", 1e-12),
        tied=hub.flag("tie_word_embeddings", True),
        dropout=hub.number("hidden_dropout_prob", 0.1),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.1),
    )


def write_config(config: EncoderConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as BertForMaskedLM."""
    return {
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.longest,
        "type_vocab_size": config.token_types,
        "hidden_act": "gelu",
        "layer_norm_eps": config.eps,
        "tie_word_embeddings": config.tied,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "position_embedding_type": "absolute",
        "pad_token_id": tokenizer.special.pad,
    }
