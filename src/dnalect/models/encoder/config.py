"""What an encoder can be: every difference between the published networks is a field here."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

from dnalect.core.errors import ConfigError

Positions = Literal["learned", "alibi", "rotary"]
Norm = Literal["post", "pre"]
FeedForward = Literal["plain", "gated", "convolution"]
Activation = Literal["gelu", "silu"]

# Far beyond any published model; what lies above is a damaged or a hostile file.
LARGEST = {
    "vocabulary": 1 << 22,
    "width": 1 << 15,
    "layers": 256,
    "heads": 1 << 10,
    "hidden": 1 << 17,
    "longest": 1 << 22,
    "embedding": 1 << 15,
    "token_types": 1 << 10,
    "position_offset": 1 << 10,
}
LEAST = {"token_types": 0, "position_offset": 0, "embedding": 0}
_SORTS: dict[object, tuple[type, ...]] = {
    int: (int,),
    bool: (bool,),
    float: (int, float),
    int | None: (int, type(None)),
}


@dataclass(frozen=True)
class EncoderConfig:
    """The sizes and the choices of one encoder.

    vocabulary: tokens. width: channels of the stack. layers, heads: their numbers.
    hidden: inner channels of a feed-forward layer (of each half where it is gated).
    longest: tokens that it was made for; a table of learned positions ends there.
    positions: "learned" (a table), "alibi" (a penalty that grows with the distance; Press
    2022, on both sides) or "rotary" (Su 2021, split halves). position_offset: rows that the
    table of learned positions skips. token_types: rows of a table of token types, of which
    only the first is used; 0: no table.
    embedding: channels of the token embeddings, projected to `width` where they are fewer;
    0 means `width`. embedding_norm: LayerNorm on the embeddings.
    embedding_kernels: distinct widths of convolutions; their sum replaces the embeddings.
    norm: LayerNorm after each residual sum ("post") or before each sub-layer ("pre").
    final_norm: one more after the last layer. eps: of every LayerNorm.
    feed_forward: "plain", "gated" (activation of the first half times the second) or
    "convolution" (one convolution of 3 tokens). activation: "gelu" (by erf) or "silu"; the
    head always uses gelu. up_bias, down_bias: of the two feed-forward projections.
    fused: query, key and value are one projection, in this order.
    token_dropout: masked tokens become zeros and the others are scaled to the share of
    masks in training, 12% (Rives 2021). mask_id: the id that counts as masked.
    blind_id: an id that no token attends to, unless it stands first.
    causal: a token attends to itself and to those before it only.
    tied: the decoder is the table of token embeddings.
    dropout, attention_dropout: in training only.
    """

    vocabulary: int
    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    longest: int = 512
    positions: Positions = "learned"
    position_offset: int = 0
    token_types: int = 0
    embedding: int = 0
    embedding_norm: bool = True
    embedding_kernels: tuple[int, ...] = ()
    norm: Norm = "post"
    final_norm: bool = False
    eps: float = 1e-12
    feed_forward: FeedForward = "plain"
    activation: Activation = "gelu"
    up_bias: bool = True
    down_bias: bool = True
    fused: bool = False
    token_dropout: bool = False
    mask_id: int | None = None
    blind_id: int | None = None
    causal: bool = False
    tied: bool = True
    dropout: float = 0.0
    attention_dropout: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "embedding_kernels", tuple(self.embedding_kernels))
        self._check_kinds()
        for name, most in LARGEST.items():
            least, value = LEAST.get(name, 1), getattr(self, name)
            if not least <= value <= most:
                raise ConfigError(f"an encoder's {name} must lie in [{least}, {most}], not {value}")
        for sentence, impossible in self._contradictions().items():
            if impossible:
                raise ConfigError(f"an impossible encoder: {sentence}")

    @property
    def embedding_width(self) -> int:
        """Channels of the token embeddings."""
        return self.embedding or self.width

    @property
    def head_width(self) -> int:
        """Channels of one attention head."""
        return self.width // self.heads

    def _check_kinds(self) -> None:
        choices = {"positions": Positions, "norm": Norm, "feed_forward": FeedForward, "activation": Activation}
        for name, kind in choices.items():
            if getattr(self, name) not in get_args(kind):
                known = ", ".join(get_args(kind))
                raise ConfigError(f"an encoder's {name} is one of {known}; not {getattr(self, name)!r}")
        for field in fields(self):
            value, sorts = getattr(self, field.name), _SORTS.get(field.type, ())
            if sorts and (not isinstance(value, sorts) or (isinstance(value, bool) and bool not in sorts)):
                raise ConfigError(f"an encoder's {field.name} must be of type {field.type}, not {value!r}")

    def _contradictions(self) -> dict[str, bool]:
        def outside(token: int | None) -> bool:
            return token is not None and not 0 <= token < self.vocabulary

        learned = self.positions == "learned"
        return {
            f"{self.heads} heads do not divide the width {self.width}": self.width % self.heads > 0,
            f"rotary positions need an even head width, not {self.head_width}": self.positions == "rotary"
            and self.head_width % 2 > 0,
            f"{self.positions} positions have no table, so no offset": not learned and self.position_offset > 0,
            "a final norm belongs to pre-norm layers": self.final_norm and self.norm != "pre",
            "token dropout needs the id of the mask": self.token_dropout and self.mask_id is None,
            f"the mask's id {self.mask_id} is outside the vocabulary": outside(self.mask_id),
            f"the id {self.blind_id} is outside the vocabulary": outside(self.blind_id),
            "a convolution has no feed-forward biases to leave out": self.feed_forward == "convolution"
            and not (self.up_bias and self.down_bias),
            f"convolutions over {self.embedding_kernels} tokens": not all(
                isinstance(k, int) and 1 <= k <= 64 for k in self.embedding_kernels
            )
            or len(set(self.embedding_kernels)) < len(self.embedding_kernels),
            "a causal encoder can't read tokens to its right by a convolution": self.causal
            and (self.feed_forward == "convolution" or any(k > 1 for k in self.embedding_kernels)),
            f"eps must lie in (0, 0.1), not {self.eps}": not 0 < self.eps < 0.1,
            "dropout must lie in [0, 1)": not (0 <= self.dropout < 1 and 0 <= self.attention_dropout < 1),
        }
