"""GROVER (Sanabria 2024): DNABERT's network over byte pairs."""

from dnalect.models.dnabert.config import encoder, read_config, write_config
from dnalect.models.dnabert.family import bert_doubts
from dnalect.models.family import Evidence, Family
from dnalect.models.grover.cards import CARDS
from dnalect.models.grover.weights import TABLE
from dnalect.models.vocabulary import write_vocabulary
from dnalect.tokens.bpe import BytePairs


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against GROVER."""
    out = bert_doubts(evidence)
    if not isinstance(evidence.tokenizer, BytePairs):
        out.append("it has no tokenizer.json of byte pairs")
    return out


FAMILY = Family(
    name="grover",
    title="GROVER",
    model_types=("bert",),
    cards=CARDS,
    table=TABLE,
    encoder=encoder,
    read_config=read_config,
    write_config=write_config,
    doubts=doubts,
    write_tokenizer=write_vocabulary,
)
