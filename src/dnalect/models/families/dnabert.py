"""DNABERT (Ji 2021): a stock BERT over overlapping k-mers."""

from dataclasses import dataclass
from typing import Any

from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, hub_sizes, other_type
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer
from dnalect.models.layers.feed_forward import Plain
from dnalect.models.layers.positions import Sight
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.kmers import OverlappingKmers
from dnalect.tokens.tokenizer import Tokenizer


@dataclass(frozen=True)
class Config(Sizes):
    """BERT (Devlin 2019). token_types: rows of their table. tied: the decoder is the table of token embeddings."""

    token_types: int = 2
    tied: bool = True


def build(config: Config) -> Encoder:
    """Return BERT: learned positions, post-norm."""
    return Encoder(
        config,
        Embeddings(config, types=config.token_types),
        [
            Layer(
                config,
                Attention(config.width, config.heads, config.attention_dropout),
                Plain(config.width, config.hidden),
            )
            for _ in range(config.layers)
        ],
        Head(config, tied=config.tied),
        Sight(config.heads),
    )


def read_config(hub: HubConfig) -> Config:
    """Read BERT's config.json; keys that other programs left in it (rnn, split ...) are passed over."""
    hub.must("hidden_act", "gelu")
    hub.must("position_embedding_type", "absolute")
    hub.must("is_decoder", False)
    hub.must("add_cross_attention", False)
    hub.must("pruned_heads", {}, None)
    return Config(
        **hub.sizes(),
        longest=hub.integer("max_position_embeddings"),
        token_types=hub.integer("type_vocab_size", 2),
        eps=hub.number("layer_norm_eps", 1e-12),
        tied=hub.flag("tie_word_embeddings", True),
        dropout=hub.number("hidden_dropout_prob", 0.1),
        attention_dropout=hub.number("attention_probs_dropout_prob", 0.1),
    )


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as BertForMaskedLM."""
    return {
        "architectures": ["BertForMaskedLM"],
        "model_type": "bert",
        **hub_sizes(config),
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


# As transformers writes them.
TABLE = WeightTable(
    names={
        "embeddings.words": "bert.embeddings.word_embeddings",
        "embeddings.positions": "bert.embeddings.position_embeddings",
        "embeddings.types": "bert.embeddings.token_type_embeddings",
        "embeddings.norm": "bert.embeddings.LayerNorm",
        "layers.*.attention.query": "bert.encoder.layer.*.attention.self.query",
        "layers.*.attention.key": "bert.encoder.layer.*.attention.self.key",
        "layers.*.attention.value": "bert.encoder.layer.*.attention.self.value",
        "layers.*.attention.out": "bert.encoder.layer.*.attention.output.dense",
        "layers.*.attention_norm": "bert.encoder.layer.*.attention.output.LayerNorm",
        "layers.*.feed_forward.up": "bert.encoder.layer.*.intermediate.dense",
        "layers.*.feed_forward.down": "bert.encoder.layer.*.output.dense",
        "layers.*.feed_forward_norm": "bert.encoder.layer.*.output.LayerNorm",
        "head.dense": "cls.predictions.transform.dense",
        "head.norm": "cls.predictions.transform.LayerNorm",
        "head.decoder": "cls.predictions.decoder",
        "head.bias": "cls.predictions.bias",
    },
    copies={
        "cls.predictions.decoder.weight": "embeddings.words.weight",
        "cls.predictions.decoder.bias": "head.bias",
    },
    ignored=("bert.pooler.dense.*", "bert.embeddings.position_ids", "cls.seq_relationship.*"),
    renamed={r"\.LayerNorm\.gamma$": ".LayerNorm.weight", r"\.LayerNorm\.beta$": ".LayerNorm.bias"},
)


def bert_doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against weights and config of a stock BERT."""
    out = []
    if any_name(evidence.names, ".attention.self.Wqkv."):
        out.append("its weights hold query, key and value in one projection (Wqkv), as DNABERT-2's do")
    elif not any_name(evidence.names, "bert.encoder.layer.0.attention.self.query."):
        out.append("its weights are not named as BERT's are")
    if any_name(evidence.names, ".pre_attention_ln.") or evidence.config.get("pre_layer_norm") is True:
        out.append("its norms stand before the sub-layers, as GENA-LM's do")
    if "alibi_starting_size" in evidence.config:
        out.append("its config.json has alibi_starting_size, as DNABERT-2's does")
    out += other_type(evidence, "bert")
    return out


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against DNABERT."""
    out = bert_doubts(evidence)
    if not isinstance(evidence.tokenizer, OverlappingKmers):
        out.append("it has no vocab.txt of overlapping k-mers")
    return out


FAMILY = Family("dnabert", "DNABERT", ("bert",), Config, build, read_config, write_config, TABLE, doubts)
