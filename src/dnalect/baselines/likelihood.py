"""Which class's Markov model makes a sequence likelier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines.base import labelled
from dnalect.core.examples import Examples, Target
from dnalect.genome.repeats import words
from dnalect.stats.calibration import fit_calibration
from dnalect.tokens.bases import UNKNOWN, encode, reverse_complement

ORDERS = (0, 1, 2, 3, 4, 5, 6, 7)
# Bases that the shorter context's prediction counts as much as.
PRIOR = 8.0
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Likelihood:
    """One Markov model a class, compared by likelihood and prior; order and strands are chosen on other examples."""

    name: str = "Markov likelihood ratio"
    kinds: tuple[str, ...] = ("classes", "tracks")

    def fit_predict(self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int) -> Floats:
        learnt, labels = labelled(train, target, "training")
        other, told = labelled(tune, target, "validation")
        texts = (learnt.sequences, other.sequences, test)
        if target.kind == "classes":
            return _compared(texts, labels[:, 0], told[:, 0], target)
        each = []
        for column, output in enumerate(target.outputs):
            track = Target(output, "classes", ("no", "yes"))
            each.append(_compared(texts, labels[:, column], told[:, column], track)[:, 1])
        return np.stack(each, axis=1)


def _compared(texts: Sequence[Sequence[str]], labels: Floats, told: Floats, target: Target) -> Floats:
    """Probabilities (n, K) of the last texts, of the order and strands that are best for the second."""
    classes, best = len(target.outputs), (np.inf, np.zeros((0, 0)))
    known, truth = np.isfinite(labels), told[np.isfinite(told)]
    sizes = np.bincount(labels[known].astype(np.int64), minlength=classes)
    prior = np.log((sizes + 1) / (sizes.sum() + classes))
    rows = [np.flatnonzero(known & (labels == number)) for number in range(classes)]
    of_class = [_joined([texts[0][row] for row in own.tolist()])[0] for own in rows]
    tuned = _joined([text for text, label in zip(texts[1], told, strict=True) if np.isfinite(label)])
    tested = _joined(texts[2])
    for both in (False, True):
        tables = [np.full((1, 4), 0.25)] * classes
        for order in ORDERS:
            tables = [_table(codes, order, both, lower) for codes, lower in zip(of_class, tables, strict=True)]
            raw = _log_likelihoods(*tuned, len(truth), tables, order) + prior
            calibration = fit_calibration(target, raw, truth)
            chances = calibration.apply(target, raw)[np.arange(len(truth)), truth.astype(np.int64)]
            loss = float(-np.log(np.maximum(chances, 1e-12)).mean())
            if loss < best[0]:
                raw = _log_likelihoods(*tested, len(texts[2]), tables, order) + prior
                best = (loss, calibration.apply(target, raw))
    return best[1]


def _joined(sequences: Sequence[str]) -> tuple[Codes, Numbers]:
    """Sequences in one row, an unknown base after each, and whose each base is."""
    gap = np.array([UNKNOWN], dtype=np.uint8)
    codes = np.concatenate([gap[:0], *(part for text in sequences for part in (encode(text), gap))])
    return codes, np.repeat(np.arange(len(sequences)), [len(text) + 1 for text in sequences])


def _table(codes: Codes, order: int, both: bool, lower: Floats) -> Floats:
    """Probabilities (4 ** order, 4) of the base after each context, drawn towards those of the shorter context."""
    counts = np.zeros(4 ** (order + 1))
    for strand in (codes, reverse_complement(codes)) if both else (codes,):
        number, known = words(strand, order + 1)
        counts += np.bincount(number[known].astype(np.int64), minlength=len(counts))
    counts = counts.reshape(-1, 4)
    shorter = np.tile(lower, (len(counts) // len(lower), 1))
    return np.asarray((counts + PRIOR * shorter) / (counts.sum(axis=1, keepdims=True) + PRIOR))


def _log_likelihoods(codes: Codes, owner: Numbers, count: int, tables: Sequence[Floats], order: int) -> Floats:
    """ln p of each sequence under each class (count, K); its first `order` bases are context only."""
    number, known = words(codes, order + 1)
    at, own = number[known].astype(np.int64), owner[: len(number)][known]
    return np.stack([np.bincount(own, np.log(table).ravel()[at], count) for table in tables], axis=1)
