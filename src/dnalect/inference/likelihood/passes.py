"""Masked passes: windows with some tokens hidden -> log-probabilities of the words at those places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.encoding import Encoding
from dnalect.inference.run import Batch, run
from dnalect.models.model import Ask, At, Model

Ids = npt.NDArray[np.int64]
LogProbs = npt.NDArray[np.float32]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Query:
    """One masked pass. ids: (T,) without padding. columns: (m,) the tokens to hide."""

    ids: Ids
    columns: Ids


def passed(model: Model, queries: Sequence[Query], batch: int | None, reduce: Callable[[int, LogProbs], T]) -> list[T]:
    """Return reduce(number, ln P (m, V)) of every query, in order.

    Equal passes (alternates of one site, bases under one token) run once. `reduce` sees one query at
    a time, so that no more than a batch of whole vocabularies is ever held. batch: most passes of a forward.
    """
    out: list[T | None] = [None] * len(queries)

    def keep(batch: Batch) -> None:
        assert batch.output.logits is not None
        assert isinstance(batch.ask.logits, At)
        log_probs = torch.log_softmax(batch.output.logits, -1).cpu().numpy()
        edges = np.searchsorted(batch.ask.logits.rows, np.arange(len(batch.encoding.input_ids) + 1))
        for number, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
            out[number] = reduce(number, log_probs[edges[row] : edges[row + 1]])

    if queries:
        run(model, *_hidden(model, queries), keep, rows=batch)
    return out  # type: ignore[return-value]


def _hidden(model: Model, queries: Sequence[Query]) -> tuple[Encoding, Ask]:
    special = model.tokenizer.special
    assert special.mask is not None
    ids = np.full((len(queries), max(len(query.ids) for query in queries)), special.pad, dtype=np.int64)
    mask = np.zeros(ids.shape, dtype=np.bool_)
    for row, query in enumerate(queries):
        ids[row, : len(query.ids)] = query.ids
        ids[row, query.columns] = special.mask
        mask[row, : len(query.ids)] = True
    rows = np.repeat(np.arange(len(queries)), [len(query.columns) for query in queries])
    at = At(rows, np.concatenate([query.columns for query in queries]))
    return Encoding(ids, mask, np.zeros(ids.shape, dtype=np.bool_)), Ask(logits=at)
