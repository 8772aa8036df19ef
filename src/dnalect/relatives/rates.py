"""How fast a site changes: what the columns around it say, learned from the alignment alone.

Rates are of a few classes (Yang 1994, J Mol Evol 39:306), whose shares are learned by EM. Of a site the columns around
tell the rate, each by a weight: among genes those three, six and nine bases away say most. The weights are those with
which the bases of the reference are likeliest, each given its relatives' and what lies around.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.errors import InputError
from dnalect.relatives.alignment import Alignment
from dnalect.relatives.evolution import Evolution, tree_of
from dnalect.tokens.bases import UNKNOWN

# Columns that tree and shares are learned from, and sites that the weights are, of those with a relative.
SAMPLE, SITES = 400_000, 50_000
STEPS, ROUNDS = 30, 40
# Bases on each side whose columns tell the rate of a site.
WITHIN = 15
OFFSETS = np.arange(-WITHIN, WITHIN + 1)

Codes = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]


class Around(NamedTuple):
    """Sites and what lies around them.

    near (n, W, K): ln p(column | the reference's base, rate) at 1, 2 ... W bases away, both sides added. own (n, K, 4):
    of the site, for each base that may be there. reference (n,): its base.
    """

    near: Doubles
    own: Doubles
    reference: Codes


def evolution_of(alignment: Alignment, seed: int = 1) -> Evolution:
    """Learn distances, tree, rates and what tells them from an alignment: some seconds.

    Args:
        alignment: Relatives on a reference: see `open_alignment`. Those that differ from the reference in fewer than 3
            bases of 100 are of its own species, and are left out.
        seed: Of the columns that are drawn.

    Returns:
        The evolution of those that are left, in the order of the alignment.

    Raises:
        InputError: No relative is left.

    Examples:
        >>> import dnalect
        >>> from dnalect.relatives import evolution_of, open_alignment
        >>> files = dnalect.demo_files()
        >>> evolution = evolution_of(open_alignment(files.alignment, dnalect.open_genome(files.reference)))
        >>> bool((evolution.heights >= 0).all())
        True
    """
    drawn = _drawn(alignment, seed, SAMPLE)
    columns = np.concatenate(
        [np.concatenate([alignment.reference(c)[None, at], alignment.bases(c)[:, at]]) for c, at in drawn], 1
    )
    evolution, rows = tree_of(alignment, columns)
    evolution = _with_shares(evolution, columns[rows])
    kept = alignment.only(evolution.names)
    return _with_weights(evolution, [around(kept, evolution, c, at) for c, at in _drawn(kept, seed, SITES)])


def around(alignment: Alignment, evolution: Evolution, contig: int, positions: Positions) -> Around:
    """Return what lies around sites (n,) of a contig. alignment: of the relatives of the evolution alone."""
    bases, reference = alignment.bases(contig), alignment.reference(contig)
    places = positions[:, None] + OFFSETS
    inside = (places >= 0) & (places < len(reference))
    places = places.clip(0, len(reference) - 1)
    distinct, which = _distinct(np.where(inside, bases[:, places], UNKNOWN).reshape(len(bases), -1))
    likely = evolution.log_likelihoods(distinct)
    which = which.reshape(places.shape)
    # Of an unknown base of the reference a column says nothing.
    each = np.concatenate([likely, np.zeros((*likely.shape[:2], 1))], axis=2)
    each = each[which, :, np.where(inside, reference[places], UNKNOWN)]
    near = each[:, WITHIN + 1 :] + each[:, WITHIN - 1 :: -1]
    return Around(near, likely[which[:, WITHIN]], reference[positions])


def _drawn(alignment: Alignment, seed: int, count: int) -> list[tuple[int, Positions]]:
    """Places of about so many columns of each contig, among those with a base of any relative."""
    usable = {
        contig: np.flatnonzero((bases < UNKNOWN).any(0) & (alignment.reference(contig) < UNKNOWN))
        for contig, bases in sorted(alignment.laid.items())
    }
    if not (total := sum(map(len, usable.values()))):
        raise InputError(f"{alignment.source}: nothing is aligned to the reference")
    rng, share = np.random.default_rng(seed), min(1.0, count / total)
    return [(contig, places[rng.random(len(places)) < share]) for contig, places in usable.items()]


def _with_shares(evolution: Evolution, columns: Codes) -> Evolution:
    """Learn the shares of the rates by EM, from columns (1 + r, n) with the reference's base."""
    distinct, counts = np.unique(columns, axis=1, return_counts=True)
    told = evolution.log_likelihoods(distinct[1:])[np.arange(len(counts)), :, distinct[0]]
    likely, shares = np.exp(told - told.max(1, keepdims=True)), evolution.shares
    for _ in range(STEPS):
        joint = likely * shares
        shares = (joint / joint.sum(1, keepdims=True) * counts[:, None]).sum(0) / counts.sum()
    return replace(evolution, shares=shares)


def _with_weights(evolution: Evolution, sites: list[Around]) -> Evolution:
    """Learn the weights, and the shares with them: those with which the bases of the reference are likeliest."""
    from scipy.optimize import minimize

    parts = [np.concatenate(each) for each in zip(*sites, strict=True)]
    near, own = (torch.from_numpy(each.astype(np.float32)) for each in parts[:2])
    truth = torch.from_numpy(parts[2].astype(np.int64))
    prior = torch.from_numpy(np.log(evolution.frequencies).astype(np.float32))

    def cost(values: Doubles) -> tuple[float, Doubles]:
        known = torch.from_numpy(values.astype(np.float32)).requires_grad_()
        rates = torch.einsum("nwk,w->nk", near, known[:WITHIN]) + known[WITHIN:].log_softmax(0)
        told = torch.logsumexp(rates.log_softmax(1)[:, :, None] + own, 1) + prior
        loss = torch.nn.functional.cross_entropy(told, truth)
        (slope,) = torch.autograd.grad(loss, known)
        return loss.item(), slope.numpy().astype(np.float64)

    begin = np.concatenate([np.full(WITHIN, 1 / WITHIN), np.log(evolution.shares.clip(1e-6))])
    found = minimize(cost, begin, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS}).x
    shares = np.exp(found[WITHIN:] - np.logaddexp.reduce(found[WITHIN:]))
    return replace(evolution, weights=found[:WITHIN], shares=shares)


def _distinct(columns: Codes) -> tuple[Codes, Positions]:
    """Columns (r, u) that differ, and which of them each of the n is."""
    packed = np.ascontiguousarray(columns.T)
    rows = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, first, which = np.unique(rows, return_index=True, return_inverse=True)
    return columns[:, first], which
