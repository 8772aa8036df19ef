"""ModernBERT (Warner 2024): ModernGENA, plant DNAModernBERT. Most layers see the tokens nearby, some see all."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn import functional as F

from dnalect.core.errors import ModelError
from dnalect.models.families.family import Evidence, Family, HubConfig, any_name, hub_sizes, other_type
from dnalect.models.layers.attention import Attention
from dnalect.models.layers.embeddings import Embeddings
from dnalect.models.layers.encoder import Encoder, Head, Layer, NearLayer
from dnalect.models.layers.feed_forward import Gated
from dnalect.models.layers.positions import Sight, TwoSights
from dnalect.models.layers.sizes import Sizes
from dnalect.models.weights import WeightTable
from dnalect.tokens.tokenizer import Tokenizer

FULL, NEAR = "full_attention", "sliding_attention"
# What the published code takes where a config.json names none.
THETAS = {FULL: 160_000.0, NEAR: 10_000.0}


@dataclass(frozen=True)
class Config(Sizes):
    """ModernBERT.

    every: of so many layers the first sees all tokens, the others `window` tokens, half of them on each side. theta,
    near_theta: bases of the rotary angles of both kinds. norm_biases, attention_biases, forward_biases, head_biases: of
    the norms, the attention, the feed-forward layers and the head's projection. tied: the decoder is the tokens' table.
    """

    width: int = 768
    layers: int = 22
    hidden: int = 1152
    longest: int = 8192
    eps: float = 1e-5
    every: int = 3
    window: int = 128
    theta: float = THETAS[FULL]
    near_theta: float = THETAS[NEAR]
    norm_biases: bool = False
    attention_biases: bool = False
    forward_biases: bool = False
    head_biases: bool = False
    tied: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check(f"rotary positions need an even head width, not {self.head}", self.head % 2 == 0)
        self.check(f"every {self.every} layers is no number of them", self.every >= 1)
        self.check(f"a window of {self.window} tokens is none", self.window >= 2)
        self.check("theta must be above 1", min(self.theta, self.near_theta) > 1)

    @property
    def head(self) -> int:
        """Channels of a head."""
        return self.width // self.heads

    @property
    def positions(self) -> None:
        """Rotary positions have no end."""


def build(config: Config) -> Encoder:
    """Return the network: pre-norm, but for the first layer, which reads embeddings that have one."""
    layers = []
    for number in range(config.layers):
        attention = Attention(
            config.width, config.heads, config.attention_dropout, fused=True, biases=config.attention_biases
        )
        biases = (config.forward_biases, config.forward_biases)
        kind = NearLayer if number % config.every else Layer
        layers.append(kind(config, attention, Gated(config.width, config.hidden, F.gelu, biases), pre=True))
    layers[0].attention_norm = nn.Identity()
    far = Sight(config.heads, rotary=config.head, base=config.theta)
    near = Sight(config.heads, rotary=config.head, base=config.near_theta, window=config.window // 2)
    return Encoder(
        config,
        Embeddings(config, table=False),
        layers,
        Head(config, tied=config.tied, biases=config.head_biases),
        TwoSights(far, near),
        final_norm=True,
    )


def read_config(hub: HubConfig) -> Config:
    """Read ModernBERT's config.json, as transformers 4 or 5 writes it. What the network doesn't compute is refused."""
    hub.must("hidden_activation", "gelu")
    hub.must("classifier_activation", "gelu")
    hub.must("decoder_bias", True)
    sizes = hub.sizes()
    thetas = _thetas(hub)
    return Config(
        **sizes,
        longest=hub.integer("max_position_embeddings", 8192),
        eps=hub.number("norm_eps", 1e-5),
        dropout=hub.number("mlp_dropout", 0.0),
        attention_dropout=hub.number("attention_dropout", 0.0),
        every=_every(hub, sizes["layers"]),
        window=hub.integer("local_attention", 128),
        theta=thetas[FULL],
        near_theta=thetas[NEAR],
        norm_biases=hub.flag("norm_bias", False),
        attention_biases=hub.flag("attention_bias", False),
        forward_biases=hub.flag("mlp_bias", False),
        head_biases=hub.flag("classifier_bias", False),
        tied=hub.flag("tie_word_embeddings", True),
    )


def _every(hub: HubConfig, layers: int) -> int:
    """How many layers from one that sees all tokens to the next: by number, or by a list of kinds."""
    kinds = hub.raw.get("layer_types")
    if kinds is None:
        return hub.integer("global_attn_every_n_layers", 3)
    whole = [number for number, kind in enumerate(kinds) if kind == FULL] if isinstance(kinds, list) else []
    every = whole[1] if len(whole) > 1 else layers
    if kinds != [NEAR if number % every else FULL for number in range(layers)]:
        raise ModelError(f"{hub.where}: layer_types alternates in another way than ModernBERT's layers do")
    return every


def _thetas(hub: HubConfig) -> dict[str, float]:
    """The bases of the rotary angles by kind of layer: older files and those of transformers 5 say them elsewhere."""
    told = hub.raw.get("rope_parameters")
    hub.must("rope_scaling", None)
    if told is None:
        far = hub.number("global_rope_theta", THETAS[FULL])
        near = hub.raw.get("local_rope_theta", THETAS[NEAR])
        return {FULL: far, NEAR: far if near is None else hub.number("local_rope_theta", THETAS[NEAR])}
    out = {}
    for kind in (FULL, NEAR):
        each = HubConfig(told.get(kind) or {}, f"{hub.where}: rope_parameters") if isinstance(told, dict) else hub
        each.must("rope_type", "default")
        out[kind] = each.number("rope_theta", THETAS[kind])
    return out


def write_config(config: Config, tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the config.json that transformers reads as ModernBertForMaskedLM."""
    ids = tokenizer.special
    kinds = [NEAR if number % config.every else FULL for number in range(config.layers)]
    return hub_sizes(config) | {
        "architectures": ["ModernBertForMaskedLM"],
        "model_type": "modernbert",
        "hidden_activation": "gelu",
        "classifier_activation": "gelu",
        "decoder_bias": True,
        "max_position_embeddings": config.longest,
        "norm_eps": config.eps,
        "mlp_dropout": config.dropout,
        "attention_dropout": config.attention_dropout,
        "global_attn_every_n_layers": config.every,
        "layer_types": kinds,
        "local_attention": config.window,
        "rope_parameters": {
            FULL: {"rope_type": "default", "rope_theta": config.theta},
            NEAR: {"rope_type": "default", "rope_theta": config.near_theta},
        },
        "norm_bias": config.norm_biases,
        "attention_bias": config.attention_biases,
        "mlp_bias": config.forward_biases,
        "classifier_bias": config.head_biases,
        "tie_word_embeddings": config.tied,
        "pad_token_id": ids.pad,
        "cls_token_id": ids.cls,
        "sep_token_id": ids.sep,
        "bos_token_id": ids.cls,
        "eos_token_id": ids.sep,
    }


_LAYER = "model.layers.*"
TABLE = WeightTable(
    names={
        "embeddings.words": "model.embeddings.tok_embeddings",
        "embeddings.norm": "model.embeddings.norm",
        "layers.*.attention_norm": f"{_LAYER}.attn_norm",
        "layers.*.attention.qkv": f"{_LAYER}.attn.Wqkv",
        "layers.*.attention.out": f"{_LAYER}.attn.Wo",
        "layers.*.feed_forward_norm": f"{_LAYER}.mlp_norm",
        "layers.*.feed_forward.up": f"{_LAYER}.mlp.Wi",
        "layers.*.feed_forward.down": f"{_LAYER}.mlp.Wo",
        "final_norm": "model.final_norm",
        "head.dense": "head.dense",
        "head.norm": "head.norm",
        "head.decoder": "decoder",
        "head.bias": "decoder.bias",
    },
    copies={"decoder.weight": "embeddings.words.weight"},
)


def doubts(evidence: Evidence) -> list[str]:
    """Say what speaks against ModernBERT."""
    out = []
    if not any_name(evidence.names, "model.layers.0.attn.Wqkv."):
        out.append("its weights are not named as ModernBERT's are")
    out += other_type(evidence, "modernbert")
    return out


# ModernGENA has 32,768 rows for 32,000 words.
SPARE = 768
FAMILY = Family(
    "modernbert",
    "ModernBERT",
    ("modernbert",),
    Config,
    build,
    read_config,
    write_config,
    TABLE,
    doubts,
    spare=SPARE,
)
