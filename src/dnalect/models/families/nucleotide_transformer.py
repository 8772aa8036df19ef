"""Nucleotide Transformer, versions 1 and 2 (Dalla-Torre 2024): ESM over 6-mers side by side."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, hub_sizes, other_type
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer
from dnalect.models.layers.feed_forward import Gated, Plain
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.chunks import Chunks
from dnalect.tokens.single import SingleBases
from dnalect.tokens.tokenizer import Tokenizer

PAD, MASK = 1, 2
# ESM counts positions from the id of the padding on.
OFFSET = PAD + 1


@dataclass(frozen=True)
class Config(Sizes):
    """ESM, with or without its old parts.

    version: 1 has learned positions and a plain feed-forward, 2 rotary positions and a gated one. biases: of that
    gated one. token_dropout: masked tokens become zeros, the others are scaled; None for version 1 only. mask_id: the
    id that counts as masked. tied: the decoder is the table of token embeddings.
    """

    version: int = 2
    biases: bool = False
    token_dropout: bool | None = None
    mask_id: int = MASK
    tied: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.token_dropout is None:
            object.__setattr__(self, "token_dropout", self.version == 1)
        if self.version == 2:
            self.check(f"rotary positions need an even head width, not {self.head_width}", self.head_width % 2 == 0)
        inside = 0 <= self.mask_id < self.vocabulary
        self.check(f"the mask's id {self.mask_id} is outside the vocabulary", inside)

    @property
    def head_width(self) -> int:
        """Channels of a head."""
        return self.width // self.heads

    @property
    def positions(self) -> int | None:
        """Most tokens; rotary positions have no end."""
        return self.longest if self.version == 1 else None


def build(config: Config) -> Encoder:
    """Return ESM: pre-norm, a norm at the end and none at the beginning."""
    first = config.version == 1

    def layer() -> Layer:
        attention = Attention(config.width, config.heads, config.attention_dropout)
        if first:
            return Layer(config, attention, Plain(config.width, config.hidden), pre=True)
        gated = Gated(config.width, config.hidden, F.silu, biases=(config.biases, config.biases))
        return Layer(config, attention, gated, pre=True)

    dropped = config.mask_id if config.token_dropout else None
    return Encoder(
        config,
        Embeddings(config, table=first, offset=OFFSET if first else 0, norm=False, dropped=dropped),
        [layer() for _ in range(config.layers)],
        Head(config, tied=config.tied),
        Sight(config.heads, rotary=0 if first else config.head_width),
        final_norm=True,
    )


def read_config(hub: HubConfig) -> Config:
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
    return Config(
        version=2 if rotary else 1,
        **hub.sizes(),
        longest=hub.integer("max_position_embeddings") - OFFSET,
        biases=bias,
        token_dropout=hub.flag("token_dropout", False),
        mask_id=hub.integer("mask_token_id"),
        tied=hub.flag("tie_word_embeddings", True),
        eps=hub.number("layer_norm_eps", 1e-12),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.0),
        dropout=hub.number("hidden_dropout_prob", 0.0),
    )


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as EsmForMaskedLM (version 1; it has no version 2)."""
    written: dict[str, Any] = {
        "architectures": ["EsmForMaskedLM"],
        "model_type": "esm",
        **hub_sizes(config),
        "max_position_embeddings": config.longest + OFFSET,
        "position_embedding_type": "absolute" if config.version == 1 else "rotary",
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
    if config.version == 2:
        written["add_bias_fnn"] = config.biases
    return written


# As transformers writes them, for both versions.
TABLE = WeightTable(
    names={
        "embeddings.words": "esm.embeddings.word_embeddings",
        "embeddings.positions": "esm.embeddings.position_embeddings",
        "embeddings.norm": "esm.embeddings.layer_norm",
        "layers.*.attention.query": "esm.encoder.layer.*.attention.self.query",
        "layers.*.attention.key": "esm.encoder.layer.*.attention.self.key",
        "layers.*.attention.value": "esm.encoder.layer.*.attention.self.value",
        "layers.*.attention.out": "esm.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "esm.encoder.layer.*.attention.LayerNorm",
        "layers.*.feed_forward.up": "esm.encoder.layer.*.intermediate.dense",
        "layers.*.feed_forward.down": "esm.encoder.layer.*.output.dense",
        "layers.*.feed_forward_norm": "esm.encoder.layer.*.LayerNorm",
        "final_norm": "esm.encoder.emb_layer_norm_after",
        "head.dense": "lm_head.dense",
        "head.norm": "lm_head.layer_norm",
        "head.decoder": "lm_head.decoder",
        "head.bias": "lm_head.bias",
    },
    copies={"lm_head.decoder.weight": "embeddings.words.weight"},
    # Version 2 has rotary positions, and keeps an unused table of learned ones.
    ignored=(
        "esm.embeddings.position_embeddings.weight",
        "esm.embeddings.position_ids",
        "esm.*rotary_embeddings.inv_freq",
        "esm.contact_head.*",
        "esm.pooler.dense.*",
    ),
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against a Nucleotide Transformer."""
    out = []
    if not any_name(evidence.names, "esm.encoder.layer.0.attention.self.query."):
        out.append("its weights are not named as ESM's are")
    out += other_type(evidence, "esm")
    if not isinstance(evidence.tokenizer, Chunks | SingleBases):
        out.append("it has no vocab.txt of 6-mers with single bases, nor of single bases")
    return out


def extra(config: Config) -> dict[str, Tensor]:
    """The head for contacts in proteins, all zeros: transformers' ESM expects one."""
    maps = config.layers * config.heads
    return {
        "esm.contact_head.regression.weight": torch.zeros(1, maps),
        "esm.contact_head.regression.bias": torch.zeros(1),
    }


FAMILY = Family(
    "nucleotide_transformer",
    "Nucleotide Transformer",
    ("esm",),
    Config,
    build,
    read_config,
    write_config,
    TABLE,
    doubts,
    mask=lambda config: config.mask_id,
    extra=extra,
)
