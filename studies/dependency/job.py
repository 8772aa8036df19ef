"""Study: do dependency maps know what goes together? Stems of tRNAs, splice sites of yeast; nulls beside them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect import InputError, explain, load, open_genome
from dnalect.core import Estimate, Figure, track
from dnalect.models import Model
from dnalect.stats import Draws, auroc, estimate, quantiles_within
from studies.data import file_of
from studies.dependency.places import Intron, Stretch, read_introns, read_trnas
from studies.options import Dependency
from studies.worth.species import YEAST

# Pairs that are nearer to each other are in no stem, and neighbours always depend on each other.
NEAREST = 4
# Shifts of a pair of blocks that are too near to the pair itself to be another place.
TOO_NEAR = 5
MAPS = {"model": "dependency/map", "shuffled": "dependency/shuffled/map", "untrained": "dependency/untrained/map"}
SITES = {"5' splice site and branch point": "branch", "5' and 3' splice site": "acceptor"}
SAID = {"shuffled": "the model on shuffled sequence", "untrained": "untrained network", "distance": "distance alone"}
Floats = npt.NDArray[np.float64]


def run(options: Dependency) -> list[Figure]:
    """Return the figures: AUROCs, means over tRNAs or introns, families of tRNAs drawn whole."""
    genome = open_genome(file_of(options.data, YEAST.reference))
    annotation, model = file_of(options.data, YEAST.annotation), load(options.model)
    trnas = read_trnas(annotation, genome) if options.part != "introns" else []
    introns = read_introns(annotation, genome, options.longest) if options.part != "trnas" else []
    if options.contigs:
        trnas = [each for each in trnas if each.contig in options.contigs]
        introns = [each for each in introns if each.stretch.contig in options.contigs]
    if not options.every:
        # Copies of one tRNA say nothing new.
        trnas = list({each.family: each for each in trnas}.values())
    if not trnas and not introns:
        raise InputError("the annotation has no tRNA and no intron on these contigs")
    return _stems(options, model, trnas) + _sites(options, model, introns)


def maps(options: Dependency, model: Model, place: Stretch) -> dict[str, Floats]:
    """Return the maps (L, L) of a place and of its nulls, the larger of both directions."""
    region = f"{place.contig}:{place.start + 1}-{place.end}"
    reference = file_of(options.data, YEAST.reference)
    arrays = explain(reference, region, model, show="dependency", seed=options.seed, progress=False).arrays
    found = {name: arrays[key].astype(np.float64) for name, key in MAPS.items()}
    return {name: np.maximum(each, each.T) for name, each in found.items()}


def _stems(options: Dependency, model: Model, trnas: Sequence[Stretch]) -> list[Figure]:
    rows: dict[tuple[str, str], list[float]] = {}
    for place in track(trnas, "tRNAs"):
        for who, (plain, within) in stem_aurocs(maps(options, model, place), place.pairs).items():
            rows.setdefault((who, "AUROC of stem pairs"), []).append(plain)
            rows.setdefault((who, "AUROC of stem pairs among pairs of the same distance"), []).append(within)
    draws = Draws.of(np.array([each.family for each in trnas]))
    return _figures(options, "tRNA stems", model.card.id, rows, draws, len(trnas)) if trnas else []


def stem_aurocs(found: dict[str, Floats], pairs: npt.NDArray[np.int64]) -> dict[str, tuple[float, float]]:
    """Return for each map, and for the distance alone, the AUROC of known pairs over all others, and within distances.

    Within: a pair is ranked among those that are as far apart, in classes of eight bases. NaN where that tells nothing.
    """
    length = len(found["model"])
    left, right = np.triu_indices(length, NEAREST)
    known = np.zeros((length, length), dtype=bool)
    known[pairs[:, 0], pairs[:, 1]] = True
    positive, apart = known[left, right], right - left
    scores = {name: each[left, right] for name, each in found.items()} | {"distance": -apart.astype(np.float64)}
    out = {}
    for name, each in scores.items():
        ranked = quantiles_within(np.nan_to_num(each), apart // 8)
        out[name] = (auroc(np.nan_to_num(each), positive), np.nan if name == "distance" else auroc(ranked, positive))
    return out


def _sites(options: Dependency, model: Model, introns: Sequence[Intron]) -> list[Figure]:
    rows: dict[str, dict[tuple[str, str], list[float]]] = {name: {} for name in SITES}
    used: dict[str, list[str]] = {name: [] for name in SITES}
    for intron in track(introns, "introns"):
        found = maps(options, model, intron.stretch)
        for name, which in SITES.items():
            values = {who: block_place(each, intron.donor, getattr(intron, which)) for who, each in found.items()}
            if np.isfinite(list(values.values())).all():
                used[name].append(intron.stretch.family)
                for who, value in values.items():
                    rows[name].setdefault((who, "mean place among blocks as far apart"), []).append(value)
    return [
        each
        for name in SITES
        if used[name]
        for each in _figures(options, name, model.card.id, rows[name], Draws.of(np.array(used[name])), len(used[name]))
    ]


def block_place(found: Floats, one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the share of shifted pairs of blocks whose mean dependency is lower, ties by half; NaN without shifts.

    Both blocks are moved together, so that they stay as far apart and of the same sizes.
    """
    length = len(found)
    lowest, highest = -min(one[0], other[0]), length - max(one[1], other[1])
    own, others = np.nan, []
    for shift in range(lowest, highest + 1):
        mean = float(np.nanmean(found[one[0] + shift : one[1] + shift, other[0] + shift : other[1] + shift]))
        if shift == 0:
            own = mean
        elif abs(shift) >= TOO_NEAR:
            others.append(mean)
    if not others:
        return float("nan")
    beside = np.array(others)
    return float((beside < own).mean() + (beside == own).mean() / 2)


def _figures(
    options: Dependency, group: str, model: str, rows: dict[tuple[str, str], list[float]], draws: Draws, n: int
) -> list[Figure]:
    """The model's mean beside those of its nulls, with paired differences."""
    out = []
    samples = {key: draws.mean(np.array(values)) for key, values in rows.items() if np.isfinite(values).all()}
    for (who, measure), each in samples.items():
        bare = Figure(
            *("dependency", group, SAID.get(who, model), measure, n, estimate(each)),
            command=options.command,
            species=YEAST.name,
            chance=0.5,
        )
        beside: dict[str, Estimate] = {
            SAID[other]: estimate(each - samples[other, measure])
            for other in SAID
            if who == "model" and (other, measure) in samples
        }
        told = [replace(bare, against=rival, difference=each) for rival, each in beside.items()]
        out += told or [bare]
    return out
