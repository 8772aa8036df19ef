"""Whether something answers as a model does: what is asked, of which sequences, and how far apart answers are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.encoding import Encoding
from dnalect.models.model import Ask, Model

LONGEST = 360
# Shares of what is read of the sequences of three batches: padded ones, a lone one.
SHARES = ((0.7, 0.5), (1.0,), (0.5, 0.9, 0.8))
Answer = dict[str, npt.NDArray[np.float32]]


def samples(model: Model) -> list[Encoding]:
    """Return three batches of random bases, in sixes, the same in every run."""
    return [_sample(model, shares) for shares in SHARES]


def _sample(model: Model, shares: Sequence[float]) -> Encoding:
    rng, most = np.random.default_rng(len(shares)), min(LONGEST, model.can.context_bases)
    return model.encode(["".join(rng.choice(list("ACGT"), 6 * max(1, int(most * share / 6)))) for share in shares])


def question(model: Model) -> Ask:
    """Return what is asked: of a fine-tuned model its outputs, else the last states, and logits if it has them."""
    if model.can.targets:
        return Ask(False, targets=True)
    return Ask(model.can.likelihood is not None, (None,))


@torch.inference_mode()
def answers(model: Model, batches: Sequence[Encoding]) -> list[Answer]:
    """Return what a model says of each batch, by name: of tokens, those that are no padding (N, ...)."""
    found = []
    for each in batches:
        out = model.forward(each, question(model))
        if out.targets is not None:
            found.append({name: values.float().cpu().numpy() for name, values in out.targets.items()})
            continue
        told = {"logits": out.logits} if out.logits is not None else {}
        told |= {"states": (out.states or ())[-1]}
        found.append({name: values.float().cpu().numpy()[each.attention_mask] for name, values in told.items()})
    return found


def apart(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the largest difference as a share of the largest number; infinity for other shapes and for NaN."""
    if one.shape != other.shape or not np.isfinite(other).all():
        return float("inf")
    return float(np.abs(one - other).max() / max(float(np.abs(one).max()), 1e-6))


def furthest(ours: Sequence[Answer], theirs: Sequence[Answer]) -> float:
    """Return how far apart the answers to all batches are at most."""
    return max(apart(one[name], other[name]) for one, other in zip(ours, theirs, strict=True) for name in one)
