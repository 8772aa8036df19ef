"""p(base | the rest) of any model that has such a quantity."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import InputError
from dnalect.core.records import Codes
from dnalect.genome.fasta import Genome, genome_of
from dnalect.inference.leave_one_out import LeaveOneOutScorer, Sites
from dnalect.inference.masked.scorer import MaskedScorer
from dnalect.inference.scorer import ModelScorer
from dnalect.inference.tiles import tiled_log_probs
from dnalect.models.model import Model, Named
from dnalect.models.registry import language_model
from dnalect.tokens.bases import UNKNOWN, encode, texts

LogProbs = Callable[[Codes, npt.NDArray[np.bool_]], npt.NDArray[np.floating]]


def base_probabilities(model: Named, sequences: str | Sequence[str], batch: int = 16) -> npt.NDArray[np.float32]:
    """Return p(base | all other bases) at every base of some sequences.

    A duplex model reads a sequence, of at most `model.can.context_bases`, in one pass. A masked model
    needs passes of its own for every base, about a second for 20 bases with a large one, and
    gives what its scores rest on: the mean over strands and frames of words, with the bases
    around that it can read; at an N it is not asked, and all four have 1/4.

    Args:
        model: A name, a folder, or what `load` gave.
        sequences: n texts of one length; a text by itself is one sequence.
        batch: Sequences, of a masked model passes, at once.

    Returns:
        (n, L, 4) float32, in A, C, G, T order.

    Raises:
        InputError: Lengths differ, or exceed the context.
        ModelError: A fine-tuned predictor has no such number.

    Examples:
        >>> import dnalect
        >>> p = dnalect.base_probabilities("duplex-yeast", "TATAAAAGGCATGCATCGATTACA")
        >>> p.shape, bool(abs(p.sum(axis=-1) - 1).max() < 1e-4)
        ((1, 24, 4), True)
    """
    loaded, given = language_model(model), texts(sequences)
    if len({len(sequence) for sequence in given}) > 1:
        raise InputError("the sequences must have one length; call once for each length")
    if not given:
        return np.empty((0, 0, 4), dtype=np.float32)
    if loaded.can.likelihood == "masked":
        ask = site_log_probs(loaded, batch)
        coded = [encode(text) for text in given]
        return np.exp(np.stack([ask(codes, codes != UNKNOWN) for codes in coded])).astype(np.float32)
    parts = []
    for low in range(0, len(given), batch):
        logits = loaded(loaded.encode(given[low : low + batch])).logits
        parts.append(torch.softmax(logits, -1).cpu().numpy())
    return np.concatenate(parts)


def site_log_probs(model: Model, batch: int | None = None) -> LogProbs:
    """Return a function: codes (L,) and which bases are wanted (L,) -> ln p(base | the rest) (L, 4).

    Where a base is not wanted the numbers may be anything finite. L is not bound by the context.
    batch: windows a forward, None for the kind's own.
    """
    if model.can.likelihood == "masked":
        nowhere = genome_of({"sequence": "N"})  # these windows come from the codes, not from a reference
        scorer = MaskedScorer(model, nowhere, batch=batch or 16)
        return lambda codes, wanted: scorer.within(codes, np.flatnonzero(wanted))
    return lambda codes, _: tiled_log_probs(model.network, codes, model.reach)


def scorer_for(
    model: Model,
    genome: Genome,
    flank: int | None = None,
    batch: int | None = None,
    sites: Sites | None = None,
    indels: str = "fast",
) -> ModelScorer:
    """Return the scorer of the model's likelihood kind: the only place that branches on it.

    flank: bases on each side of an allele, None for the kind's own. batch: windows a forward,
    None for the kind's own. sites: precomputed log-probabilities, for duplex only. indels: how
    masked models score them, "fast" or "exact".
    """
    if model.can.likelihood == "masked":
        return MaskedScorer(model, genome, flank, batch or 16, indels=indels)
    return LeaveOneOutScorer(model, genome, flank, batch or 64, sites)
