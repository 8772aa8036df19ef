"""The configs of the Nucleotide Transformers, both versions: ESM with or without its old parts."""

from typing import Any

from dnalect.core.errors import ModelError
from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.family import HubConfig
from dnalect.tokens.tokenizer import Tokenizer

PAD, MASK = 1, 2
# ESM counts positions from the id of the padding on.
OFFSET = PAD + 1


def encoder(
    version: int,
    vocabulary: int,
    width: int,
    layers: int,
    heads: int,
    hidden: int,
    longest: int,
    **others: Any,
) -> EncoderConfig:
    """Return a Nucleotide Transformer (Dalla-Torre 2024): pre-norm, its decoder not tied.

    version 1: learned positions, token dropout, plain feed-forward. version 2: rotary
    positions, gated feed-forward without biases, no token dropout.
    """
    sizes: dict[str, Any] = {"width": width, "layers": layers, "heads": heads, "hidden": hidden, "longest": longest}
    makes: dict[str, Any] = {"norm": "pre", "final_norm": True, "embedding_norm": False, "tied": False, "mask_id": MASK}
    if version == 1:
        makes |= {"position_offset": OFFSET, "token_dropout": True}
    else:
        makes |= {"positions": "rotary", "feed_forward": "gated", "activation": "silu"}
        makes |= {"up_bias": False, "down_bias": False}
    return EncoderConfig(vocabulary, **sizes, **(makes | others))


def read_config(hub: HubConfig) -> EncoderConfig:
    """Read ESM's config.json. What tells version 2 are rotary positions and `add_bias_fnn`."""
    hub.must("emb_layer_norm_before", False, None)
    hub.must("is_folding_model", False)
    hub.must("is_decoder", False)
    hub.must("add_cross_attention", False)
    hub.must("pad_token_id", PAD)
    rotary = hub.must("position_embedding_type", "absolute", "rotary") == "rotary"
    gated = "add_bias_fnn" in hub.raw
    bias = hub.flag("add_bias_fnn", True)
    if rotary != gated:
        raise ModelError(
            f"{hub.where} is of neither version: 1 has absolute positions and no add_bias_fnn, "
            "2 has rotary positions and add_bias_fnn"
        )
    return encoder(
        version=2 if rotary else 1,
        vocabulary=hub.integer("vocab_size"),
        width=hub.integer("hidden_size"),
        layers=hub.integer("num_hidden_layers"),
        heads=hub.integer("num_attention_heads"),
        hidden=hub.integer("intermediate_size"),
        longest=hub.integer("max_position_embeddings") - OFFSET,
        up_bias=bias,
        down_bias=bias,
        token_dropout=hub.flag("token_dropout", False),
        mask_id=hub.integer("mask_token_id"),
        tied=hub.flag("tie_word_embeddings", True),
        eps=hub.number("layer_norm_eps", 1e-12),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
        dropout=hub.number("hidden_dropout_prob", 0.0),
    )


def write_config(config: EncoderConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as EsmForMaskedLM (version 1; it has no version 2)."""
    written: dict[str, Any] = {
        "architectures": ["EsmForMaskedLM"],
        "model_type": "esm",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": config.hidden,
        "max_position_embeddings": config.longest + OFFSET,
        "position_embedding_type": "rotary" if config.positions == "rotary" else "absolute",
        "layer_norm_eps": config.eps,
        "token_dropout": config.token_dropout,
        "emb_layer_norm_before": False,
        "is_folding_model": False,
        "tie_word_embeddings": config.tied,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.attention_dropout,
        "pad_token_id": tokenizer.special.pad,
        "mask_token_id": tokenizer.special.mask,
        "vocab_list": None,
        "esmfold_config": None,
    }
    if config.feed_forward == "gated":
        written["add_bias_fnn"] = config.up_bias
    return written
