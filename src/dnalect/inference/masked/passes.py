"""Masked passes: windows with some tokens hidden -> log-probabilities of the words at those places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.records import Encoding
from dnalect.inference.distance import Embeds

Ids = npt.NDArray[np.int64]
LogProbs = npt.NDArray[np.float32]
T = TypeVar("T")


class Words(Protocol):
    """What a scorer asks of a tokenizer: see docs/design/chapter-models.md."""

    @property
    def words(self) -> tuple[str, ...]: ...

    @property
    def index(self) -> dict[str, int]: ...

    @property
    def special(self) -> Any: ...

    def encode(self, sequences: Sequence[Any], special: bool = True) -> Encoding: ...


class Masked(Embeds, Protocol):
    """What a scorer asks of a masked model."""

    card: Any
    dtype: Any

    @property
    def tokenizer(self) -> Words: ...

    @property
    def context_bases(self) -> int: ...

    def logits_at(self, encoding: Encoding, rows: Ids, columns: Ids) -> Tensor:
        """Return logits (m, V) float32 of m places of the encoding; the head runs only there."""
        ...


@dataclass(frozen=True, slots=True)
class Query:
    """One masked pass. ids: (T,) without padding. columns: (m,) the tokens to hide."""

    ids: Ids
    columns: Ids


def run(model: Masked, queries: Sequence[Query], batch: int, reduce: Callable[[int, LogProbs], T]) -> list[T]:
    """Return reduce(number, ln P (m, V)) of every query, in order.

    Equal passes (alternates of one site, bases under one token) run once. Passes of like length
    share a batch, so that little is padding; `reduce` sees one query at a time, so that no more
    than a batch of whole vocabularies is ever held.
    """
    out: list[T | None] = [None] * len(queries)
    askers: dict[bytes, list[int]] = {}
    for number, query in enumerate(queries):
        hidden = query.ids.copy()
        hidden[query.columns] = -1
        askers.setdefault(hidden.tobytes(), []).append(number)
    groups = sorted(askers.values(), key=lambda group: len(queries[group[0]].ids))
    for low in range(0, len(groups), batch):
        part = groups[low : low + batch]
        for group, log_probs in zip(part, _forward(model, [queries[g[0]] for g in part]), strict=True):
            for number in group:
                out[number] = reduce(number, log_probs)
    return out  # type: ignore[return-value]


def _forward(model: Masked, queries: Sequence[Query]) -> list[LogProbs]:
    special = model.tokenizer.special
    longest = max(len(query.ids) for query in queries)
    ids = np.full((len(queries), longest), special.pad, dtype=np.int64)
    mask = np.zeros(ids.shape, dtype=np.bool_)
    for row, query in enumerate(queries):
        ids[row, : len(query.ids)] = query.ids
        ids[row, query.columns] = special.mask
        mask[row, : len(query.ids)] = True
    counts = [len(query.columns) for query in queries]
    rows = np.repeat(np.arange(len(queries)), counts)
    columns = np.concatenate([query.columns for query in queries])
    encoding = Encoding(ids, mask, np.zeros((*ids.shape, 2), dtype=np.int32))
    logits = model.logits_at(encoding, rows, columns)
    log_probs: LogProbs = torch.log_softmax(logits.float(), -1).cpu().numpy()
    return np.split(log_probs, np.cumsum(counts)[:-1])
