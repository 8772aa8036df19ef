"""DNABERT-2 (Zhou 2023): MosaicBERT over byte pairs. It is no stock BERT, whatever its config says."""

from dnalect.models.dnabert2.cards import CARDS
from dnalect.models.dnabert2.config import encoder, read_config, write_config
from dnalect.models.dnabert2.weights import TABLE
from dnalect.models.family import Evidence, Family, any_name
from dnalect.models.vocabulary import write_vocabulary
from dnalect.tokens.bpe import BytePairs


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against DNABERT-2."""
    out = []
    if not any_name(evidence.names, "encoder.layer.0.attention.self.Wqkv."):
        out.append("its weights have no Wqkv: they are not DNABERT-2's, but those of a stock BERT, say")
    if "alibi_starting_size" not in evidence.config:
        out.append("its config.json has no alibi_starting_size: it is a stock BERT's")
    if not isinstance(evidence.tokenizer, BytePairs):
        out.append("it has no tokenizer.json of byte pairs")
    return out


FAMILY = Family(
    name="dnabert2",
    title="DNABERT-2",
    model_types=("bert", "dnabert2"),
    cards=CARDS,
    table=TABLE,
    encoder=encoder,
    read_config=read_config,
    write_config=write_config,
    doubts=doubts,
    write_tokenizer=write_vocabulary,
)
