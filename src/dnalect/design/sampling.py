"""Sequences from a causal model: word after word, each given those before it."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError
from dnalect.core.reporter import phase
from dnalect.design.choice import Choice, generators
from dnalect.inference.run import Batch, run
from dnalect.models.model import Ask, At, Model
from dnalect.tokens.sixmers import SixMers
from dnalect.tokens.tokenizer import Tokenizer

_BASES = re.compile("[ACGT]+")


def sample(
    model: Model, beginnings: Sequence[str], length: int, choice: Choice, seed: int, batch: int | None = None
) -> list[str]:
    """Return a sequence of `length` bases that goes on from each beginning, which may be empty.

    batch: most sequences of a forward. Raises InputError where a window is longer than the model's context, or a
    beginning doesn't end with a word of 6-mers.
    """
    tokenizer, own = model.tokenizer, generators(seed, len(beginnings))
    if length > model.can.context_bases:
        raise InputError(
            f"{length:,} bases are more than the {model.can.context_bases:,} that {model.card.id} reads at once"
        )
    letters = {n: word for n, word in enumerate(tokenizer.words) if _BASES.fullmatch(word)}
    words = np.array(sorted(letters))
    ids, texts = [_begun(tokenizer, text) for text in beginnings], list(beginnings)
    with phase("generating", sum(length - len(text) for text in texts), "bases") as shown:
        while active := [n for n, text in enumerate(texts) if len(text) < length]:
            logits = _next(model, [ids[n] for n in active], words, batch)
            for n, column in zip(active, choice.of(logits, [own[n] for n in active]).tolist(), strict=True):
                word = letters[int(words[column])][: length - len(texts[n])]
                ids[n].append(int(words[column]))
                texts[n] += word
                shown.update(len(word))
    return texts


def _begun(tokenizer: Tokenizer, text: str) -> list[int]:
    """The ids of a beginning, with what stands before it and without what ends a sequence."""
    if isinstance(tokenizer, SixMers) and len(text) % tokenizer.k:
        raise InputError(
            f"a beginning of {len(text)} bases ends within a word of {tokenizer.k}: give a multiple of {tokenizer.k} "
            "bases"
        )
    found = tokenizer.encode([text])
    ids = [int(each) for each in found.input_ids[0, found.attention_mask[0]]]
    return ids[: len(ids) - len(tokenizer.tail)]


def _next(
    model: Model, rows: Sequence[Sequence[int]], words: npt.NDArray[np.int64], batch: int | None
) -> npt.NDArray[np.float32]:
    """Return the logits (n, words) of what follows each row of ids; 0 of a row that is empty."""
    out = np.zeros((len(rows), len(words)), dtype=np.float32)
    begun = [n for n, row in enumerate(rows) if row]
    if not begun:
        return out
    lengths = np.array([len(rows[n]) for n in begun])
    ids = np.full((len(begun), int(lengths.max())), model.tokenizer.special.pad or 0, dtype=np.int64)
    for place, n in enumerate(begun):
        ids[place, : len(rows[n])] = rows[n]
    mask = np.arange(ids.shape[1]) < lengths[:, None]

    def keep(batch: Batch) -> None:
        logits = batch.output.logits.float().cpu().numpy()
        out[np.array(begun)[batch.windows]] = logits[batch.rows][:, words]

    ask = Ask(logits=At(np.arange(len(begun)), lengths - 1))
    run(model, Encoding(ids, mask, mask), ask, keep, rows=batch)
    return out
