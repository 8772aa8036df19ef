"""The sizes of an encoder, with bounds: what a family's config adds to."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self

from dnalect.core.errors import ConfigError

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
    "groups": 1 << 10,
    "head": 1 << 12,
    "experts": 1 << 10,
    "used": 1 << 10,
    "filter": 1 << 12,
    "places": 1 << 10,
    "inner": 1 << 6,
    "first": 1 << 10,
    "rest": 1 << 10,
    "memory": 1 << 12,
    "taps": 1 << 6,
    "rank": 1 << 12,
    "states": 1 << 8,
    "medium": 1 << 12,
    "near": 1 << 7,
    "medium_groups": 1 << 15,
    "near_groups": 1 << 15,
}
LEAST = {"token_types": 0}
# Channels in steps of which a network of one head is scaled.
STEP = 8
_SORTS: dict[object, tuple[type, ...]] = {int: (int,), bool: (bool,), float: (int, float)}


@dataclass(frozen=True)
class Sizes:
    """What every encoder has.

    vocabulary: tokens. width: channels of the stack. layers, heads: their numbers. hidden: inner channels of a
    feed-forward layer (of each half where it is gated). longest: tokens that it was made for. eps: of every
    LayerNorm. dropout, attention_dropout: in training only.
    """

    vocabulary: int
    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    longest: int = 512
    eps: float = 1e-12
    dropout: float = 0.0
    attention_dropout: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, sorts = getattr(self, field.name), _SORTS.get(field.type, ())
            if sorts and (not isinstance(value, sorts) or (isinstance(value, bool) and bool not in sorts)):
                raise ConfigError(f"an encoder's {field.name} must be of type {field.type}, not {value!r}")
            least, most = LEAST.get(field.name, 1), LARGEST.get(field.name)
            if most is not None and not least <= value <= most:
                raise ConfigError(f"an encoder's {field.name} must lie in [{least}, {most}], not {value}")
        whole = not self.divided or self.width % self.heads == 0
        self.check(f"{self.heads} heads do not divide the width {self.width}", whole)
        self.check(f"eps must lie in (0, 0.1), not {self.eps}", 0 < self.eps < 0.1)
        self.check("dropout must lie in [0, 1)", 0 <= self.dropout < 1 and 0 <= self.attention_dropout < 1)

    @property
    def divided(self) -> bool:
        """Whether the heads share the width out."""
        return True

    @property
    def attends(self) -> bool:
        """Whether there is attention in every layer."""
        return True

    @property
    def channels(self) -> int:
        """Channels of a hidden state."""
        return self.width

    @property
    def strands(self) -> Literal["one", "halves"]:
        """What the other strand of a window gives: another answer, or the halves of the channels exchanged."""
        return "one"

    @property
    def positions(self) -> int | None:
        """Most tokens that it can read, None where there is no end."""
        return self.longest

    @property
    def depth(self) -> int:
        """How many states there are after the embedding."""
        return self.layers

    @property
    def norm_biases(self) -> bool:
        """Whether every LayerNorm has a bias beside its scale."""
        return True

    @property
    def bases(self) -> int | None:
        """Most bases that it may read, None where the tokens alone count."""
        return None

    @property
    def held(self) -> int:
        """About how many numbers a layer holds at once for every token: measured of attention and of StripedHyena."""
        return 15 * self.width + 3 * self.hidden

    def scaled(self, share: float) -> Self:
        """Return the sizes with a share of the heads, layers and channels; 1 changes nothing.

        A head keeps its width, so that the channels follow the heads (of one head, in steps of STEP); inner layers keep
        their ratio.
        """
        return self if share == 1 else replace(self, **self._shares(share))

    def _shares(self, share: float) -> dict[str, Any]:
        """Return what `scaled` changes."""
        whole = self.heads if self.heads > 1 else max(1, self.width // STEP)
        parts = max(1, round(whole * share))
        width = parts * (self.width // whole)
        return {
            "heads": min(self.heads, parts),
            "width": width,
            "hidden": round(width * self.hidden / self.width),
            "layers": max(1, math.ceil(self.layers * share)),
        }

    def check(self, sentence: str, possible: bool) -> None:
        """Raise ConfigError with a sentence about what is not possible."""
        if not possible:
            raise ConfigError(f"an impossible encoder: {sentence}")


def divisor(number: int, most: int) -> int:
    """Return the largest divisor of a number that is at most `most`, and at least 1."""
    return max(each for each in range(1, max(1, most) + 1) if number % each == 0)
