"""p(base | the rest) from words of a fixed length: overlapping k-mers, chunks side by side, single bases."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes, Encoding
from dnalect.inference.masked.passes import Ids, LogProbs, Masked, Query, run
from dnalect.tokens.tokenizer import tokens_at
from dnalect.windows.alleles import fitting

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
# Sites whose four spellings are held at once.
CHUNK = 256


def conditionals(
    model: Masked, windows: Sequence[Codes], at: npt.NDArray[np.int64], batch: int
) -> npt.NDArray[np.float64]:
    """Return ln p(base | the rest of its window) (n, 4) at one site of each of n windows.

    windows: base codes, of any lengths. at: (n,) 0-based sites within them. The tokens that
    cover the site are hidden, no others; with several, the mean over them of ln P(word with
    the base) is taken (a sum would count every base k times), then normalised.
    """
    fitted = [
        fitting(codes, int(site), int(site) + 1, model.positions) for codes, site in zip(windows, at, strict=True)
    ]
    windows, at = [codes for codes, _, _ in fitted], np.array([low for _, low, _ in fitted], dtype=np.int64)
    parts = []
    for low in range(0, len(windows), CHUNK):
        parts.append(_chunk(model, windows[low : low + CHUNK], at[low : low + CHUNK], batch))
    return np.concatenate(parts) if parts else np.zeros((0, 4))


def _chunk(model: Masked, windows: Sequence[Codes], at: npt.NDArray[np.int64], batch: int) -> npt.NDArray[np.float64]:
    spelled = [_spelled(model, windows, at, base) for base in range(4)]
    longest = max(len(window) for window in windows)
    ranges = tokens_at(spelled[0], longest)[np.arange(len(windows)), at]
    sites = [_site(spelled, row, int(first), int(last)) for row, (first, last) in enumerate(ranges)]
    unknown = model.tokenizer.special.unk

    def reduce(row: int, log_probs: LogProbs) -> npt.NDArray[np.float64]:
        return _mean(log_probs, sites[row][1], unknown)

    out = np.stack(run(model, [query for query, _ in sites], batch, reduce))
    return out - np.logaddexp.reduce(out, axis=1, keepdims=True)


def _spelled(model: Masked, windows: Sequence[Codes], at: npt.NDArray[np.int64], base: int) -> Encoding:
    texts = []
    for window, site in zip(windows, at, strict=True):
        text = LETTERS[window]
        text[site] = LETTERS[base]
        texts.append(text)
    return model.tokenizer.encode(texts)


def _site(spelled: Sequence[Encoding], row: int, first: int, last: int) -> tuple[Query, Ids]:
    """The pass of a site, and the four spellings (m, 4) of each of its hidden tokens."""
    known = spelled[0].attention_mask[row]
    words = np.stack([encoding.input_ids[row, first:last] for encoding in spelled], axis=1)
    return Query(spelled[0].input_ids[row, known], np.arange(first, last)), words


def _mean(log_probs: LogProbs, words: Ids, unknown: int | None) -> npt.NDArray[np.float64]:
    """Mean over the hidden tokens that spell the site without an unknown base."""
    picked = np.take_along_axis(log_probs.astype(np.float64), words, axis=1)
    complete = (words != unknown).all(axis=1) if unknown is not None else np.ones(len(words), dtype=np.bool_)
    return np.asarray(picked[complete].mean(axis=0)) if complete.any() else np.zeros(4)
