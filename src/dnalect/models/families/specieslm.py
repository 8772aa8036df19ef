"""SpeciesLM (Karollus 2024): DNABERT's network over overlapping k-mers, which reads the name of a species first.

Its config.json says nothing of the length that it learned from: 300 bases from a stop codon on, of the model whose
table has 512 positions, and 1,003 up to a start codon, where it has 1,024.
"""

from dataclasses import dataclass
from typing import Any

from dnalect.models.families import dnabert
from dnalect.models.families.family import Evidence, Family, HubConfig
from dnalect.tokens.species import SpeciesKmers
from dnalect.tokens.tokenizer import Tokenizer

DOWNSTREAM, UPSTREAM = 300, 1003
SHORT_TABLE = 512
# The table of words is filled up to a round number.
SPARE = 128


@dataclass(frozen=True)
class Config(dnabert.Config):
    """BERT. bases: that it was trained on; longer texts are refused, though the table has places for more."""

    bases: int = UPSTREAM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"it can't read {self.bases} bases", self.bases >= 1)


def read_config(hub: HubConfig) -> Config:
    """Read BERT's config.json; trained_bases, which dnalect writes, goes above what the table of positions tells."""
    plain = dnabert.read_config(hub)
    told = DOWNSTREAM if plain.longest <= SHORT_TABLE else UPSTREAM
    return Config(**vars(plain), bases=hub.integer("trained_bases", told))


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as BertForMaskedLM, with the species that was named."""
    assert isinstance(tokenizer, SpeciesKmers)
    more = {"species": tokenizer.species, "trained_bases": config.bases}
    return dnabert.write_config(config, tokenizer) | more


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against SpeciesLM."""
    out = dnabert.bert_doubts(evidence)
    if not isinstance(evidence.tokenizer, SpeciesKmers):
        out.append("it has no file of overlapping k-mers and names of species")
    return out


FAMILY = Family(
    "specieslm",
    "SpeciesLM",
    ("bert",),
    Config,
    dnabert.build,
    read_config,
    write_config,
    dnabert.TABLE,
    doubts,
    spare=SPARE,
)
