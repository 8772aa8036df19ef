"""p(base | the rest) from words of a fixed length: overlapping k-mers, chunks side by side, single bases."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.records import Codes
from dnalect.genome.windows.alleles import fitting
from dnalect.inference.likelihood.passes import Ids, LogProbs, Query, passed
from dnalect.models.model import Model
from dnalect.tokens.tokenizer import tokens_at

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
# Sites whose four spellings are held at once.
CHUNK = 256


def conditionals(
    model: Model,
    windows: Sequence[Codes],
    at: npt.NDArray[np.int64],
    batch: int | None,
    together: npt.NDArray[np.int64] | None = None,
    marginal: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return ln p(base | the rest of its window) (n, 4) at one site of each of n windows.

    windows: base codes, of any lengths. at: (n,) 0-based sites within them. The tokens that
    cover the site are hidden, no others; with several, the mean over them of ln P(word with
    the base) is taken (a sum would count every base k times), then normalised. together: (n,)
    ascending numbers; sites with the same one are of one window, and hidden in one pass.
    marginal: (k, 4, 4**(k - 1)) ids of the words with each base at each place. Where they are given, what each token
    says of the base is the sum over them, whatever their other bases, and the mean is that of the probabilities.
    """
    groups = np.arange(len(windows)) if together is None else np.unique(together, return_inverse=True)[1]
    fitted = _fitted(model, windows, at, groups)
    windows, at = [codes for codes, _ in fitted], np.array([site for _, site in fitted], dtype=np.int64)
    parts, low = [], 0
    while low < len(windows):
        # A whole number of groups.
        high = min(low + CHUNK, len(windows))
        high = int(np.searchsorted(groups, groups[high - 1], "right"))
        parts.append(_chunk(model, windows[low:high], at[low:high], groups[low:high], batch, marginal))
        low = high
    return np.concatenate(parts) if parts else np.zeros((0, 4))


def _fitted(
    model: Model, windows: Sequence[Codes], at: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]
) -> list[tuple[Codes, int]]:
    """Every window, cut where it has too many words, and the site in it; alike for the sites of a group."""
    found = []
    for low, high in _edges(groups):
        first, last = int(at[low:high].min()), int(at[low:high].max()) + 1
        codes, moved, _ = fitting(windows[low], first, last, model.can.positions)
        found += [(codes, int(site) - first + moved) for site in at[low:high]]
    return found


def _chunk(
    model: Model,
    windows: Sequence[Codes],
    at: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
    batch: int | None,
    marginal: npt.NDArray[np.int64] | None,
) -> npt.NDArray[np.float64]:
    spelled = [_spelled(model, windows, at, base) for base in range(4)]
    longest = max(len(window) for window in windows)
    ranges = tokens_at(spelled[0], longest)[np.arange(len(windows)), at]
    queries, sites, places = [], [], []
    for low, high in _edges(groups):
        hidden = np.unique(np.concatenate([np.arange(*ranges[row]) for row in range(low, high)]))
        # What is hidden differs between the rows, and nothing else.
        queries.append(Query(spelled[0].input_ids[low, spelled[0].attention_mask[low]], hidden))
        sites.append([_site(spelled, row, hidden, *ranges[row]) for row in range(low, high)])
        places.append([at[row] - spelled[0].spans[row, slice(*ranges[row]), 0] for row in range(low, high)])
    unknown = model.tokenizer.special.unk

    def reduce(group: int, log_probs: LogProbs) -> npt.NDArray[np.float64]:
        if marginal is None:
            return np.stack([_mean(log_probs[rows], words, unknown) for rows, words in sites[group]])
        summed = zip(sites[group], places[group], strict=True)
        return np.stack([_summed(log_probs[rows], words, unknown, marginal[under]) for (rows, words), under in summed])

    out = np.concatenate(passed(model, queries, batch, reduce))
    return np.asarray(out - np.logaddexp.reduce(out, axis=1, keepdims=True))


def _edges(groups: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last row (half-open) of every group."""
    return pairwise(np.flatnonzero(np.diff(groups, prepend=-1, append=-1)).tolist())


def _spelled(model: Model, windows: Sequence[Codes], at: npt.NDArray[np.int64], base: int) -> Encoding:
    texts = []
    for window, site in zip(windows, at, strict=True):
        text = LETTERS[window]
        text[site] = LETTERS[base]
        texts.append(text)
    return model.tokenizer.encode(texts)


def _site(spelled: Sequence[Encoding], row: int, hidden: Ids, first: int, last: int) -> tuple[Ids, Ids]:
    """Which of the hidden tokens cover the site of a row (m,), and the four spellings (m, 4) of each."""
    words = np.stack([encoding.input_ids[row, first:last] for encoding in spelled], axis=1)
    return np.searchsorted(hidden, np.arange(first, last)), words


def _mean(log_probs: LogProbs, words: Ids, unknown: int | None) -> npt.NDArray[np.float64]:
    """Mean over the hidden tokens that spell the site without an unknown base."""
    picked = np.take_along_axis(log_probs.astype(np.float64), words, axis=1)
    complete = _complete(words, unknown)
    return np.asarray(picked[complete].mean(axis=0)) if complete.any() else np.zeros(4)


def _summed(log_probs: LogProbs, words: Ids, unknown: int | None, alike: Ids) -> npt.NDArray[np.float64]:
    """ln of the mean over the same tokens of p(base), each the sum over all words with it, alike (m, 4, words)."""
    complete = _complete(words, unknown)
    if not complete.any():
        return np.zeros(4)
    rows = np.arange(len(words))[complete, None, None]
    bases = np.logaddexp.reduce(log_probs.astype(np.float64)[rows, alike[complete]], axis=2)
    bases -= np.logaddexp.reduce(bases, axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(bases).mean(axis=0)))


def _complete(words: Ids, unknown: int | None) -> npt.NDArray[np.bool_]:
    """Which of the tokens (m,) hold no unknown base in any of their spellings (m, 4)."""
    return (words != unknown).all(axis=1) if unknown is not None else np.ones(len(words), dtype=np.bool_)
