"""Nucleotide Transformer, versions 1 and 2 (Dalla-Torre 2024): ESM over 6-mers side by side."""

import torch
from torch import Tensor

from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.family import Evidence, Family, any_name
from dnalect.models.nucleotide_transformer.cards import CARDS
from dnalect.models.nucleotide_transformer.config import encoder, read_config, write_config
from dnalect.models.nucleotide_transformer.weights import TABLE
from dnalect.models.vocabulary import write_vocabulary
from dnalect.tokens.chunks import Chunks


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against a Nucleotide Transformer."""
    out = []
    if not any_name(evidence.names, "esm.encoder.layer.0.attention.self.query."):
        out.append("its weights are not named as ESM's are")
    if evidence.config.get("model_type", "esm") != "esm":
        out.append(f"its config.json is of the type {evidence.config['model_type']!r}")
    if not isinstance(evidence.tokenizer, Chunks):
        out.append("it has no vocab.txt of 6-mers with single bases")
    return out


def extra(config: EncoderConfig) -> dict[str, Tensor]:
    """The head for contacts in proteins, all zeros: transformers' ESM expects one."""
    maps = config.layers * config.heads
    return {
        "esm.contact_head.regression.weight": torch.zeros(1, maps),
        "esm.contact_head.regression.bias": torch.zeros(1),
    }


FAMILY = Family(
    name="nucleotide_transformer",
    title="Nucleotide Transformer",
    model_types=("esm",),
    cards=CARDS,
    table=TABLE,
    encoder=encoder,
    read_config=read_config,
    write_config=write_config,
    doubts=doubts,
    write_tokenizer=write_vocabulary,
    extra=extra,
)
