"""Do heads look from the 5' splice site of a yeast intron to its branch point, more than at decoys?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect import Genome, InputError
from dnalect.core import Codes, Estimate, Figure, track
from dnalect.genome import read_coding
from dnalect.models import Model
from dnalect.stats import Draws, paired
from dnalect.tokens import decode, encode
from dnalect.why import attention_of

# Bases that a model reads around an intron, and the longest intron; decoys lie so many bases away.
SPAN, LONGEST, APART = 600, 450, 10
BRANCH, WITHIN = "TACTAAC", 120
DONOR, ACCEPTOR = 6, 3
DRAWS = 2_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Intron:
    """One intron in its window, on its strand. codes: (W,). pairs: name -> who looks (a, b) and at what (c, d)."""

    contig: str
    codes: Codes
    pairs: dict[str, tuple[tuple[int, int], tuple[int, int]]]


def introns(genome: Genome, annotation: str, most: int) -> list[Intron]:
    """Return introns between the coding parts of genes that begin with GT, end with AG and have a branch point.

    The branch point is the word within one base of TACTAAC that is nearest to the end, in the last 120 bases. most: of
    them, in a fixed order. Raises InputError where there is none.
    """
    found = []
    for contig, genes in read_coding(annotation).items():
        if contig not in genome.index:
            continue
        for gene in genes:
            steps = np.flatnonzero(np.diff(np.sort(gene.positions)) > 20)
            for step in steps.tolist():
                ordered = np.sort(gene.positions)
                one = _intron(genome, contig, int(ordered[step]) + 1, int(ordered[step + 1]), gene.forward)
                if one is not None:
                    found.append(one)
    if not found:
        raise InputError(f"{annotation} has no intron of up to {LONGEST} bases with a branch point")
    order = np.random.default_rng(1).permutation(len(found))[:most]
    return [found[n] for n in np.sort(order)]


def _intron(genome: Genome, contig: str, start: int, end: int, forward: bool) -> Intron | None:
    length = end - start
    left = (SPAN - length) // 2
    if length > LONGEST or start < SPAN or end + SPAN > int(genome.lengths[genome.index[contig]]):
        return None
    codes = encode(genome.fetch(genome.index[contig], start - left, start - left + SPAN))
    if not forward:
        codes, left = (3 - codes[::-1]).astype(np.uint8), SPAN - left - length
    text = decode(np.minimum(codes, 4))
    donor, acceptor = left, left + length
    if codes.max() > 3 or text[donor : donor + 2] != "GT" or text[acceptor - 2 : acceptor] != "AG":
        return None
    words = range(acceptor - len(BRANCH) - 2, max(donor + 10, acceptor - WITHIN), -1)
    near = [at for at in words if sum(a != b for a, b in zip(text[at:], BRANCH, strict=False)) <= 1]
    if not near:
        return None
    branch = near[0], near[0] + len(BRANCH)
    five, three = (donor, donor + DONOR), (acceptor - ACCEPTOR, acceptor)
    pairs = {
        "5' splice site to branch point": (five, branch),
        "5' splice site to 3' splice site": (five, three),
        "branch point to 3' splice site": (branch, three),
        "5' splice site to the exon before it": (five, (donor - 30, donor)),
        "5' splice site to the intron behind it": (five, (donor + DONOR, donor + DONOR + 30)),
    }
    return Intron(contig, codes, pairs)


def places(intron: Intron, name: str, alike: bool) -> Iterator[int]:
    """Yield how far a pair may be moved within the window, not near to itself. alike: where equal bases begin it."""
    (low, high), (first, last) = intron.pairs[name]
    own = intron.codes[low : low + 2]
    for shift in range(-min(low, first), SPAN - max(high, last) + 1):
        if abs(shift) >= APART and (not alike or (intron.codes[low + shift : low + shift + 2] == own).all()):
            yield shift


def quantiles(maps: npt.NDArray[np.floating], intron: Intron, name: str, alike: bool) -> tuple[Floats, Floats]:
    """Return where the pair's attention stands among its decoys (heads,), and where each decoy does (heads, decoys)."""
    (low, high), (first, last) = intron.pairs[name]
    shifts = np.array([0, *places(intron, name, alike)])
    rows = (np.arange(low, high)[:, None] + np.zeros(last - first, dtype=np.int64)).ravel()
    columns = (np.zeros(high - low, dtype=np.int64)[:, None] + np.arange(first, last)).ravel()
    found = maps[:, rows[:, None] + shifts, columns[:, None] + shifts].mean(axis=1, dtype=np.float64)
    others = np.sort(found[:, 1:], axis=1)
    pairs = list(zip(others, found, strict=True))
    below = np.stack([np.searchsorted(row, own, "left") + np.searchsorted(row, own, "right") for row, own in pairs])
    places_of = below / (2 * others.shape[1])
    return places_of[:, 0], places_of[:, 1:]


def splice_figures(models: dict[str, Model], given: Sequence[Intron], bare: Figure) -> list[Figure]:
    """Return for each pair how often its attention is above that of decoys (0.5: no more), for models by name.

    The best head is chosen on one half of the introns and judged on the other. p of the strongest head is over all
    heads together, decoys taking the place of the pair.
    """
    kinds = {"decoys as far apart": False, "decoys as far apart that begin alike": True}
    kept: dict[tuple[str, str, str], list[tuple[Floats, Floats]]] = {}
    for name, model in models.items():
        for intron in track(list(given), f"attention at introns, {name}", "introns"):
            found = attention_of(model, intron.codes)
            maps = np.concatenate([found.heads, found.mean[None], found.rollout[None]])
            for pair in intron.pairs:
                for kind, alike in kinds.items():
                    if next(places(intron, pair, alike), None) is not None:
                        kept.setdefault((pair, kind, name), []).append(quantiles(maps, intron, pair, alike))
    figures = []
    for pair in given[0].pairs:
        for kind in kinds:
            samples: dict[str, Floats] = {}
            count, p = 0, np.nan
            for name in models:
                rows = kept.get((pair, kind, name), [])
                if len(rows) < 4:
                    continue
                own = np.stack([each for each, _ in rows])
                draws = Draws.of(np.arange(len(rows)), DRAWS)
                count = len(rows)
                samples[f"{name}, best head of the other half"] = draws.mean(_crossed(own[:, :-2]))
                samples[f"{name}, mean over heads"] = draws.mean(own[:, -2])
                samples[f"{name}, rollout"] = draws.mean(own[:, -1])
                if np.isnan(p):
                    p = _strongest(own[:, :-2], rows)
            if samples:
                told = replace(bare, task=pair, part=kind, metric="AUROC", n=count)
                figures += [replace(each, chance=0.5) for each in paired(told, samples)]
                who = f"{next(iter(models))}, strongest head"
                figures.append(replace(told, who=who, metric="p over all heads", value=Estimate(p, np.nan, np.nan)))
    return figures


def _crossed(own: Floats) -> Floats:
    """The place of each intron (n,) by the head that is best on the other half. own: (n, heads)."""
    half = np.arange(len(own)) % 2
    out = np.empty(len(own))
    for part in (0, 1):
        out[half == part] = own[half == part, own[half != part].mean(axis=0).argmax()]
    return out


def _strongest(own: Floats, rows: Sequence[tuple[Floats, Floats]], draws: int = 999) -> float:
    """How often the best head does as well with a decoy of each intron in the place of the pair."""
    rng = np.random.default_rng(1)
    here = own.mean(axis=0).max()
    above = 0
    for _ in range(draws):
        drawn = np.mean([decoys[:-2, rng.integers(decoys.shape[1])] for _, decoys in rows], axis=0)
        above += bool(drawn.max() >= here)
    return (1 + above) / (1 + draws)
