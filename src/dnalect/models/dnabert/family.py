"""DNABERT (Ji 2021): a stock BERT over overlapping k-mers."""

from dnalect.models.dnabert.cards import CARDS
from dnalect.models.dnabert.config import encoder, read_config, write_config
from dnalect.models.dnabert.weights import TABLE
from dnalect.models.family import Evidence, Family, any_name
from dnalect.models.vocabulary import write_vocabulary
from dnalect.tokens.kmers import OverlappingKmers


def bert_doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against weights and config of a stock BERT."""
    out = []
    if any_name(evidence.names, ".attention.self.Wqkv."):
        out.append("its weights hold query, key and value in one projection (Wqkv), as DNABERT-2's do")
    elif not any_name(evidence.names, "bert.encoder.layer.0.attention.self.query."):
        out.append("its weights are not named as BERT's are")
    if "alibi_starting_size" in evidence.config:
        out.append("its config.json has alibi_starting_size, as DNABERT-2's does")
    if evidence.config.get("model_type", "bert") != "bert":
        out.append(f"its config.json is of the type {evidence.config['model_type']!r}")
    return out


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against DNABERT."""
    out = bert_doubts(evidence)
    if not isinstance(evidence.tokenizer, OverlappingKmers):
        out.append("it has no vocab.txt of overlapping k-mers")
    return out


FAMILY = Family(
    name="dnabert",
    title="DNABERT",
    model_types=("bert",),
    cards=CARDS,
    table=TABLE,
    encoder=encoder,
    read_config=read_config,
    write_config=write_config,
    doubts=doubts,
    write_tokenizer=write_vocabulary,
)
