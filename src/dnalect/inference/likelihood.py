"""p(base | the rest) of any model that has such a quantity."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import InputError, ModelError
from dnalect.genome.fasta import Genome
from dnalect.inference.leave_one_out import LeaveOneOutScorer, Sites
from dnalect.inference.masked.scorer import MaskedScorer
from dnalect.inference.scorer import ModelScorer
from dnalect.models.duplex.model import DuplexModel
from dnalect.models.masked import MaskedModel
from dnalect.models.registry import Model


def base_probabilities(model: DuplexModel, sequences: Sequence[str], batch: int = 16) -> npt.NDArray[np.float32]:
    """Return p(base | all other bases) as (n, L, 4) float32 in A, C, G, T order.

    sequences: n strings of one length, at most model.context_bases. batch: sequences a forward.
    Raises InputError where lengths differ or exceed the context, ModelError for a model of
    another kind than duplex, which has no such number for every base in one pass.
    """
    if not isinstance(model, DuplexModel):
        raise ModelError(
            f"{model.card.id} is of the kind {model.kind}, and base_probabilities takes duplex models only"
        )
    if len({len(sequence) for sequence in sequences}) > 1:
        raise InputError("the sequences must have one length; call once for each length")
    if not sequences:
        return np.empty((0, 0, 4), dtype=np.float32)
    parts = []
    for low in range(0, len(sequences), batch):
        logits = model(model.encode(sequences[low : low + batch])).logits
        parts.append(torch.softmax(logits, -1).cpu().numpy())
    return np.concatenate(parts)


def scorer_for(
    model: Model, genome: Genome, flank: int | None = None, batch: int | None = None, sites: Sites | None = None
) -> ModelScorer:
    """Return the scorer of the model's likelihood kind: the only place that branches on it.

    flank: bases on each side of an allele, None for the kind's own. batch: windows a forward,
    None for the kind's own. sites: precomputed log-probabilities, for duplex only.
    """
    if isinstance(model, MaskedModel):
        return MaskedScorer(model, genome, flank, batch or 16)
    return LeaveOneOutScorer(model, genome, flank, batch or 64, sites)
