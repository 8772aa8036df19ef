"""Markov models of orders 0 to 24, made as strong as they can be: the rivals of every model.

One-sided models know the n bases before a position; two-sided ones the n nearest on both
sides, alternating, so 12 + 12 at order 24. Three kinds:

    plain         the counts of one order, with an additive constant chosen on validation data
    interpolated  every order adds its frequencies to the shorter one's prediction
    mixed         the same evidence multiplied instead of averaged, weighted by confidence
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from dnalect.baselines.contexts import MAX_ORDER, Codes, ContextCounts, Side
from dnalect.stats.mixing import Floats, Groups, Singles, fit_shares, fit_weights, group_of, normalised
from dnalect.tokens.bases import UNKNOWN

Kind = Literal["plain", "interpolated", "mixed"]
CONSTANTS = 2.0 ** np.arange(-14, 7)


class Prediction(NamedTuple):
    """log_probs: (L, 4) float32, natural logarithms, normalised."""

    order: int
    kind: Kind
    log_probs: Singles


class MarkovModel:
    """All orders of one sidedness from one fit.

    side: "one" or "two". order: the longest context, 0 to 24.
    """

    def __init__(self, side: Side, order: int = MAX_ORDER):
        self.side: Side = side
        self.order = order

    def fit(self, contigs: Sequence[Codes], validation: Sequence[Codes]) -> Self:
        """Count both strands of `contigs`; learn constants, shares and weights on `validation`."""
        self._counts = ContextCounts(contigs, self.side, self.order)
        self._constants: list[float] = []
        self._shares: list[Floats] = []
        codes = _joined(validation)
        at = np.flatnonzero(codes != UNKNOWN)
        bases = codes[at]
        rows = np.arange(len(at))
        evidence_LN4 = np.zeros((len(at), self.order + 1, 4), dtype=np.float32)
        groups_LN = np.zeros((len(at), self.order + 1), dtype=np.int32)
        blend = np.full((len(at), 4), 0.25)
        for order, (every, _) in enumerate(self._counts.look_up(codes)):
            counts = every[at]
            self._constants.append(_best_constant(counts, bases))
            groups, frequencies = group_of(counts), _frequencies(counts)
            self._shares.append(fit_shares(frequencies[rows, bases], blend[rows, bases], groups))
            longer = _blended(frequencies, blend, self._shares[order][groups])
            evidence_LN4[:, order] = np.log(longer / blend)
            groups_LN[:, order] = groups
            blend = longer
        self._weights_NG = fit_weights(evidence_LN4, groups_LN, bases)
        return self

    def sweep(self, codes: Codes) -> Iterator[Prediction]:
        """Yield the plain and interpolated predictions of all orders, then the mixed one.

        codes: (L,) one contig. A context that holds an N or runs over an end is cut there:
        the prediction is that of the longest order that is known.
        """
        blend = np.full((len(codes), 4), 0.25)
        mixed = np.zeros((len(codes), 4), dtype=np.float32)
        plain = np.zeros((len(codes), 4), dtype=np.float32)
        for order, (counts, known) in enumerate(self._counts.look_up(codes)):
            smooth = counts + self._constants[order]
            own = np.log(smooth / smooth.sum(axis=1, keepdims=True)).astype(np.float32)
            plain = np.where(known[:, None], own, plain)
            yield Prediction(order, "plain", plain)
            groups: Groups = group_of(counts)
            longer = _blended(_frequencies(counts), blend, self._shares[order][groups])
            mixed += self._weights_NG[order, groups][:, None] * np.log(longer / blend).astype(np.float32)
            blend = longer
            yield Prediction(order, "interpolated", np.log(blend).astype(np.float32))
        yield Prediction(self.order, "mixed", normalised(mixed))

    def log_probs(self, codes: Codes, order: int | None = None, kind: Kind = "interpolated") -> Singles:
        """Return ln p(base | context) (L, 4) of one order (default: the longest) and kind.

        "mixed" exists for the longest order only.
        """
        wanted = self.order if order is None else order
        for prediction in self.sweep(codes):
            if prediction.order == wanted and prediction.kind == kind:
                return prediction.log_probs
        raise ValueError(f"no {kind} model of order {wanted}: orders 0 to {self.order}, mixed only {self.order}")


def _joined(contigs: Sequence[Codes]) -> Codes:
    """Contigs in one row with an N between them, which no context crosses."""
    gap = np.array([UNKNOWN], dtype=np.uint8)
    return np.concatenate([part for contig in contigs for part in (contig, gap)] or [gap])


def _frequencies(counts: npt.NDArray[np.int32]) -> Floats:
    """Shares of the bases (L, 4), all 0 for a context that was never seen."""
    shares: Floats = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _blended(frequencies: Floats, shorter: Floats, shares: Floats) -> Floats:
    blend: Floats = shorter + shares[:, None] * (frequencies - shorter)
    return blend


def _best_constant(counts: npt.NDArray[np.int32], bases: npt.NDArray[np.uint8]) -> float:
    own, total = counts[np.arange(len(bases)), bases], counts.sum(axis=1)
    loss = [-np.log((own + constant) / (total + 4 * constant)).sum() for constant in CONSTANTS]
    return float(CONSTANTS[int(np.argmin(loss))])
