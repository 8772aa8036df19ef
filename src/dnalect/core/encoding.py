"""What a model reads: tokens, and the bases that each covers."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Encoding:
    """What a model reads.

    input_ids: (n, T) int64. attention_mask: (n, T) bool, False for padding.
    covers: (n, T, 2) int32, the bases of the window that each token covers, 0-based half-open; (0, 0)
    for special tokens and padding. Or (n, T) bool: which tokens are the one base of their own column.
    signals: (n, S, K) float32, what stands beside each sequence for a model of `can.signals`: NaN where one is missing,
    None where all are.
    soft: (n, T, V) floats, read in place of the embeddings of the ids: what a row holds of each word
    (`Model.softened` begins with the ids). Gradients flow through it. Which tokens are special or unknown the
    ids still say.
    """

    input_ids: npt.NDArray[np.int64]
    attention_mask: npt.NDArray[np.bool_]
    covers: npt.NDArray[Any]
    soft: "Tensor | None" = None
    signals: npt.NDArray[np.float32] | None = None

    @cached_property
    def spans(self) -> npt.NDArray[np.int32]:
        """The bases that each token covers (n, T, 2): worked out when it is asked for."""
        if self.covers.ndim == 3:
            return np.asarray(self.covers)
        first = np.arange(self.covers.shape[1], dtype=np.int32)
        return np.asarray(np.stack([first, first + 1], axis=-1) * self.covers[..., None])

    @cached_property
    def covering(self) -> npt.NDArray[np.bool_]:
        """Which tokens cover a base (n, T)."""
        return self.covers if self.covers.ndim == 2 else np.asarray(self.covers[..., 1] > self.covers[..., 0])

    def part(self, rows: Any, tokens: int | None = None) -> "Encoding":
        """Return some rows, cut to the first tokens. rows: anything that indexes an axis."""
        soft = None if self.soft is None else self.soft[rows, :tokens]
        at = rows, slice(tokens)
        signals = None if self.signals is None else self.signals[rows]
        return Encoding(self.input_ids[at], self.attention_mask[at], self.covers[at], soft, signals)
