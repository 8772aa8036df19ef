"""How far apart a model places the two haplotypes of a variant. Definition "distance-2" (docs/scores.md)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from dnalect.core.encoding import Encoding
from dnalect.core.measures import Distances
from dnalect.core.records import Codes, Variant, Window
from dnalect.core.reporter import track
from dnalect.genome.fasta import Genome
from dnalect.genome.windows.alleles import cut_window, fitting
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.run import Batch, run
from dnalect.models.model import LAST, Model
from dnalect.tokens.bases import decode, reverse_complement
from dnalect.tokens.tokenizer import tokens_at

DEFINITION = "distance-2"
# Variants whose windows are held at once: alternates of a record nearly always share a chunk.
CHUNK = 256
TINY = 1e-300
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# A window's base codes, and where its site begins and ends in it.
Passage = tuple[Codes, int, int]


def distances(
    model: Model,
    variants: Sequence[Variant],
    genome: Genome,
    flank: int,
    longest: int,
    batch: int | None,
    strands: int = 1,
    phases: int = 1,
) -> list[Distances]:
    """Return the distances between the haplotypes of each variant, in order.

    flank: bases on each side of the alleles. longest: bases that an allele may have. batch: most
    windows of a forward. strands: 2 for the mean over both, 1 for the forward strand. phases: so many frames
    of words are averaged, each beginning one base later.
    """
    out: list[Distances] = []
    for low in track(range(0, len(variants), CHUNK), "distances", "chunks"):
        whole = [over_its_range(variant, genome, longest) for variant in variants[low : low + CHUNK]]
        windows = [cut_window(variant, genome, flank) for variant in whole]
        views = [
            _between(_embedded(model, [p for window in windows for p in _passages(window, strand, phase)], batch))
            for strand in range(strands)
            for phase in range(phases)
        ]
        out += [Distances(*row) for row in np.mean(views, axis=0).tolist()]
    return out


def _passages(window: Window, strand: int, phase: int) -> list[Passage]:
    """Both haplotypes as one strand and frame reads them.

    The site is the allele; where the alleles differ in length or are empty, the bases beside
    it too, so that there is one for a deleted allele, and the same one from either strand.
    """
    variant, start, both = window.variant, window.start, [window.reference, window.alternate]
    beside = int(variant.kind not in ("snv", "mnv"))
    sites = [
        (max(0, start - beside), min(len(codes), start + len(allele) + beside))
        for codes, allele in zip(both, (variant.ref, variant.alt), strict=True)
    ]
    if strand:
        both = [reverse_complement(codes) for codes in both]
        sites = [(len(codes) - high, len(codes) - low) for codes, (low, high) in zip(both, sites, strict=True)]
    # The flanks are shared, so both haplotypes lose the same bases.
    cut = min(phase, sites[0][0])
    return [(codes[cut:], low - cut, high - cut) for codes, (low, high) in zip(both, sites, strict=True)]


def _embedded(model: Model, passages: Sequence[Passage], batch: int | None) -> Floats:
    """Return mean hidden states (n, 2, C): over the window, and over the site."""
    fitted = [fitting(*each, model.can.positions) for each in passages]
    sites = np.array([(low, high) for _, low, high in fitted], dtype=np.int64)
    means = np.zeros((len(fitted), 2, model.can.width))

    def keep(batch: Batch) -> None:
        assert batch.output.states is not None
        weights = _weights(batch.encoding, batch.rows, sites[batch.windows])
        hidden = batch.output.states[0][torch.from_numpy(batch.rows)]
        means[batch.windows] = torch.bmm(torch.from_numpy(weights).to(hidden.device), hidden).cpu().numpy()

    run(model, [decode(codes) for codes, _, _ in fitted], LAST, keep, rows=batch)
    return means


def _weights(encoding: Encoding, rows: npt.NDArray[np.int64], sites: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return what each token counts for (n, 2, T) in the mean over the window, and in that over the site.

    rows: (n,) of the encoding. sites: (n, 2) half-open bases. Only tokens that stand for bases count. Where none
    covers the site, its neighbours do.
    """
    words = (encoding.spans[..., 1] > 0)[rows]
    low, high = sites.T
    ranges = tokens_at(encoding, int(high.max()))
    first, last = ranges[rows, low, 0], ranges[rows, high - 1, 1]
    beside = first == last
    tokens = np.arange(words.shape[1])
    at_site = words & (tokens >= (first - beside)[:, None]) & (tokens < (last + beside)[:, None])
    counted = np.stack([words, at_site], axis=1)
    shares: npt.NDArray[np.float32] = (counted / np.maximum(counted.sum(axis=2, keepdims=True), 1)).astype(np.float32)
    return shares


def _between(means: Floats) -> Floats:
    """Return the distances (n, 6) between references and alternates, which take turns in means (2 * n, 2, C)."""
    ref, alt = means[0::2], means[1::2]
    units = [each / np.maximum(np.linalg.norm(each, axis=2, keepdims=True), TINY) for each in (ref, alt)]
    # 1 - cosine is half the squared chord: the same number, without taking near-equal ones from each other.
    cosine = ((units[0] - units[1]) ** 2).sum(axis=2) / 2
    found = np.stack([cosine, np.linalg.norm(ref - alt, axis=2), (ref * alt).sum(axis=2)], axis=2)
    return found.reshape(len(found), 6)
