"""What all language models have in common: how they are shown, moved and called."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import torch

from dnalect.core.errors import ModelError
from dnalect.core.records import Encoding
from dnalect.models.precision import DTYPES, device_named, warn_if_emulated

if TYPE_CHECKING:
    from dnalect.models.card import Card


N = TypeVar("N", bound=torch.nn.Module)


class LanguageModel(ABC, Generic[N]):
    """A network with its card, on a device, in a precision.

    kind: how it says what is likely. source: the name or folder that it was loaded as, "" if it wasn't.
    """

    kind: str
    source = ""
    card: "Card"
    network: N
    device: torch.device
    dtype: torch.dtype

    def __repr__(self) -> str:
        card, dtype = self.card, str(self.dtype).removeprefix("torch.")
        return (
            f"{type(self).__name__}({card.id}: {card.family}, {card.parameters:,} parameters, "
            f"context {card.context_bases:,} bases, {dtype} on {self.device})"
        )

    def to(self, device: str | torch.device | None = None, dtype: str | torch.dtype | None = None) -> Self:
        """Move the network and return the model. None leaves device or precision as it is.

        device: as torch names it. dtype: "float32" or "bfloat16". Raises ModelError for others.
        """
        if dtype is not None and dtype not in (*DTYPES, *DTYPES.values()):
            raise ModelError(f"unknown dtype {dtype!r}; known: {', '.join(DTYPES)}")
        self.device = self.device if device is None else device_named(str(device))
        self.dtype = DTYPES[dtype] if isinstance(dtype, str) else dtype or self.dtype
        warn_if_emulated(self.device, self.dtype)
        self.network.to(device=self.device, dtype=self.dtype)
        return self

    @abstractmethod
    def encode(self, sequences: Sequence[Any]) -> Encoding:
        """Return the tokens of sequences, padded on the right."""

    def encoded(self, given: Encoding | str | Sequence[str]) -> Encoding:
        """Return an encoding as it is, and that of sequences."""
        return given if isinstance(given, Encoding) else self.encode([given] if isinstance(given, str) else given)
