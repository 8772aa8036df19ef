"""LOGO (Yang 2022) as published: a small BERT over n-grams, its weights from Keras.

The LOGO that the textbook "AI for Biologists" describes, with heads for region, chromatin and conservation, is another:
no checkpoint of it exists.
"""

import json
from pathlib import Path

from dnalect.models.family import Evidence, Family
from dnalect.models.logo.cards import CARDS
from dnalect.models.logo.config import SPARE, encoder, read_config, write_config
from dnalect.models.logo.weights import TABLE
from dnalect.tokens.ngrams import Ngrams
from dnalect.tokens.tokenizer import Tokenizer

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
    name="logo",
    title="LOGO",
    model_types=("logo",),
    cards=CARDS,
    table=TABLE,
    encoder=encoder,
    read_config=read_config,
    write_config=write_config,
    doubts=doubts,
    write_tokenizer=_no_file,
    keras=True,
    spare=SPARE,
)
