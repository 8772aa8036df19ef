"""Alleles under byte pairs: hide the span that they change, sum over all ways to spell each.

A substitution changes how its surroundings are cut into pieces. Comparing ref and alternate
each with its own number of masks would score that number, so both are spelled with the same m
masks: P_m(s) is the sum over all splits of s into m pieces of the vocabulary of the product of
P_j(piece j).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.records import Codes
from dnalect.inference.likelihood.kmers import LETTERS
from dnalect.inference.likelihood.passes import Ids, LogProbs, Query, passed
from dnalect.models.model import Model

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """The part of a window that alleles change, and what stands around it.

    texts: the bases of each allele within the span. counts: the pieces that each is cut into.
    before, after: ids on both sides, the same for all alleles.
    """

    texts: tuple[str, ...]
    counts: tuple[int, ...]
    before: Ids
    after: Ids

    def even(self, one: int, other: int) -> bool:
        """Whether two alleles have one length."""
        return len(self.texts[one]) == len(self.texts[other])

    def query(self, masks: int, fill: int) -> Query:
        """The pass with so many masks in place of the span."""
        ids = np.concatenate([self.before, np.full(masks, fill, dtype=np.int64), self.after])
        return Query(ids, np.arange(len(self.before), len(self.before) + masks))


def span_of(model: Model, alleles: Sequence[Codes]) -> Span:
    """Return the union of the pieces that differ between windows with the same flanks."""
    encoding = model.tokenizer.encode([LETTERS[codes] for codes in alleles])
    ids = [row[mask] for row, mask in zip(encoding.input_ids, encoding.attention_mask, strict=True)]
    shortest = min(map(len, ids))
    head = np.stack([row[:shortest] for row in ids])
    tail = np.stack([row[len(row) - shortest :][::-1] for row in ids])
    before = int(np.cumprod((head == head[0]).all(axis=0)).sum())
    after = min(int(np.cumprod((tail == tail[0]).all(axis=0)).sum()), shortest - before)
    texts = []
    for number, row in enumerate(ids):
        spans = encoding.spans[number, before : len(row) - after]
        low, high = (int(spans[0, 0]), int(spans[-1, 1])) if len(spans) else (0, 0)
        texts.append(LETTERS[alleles[number][low:high]].tobytes().decode("ascii"))
    counts = tuple(len(row) - before - after for row in ids)
    return Span(tuple(texts), counts, ids[0][:before], ids[0][len(ids[0]) - after :])


def log_sums(
    model: Model, spans: Sequence[Span], masks: Sequence[Sequence[int]], batch: int | None
) -> list[dict[int, Floats]]:
    """Return for every span {m: ln P_m (alleles,)} for each m of `masks`; -inf where m can't spell an allele."""
    jobs = [(number, m) for number, wanted in enumerate(masks) for m in wanted]
    fill = model.tokenizer.special.mask
    assert fill is not None
    queries = [spans[number].query(m, fill) for number, m in jobs]

    def reduce(job: int, log_probs: LogProbs) -> Floats:
        texts = spans[jobs[job][0]].texts
        return np.array([log_sum_of_splits(text, log_probs, model.tokenizer.index) for text in texts])

    out: list[dict[int, Floats]] = [{} for _ in spans]
    for (number, m), sums in zip(jobs, passed(model, queries, batch, reduce), strict=True):
        out[number][m] = sums
    return out


def log_sum_of_splits(text: str, log_probs: npt.NDArray[np.floating], index: Mapping[str, int]) -> float:
    """Return ln of the sum over all splits of `text` into m pieces of the product of their probabilities.

    log_probs: (m, V). index: piece -> id. Returns -inf where no m pieces spell the text.
    """
    found = [
        (start, end, index[text[start:end]])
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
        if text[start:end] in index
    ]
    if not found:
        return -np.inf if text or len(log_probs) else 0.0
    starts, ends, pieces = np.array(found, dtype=np.int64).T
    reached = np.full(len(text) + 1, -np.inf)
    reached[0] = 0.0
    for row in log_probs:
        following = np.full(len(text) + 1, -np.inf)
        np.logaddexp.at(following, ends, reached[starts] + row[pieces].astype(np.float64))
        reached = following
    return float(reached[-1])


def ratio(sums: Mapping[int, Floats], counts: Sequence[int], ref: int, alt: int) -> float | None:
    """Return the mean over m in {pieces of ref, pieces of alt} of ln P_m(alt) - ln P_m(ref).

    An m that can't spell both is left out; None if none remains.
    """
    differences = []
    for m in sorted({counts[ref], counts[alt]}):
        before, after = sums[m][ref], sums[m][alt]
        if np.isfinite(before) and np.isfinite(after):
            differences.append(float(after - before))
    return float(np.mean(differences)) if differences else None


def conditionals(model: Model, windows: Sequence[Codes], at: npt.NDArray[np.int64], batch: int | None) -> Floats:
    """Return ln p(base | the rest) (n, 4) at one site of each of n windows.

    The masks are those that any of the four bases would need: the number of pieces of the
    true base alone would give it away. Means over the m that can spell all four.
    """
    spans = [span_of(model, four_alleles(window, int(site))) for window, site in zip(windows, at, strict=True)]
    sums = log_sums(model, spans, [sorted(set(span.counts)) for span in spans], batch)
    out = np.zeros((len(spans), 4))
    alone = []
    for number, found in enumerate(sums):
        complete = [values for values in found.values() if np.isfinite(values).all()]
        if complete:
            out[number] = np.mean(complete, axis=0)
        else:
            alone.append(number)
    if alone:
        out[alone] = single_bases(model, [spans[number] for number in alone], batch)
    return np.asarray(out - np.logaddexp.reduce(out, axis=1, keepdims=True))


def single_bases(model: Model, spans: Sequence[Span], batch: int | None) -> Floats:
    """Return ln P of each allele of each span spelled base by base; the alleles have one length."""
    masks = [[len(span.texts[0])] for span in spans]
    return np.stack([next(iter(found.values())) for found in log_sums(model, spans, masks, batch)])


def four_alleles(window: Codes, at: int) -> list[Codes]:
    """Return the window with A, C, G and T at a site."""
    out = []
    for base in range(4):
        codes = window.copy()
        codes[at] = base
        out.append(codes)
    return out
