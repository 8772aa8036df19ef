"""GROVER (Sanabria 2024): DNABERT's network over byte pairs."""

from dataclasses import replace

from dnalect.models.families import dnabert
from dnalect.models.families.family import Evidence
from dnalect.tokens.bpe import BytePairs


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against GROVER."""
    out = dnabert.bert_doubts(evidence)
    if not isinstance(evidence.tokenizer, BytePairs):
        out.append("it has no tokenizer.json of byte pairs")
    return out


FAMILY = replace(dnabert.FAMILY, name="grover", title="GROVER", doubts=doubts)
