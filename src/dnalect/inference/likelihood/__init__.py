"""How likely bases are by any model that says so: a strategy for every kind of likelihood."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError, ModelError
from dnalect.core.records import Codes
from dnalect.genome.fasta import Genome
from dnalect.inference.likelihood.aligned import AlignedScorer as AlignedScorer
from dnalect.inference.likelihood.causal import Causal, one_sided
from dnalect.inference.likelihood.causal_scorer import CausalScorer as CausalScorer
from dnalect.inference.likelihood.leave_one_out import LeaveOneOut
from dnalect.inference.likelihood.masked import INDELS as INDELS
from dnalect.inference.likelihood.masked import Masked
from dnalect.inference.likelihood.scorer import LONGEST_MNV as LONGEST_MNV
from dnalect.inference.likelihood.scorers import LeaveOneOutScorer as LeaveOneOutScorer
from dnalect.inference.likelihood.scorers import MaskedScorer as MaskedScorer
from dnalect.inference.likelihood.scorers import Sites
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.inference.scorer import ModelScorer
from dnalect.models.load import language_model
from dnalect.models.model import Model, Named
from dnalect.relatives.laid import Relatives
from dnalect.tokens.bases import encode, texts

LogProbs = Callable[[Codes, npt.NDArray[np.bool_]], npt.NDArray[np.floating]]
STRATEGIES: dict[str, Callable[..., Strategy]] = {"leave_one_out": LeaveOneOut, "masked": Masked, "causal": Causal}


def strategy_for(model: Model, batch: int | None = None) -> Strategy:
    """Return how likely a model says bases are. batch: most windows of a forward.

    Raises ModelError for a kind of likelihood that has no strategy.
    """
    return STRATEGIES[_kind(model)](model, batch)


def scorer_for(
    model: Model,
    genome: Genome,
    flank: int | None = None,
    batch: int | None = None,
    sites: Sites | None = None,
    indels: str = "fast",
    relatives: Relatives | None = None,
) -> ModelScorer:
    """Return the scorer of the model's kind of likelihood.

    flank: bases on each side of an allele, None for the kind's own. batch: most windows of a forward.
    sites: precomputed log-probabilities, for duplex only. indels: how masked models score them, "fast" or
    "exact". relatives: laid on the reference, for a model that reads them; without, it reads the sequence alone. Raises
    ModelError for a kind of likelihood that has no strategy.
    """
    if relatives is not None and model.can.relatives:
        return AlignedScorer(model, relatives, flank, batch)
    if _kind(model) == "masked":
        return MaskedScorer(model, genome, flank, batch, indels=indels)
    if _kind(model) == "causal":
        return CausalScorer(model, genome, flank, batch)
    return LeaveOneOutScorer(model, genome, flank, batch, sites)


def _kind(model: Model) -> str:
    if (kind := model.can.likelihood) in STRATEGIES:
        return str(kind)
    told = f"its likelihoods are of the kind {kind!r}" if kind else "it does not say how likely bases are"
    does = [f"predicts {', '.join(model.can.targets)}"] if model.can.targets else []
    does += [f"predicts {model.can.tracks}"] if model.can.tracks else []
    does.append(f"embeds sequences of up to {model.can.context_bases:,} bases")
    raise ModelError(
        f"{model.card.id} gives no log-ratios: {told}, and they are made of {' or '.join(STRATEGIES)} ones. "
        f"It {' and '.join(does)}"
    )


def base_probabilities(
    model: Named, sequences: str | Sequence[str], batch: int | None = None
) -> npt.NDArray[np.float32]:
    """Return p(base | all other bases) at every base of some sequences.

    A duplex model reads a sequence, of at most `model.can.context_bases`, in one pass. A masked model
    needs passes of its own for every base, about a second for 20 bases with a large one, and
    gives what its scores rest on: the mean over strands and frames of words, with the bases
    around that it can read; at an N it is not asked, and all four have 1/4.

    Args:
        model: A name, a folder, or what `load` gave.
        sequences: n texts of one length; a text by itself is one sequence.
        batch: Most sequences, of a masked model passes, at once; None for as many as fit its budget.

    Returns:
        (n, L, 4) float32, in A, C, G, T order.

    Raises:
        InputError: Lengths differ, or exceed the context.
        ModelError: A fine-tuned predictor has no such number, nor has a causal model: of that
            `dnalect.inference.strategy_for(model).within(codes)` gives ln p(base | the bases before it).

    Examples:
        >>> import dnalect
        >>> p = dnalect.base_probabilities("duplex-yeast", "TATAAAAGGCATGCATCGATTACA")
        >>> p.shape, bool(abs(p.sum(axis=-1) - 1).max() < 1e-4)
        ((1, 24, 4), True)
    """
    strategy, given = strategy_for(language_model(model), batch), texts(sequences)
    if strategy.given != "rest":
        raise one_sided(strategy.model)
    if len({len(sequence) for sequence in given}) > 1:
        raise InputError("the sequences must have one length; call once for each length")
    if not given:
        return np.empty((0, 0, 4), dtype=np.float32)
    return np.exp(strategy.within(np.stack([encode(text) for text in given]))).astype(np.float32)
