"""How much to trust each context order, learned on a validation contig.

Contexts are grouped by how often they were seen and how well their bases agree. Every
group of every order has a share (linear interpolation) and a weight (log-linear mixing).
Shapes: L positions, G groups, N orders.
"""

import numpy as np
import numpy.typing as npt

COUNT_CLASSES = 32
AGREEMENTS = 11
GROUPS = COUNT_CLASSES * AGREEMENTS

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Groups = npt.NDArray[np.int32]


def group_of(counts_L4: npt.NDArray[np.int32]) -> Groups:
    """Return the group (L,) of each context; 0 is the context that was never seen.

    Counts up to 7 have a class each, then one a doubling. Agreement: 0, 1 or 2 bases
    beside the most frequent one, else the share of the most frequent one in eighths.
    """
    total, top = counts_L4.sum(axis=1), counts_L4.max(axis=1)
    doubling = 5 + np.floor(np.log2(np.maximum(total, 1))).astype(np.int64)
    size = np.minimum(np.where(total < 8, total, doubling), COUNT_CLASSES - 1)
    others = total - top
    share = 2 + np.minimum(8 * top // np.maximum(total, 1), 7)
    groups: Groups = (np.where(others < 3, others, share + 1) * COUNT_CLASSES + size).astype(np.int32)
    return groups


def fit_shares(here: Floats, shorter: Floats, groups: Groups, steps: int = 12) -> Floats:
    """Return the share (G,) that maximises the likelihood of share * here + (1 - share) * shorter.

    here, shorter: probability of the true base (L,) by this order and by the shorter ones.
    Newton's method: the likelihood is concave in every share.
    """
    shares = np.full(GROUPS, 0.5)
    gain = here - shorter
    for _ in range(steps):
        slope = gain / (shorter + shares[groups] * gain)
        curvature = np.bincount(groups, slope * slope, GROUPS) + 1.0
        # Below 1, so that no base ever gets the probability 0.
        shares = np.clip(shares + np.bincount(groups, slope, GROUPS) / curvature, 0.0, 0.9999)
    shares[0] = 0.0
    return shares


def mix(evidence_LN4: Singles, groups_LN: Groups, weights_NG: Singles) -> Singles:
    """Return log-probabilities (L, 4): the evidence of all orders, weighted by group, normalised."""
    chosen_LN = weights_NG[np.arange(weights_NG.shape[0]), groups_LN]
    return normalised(np.einsum("ln,lna->la", chosen_LN, evidence_LN4))


def normalised(logits_L4: Singles) -> Singles:
    """Return logits minus the logarithm of their summed exponentials."""
    logits_L4 = logits_L4 - logits_L4.max(axis=1, keepdims=True)
    out: Singles = logits_L4 - np.log(np.exp(logits_L4).sum(axis=1, keepdims=True))
    return out


def fit_weights(
    evidence_LN4: Singles, groups_LN: Groups, bases_L: npt.NDArray[np.uint8], passes: int = 2, batch: int = 8192
) -> Singles:
    """Return weights (N, G) that minimise the cross-entropy of `mix`, by Adam from 1.

    evidence_LN4: what each order adds to the log-probabilities. With all weights 1 the mix is
    the interpolated model, so the fit starts there. bases_L: the true bases, 0-3.
    """
    length, orders = groups_LN.shape
    weights = np.ones((orders, GROUPS), dtype=np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    batch = min(batch, length)
    steps = passes * (length // batch) if batch else 0
    rng = np.random.default_rng(0)
    order = np.zeros(0, dtype=np.int64)
    for step in range(steps):
        if len(order) < batch:
            order = rng.permutation(length)
        chosen, order = np.sort(order[:batch]), order[batch:]
        slope = _slope(evidence_LN4[chosen], groups_LN[chosen], bases_L[chosen], weights)
        slope += 1e-5 * (weights - 1)
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope * slope
        scale = np.sqrt(second / (1 - 0.99 ** (step + 1))) + 1e-6
        weights -= 0.02 * (1 - step / steps) * (first / (1 - 0.9 ** (step + 1))) / scale
    return weights


def _slope(evidence_BN4: Singles, groups_BN: Groups, bases_B: npt.NDArray[np.uint8], weights_NG: Singles) -> Singles:
    error = np.exp(mix(evidence_BN4, groups_BN, weights_NG))
    error[np.arange(len(bases_B)), bases_B] -= 1
    slots = groups_BN + GROUPS * np.arange(groups_BN.shape[1])
    each = np.einsum("la,lna->ln", error, evidence_BN4)
    flat = np.bincount(slots.ravel(), each.ravel(), weights_NG.size) / len(bases_B)
    return flat.reshape(weights_NG.shape).astype(np.float32)
