"""What context is worth: bits of a base by the length of its window, and how far away sequence still moves a score.

What a causal model says is given the bases on one side: each direction is a line of its own, whose windows lie on that
side, and its bits are never set beside those of models that read both.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, open_genome
from dnalect.core import NOTHING, Estimate, Figure, track
from dnalect.genome import parse_regions
from dnalect.inference import strategy_for
from dnalect.models import Model, language_model
from dnalect.report import plots
from dnalect.stats import Draws, block_of, estimate
from dnalect.tokens import UNKNOWN, encode, reverse_complement
from studies.data import file_of
from studies.options import Context

TASK, BITS, MOVED, SPREAD = "context", "bits a base", "nats that a score moves", "nats between scores"
MORE = "bits above the longest"
DIRECTIONS = ("left to right", "right to left")
OPPOSITE = [3, 2, 1, 0]
Codes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# A stretch around each site, and how many of its bases on the left and on the right -> ln p of the site's base (n, 4).
Said = Callable[[Codes, int], Floats]


def run(options: Context) -> list[Figure]:
    """Return bits by window, and what far sequence moves; draw both where a picture is asked for."""
    genome = open_genome(file_of(options.data, options.genome))
    place = parse_regions(genome, [options.region])[0]
    longest = max(options.windows)
    around, at = _stretches(encode(genome.fetch(place.contig, place.start, place.end)), longest, options.sample)
    draws = Draws.of(block_of(np.full(len(at), place.contig), place.start + at))
    bare = Figure(TASK, "", "", BITS, len(at), NOTHING, command=options.command, species=options.region)
    found: list[Figure] = []
    for name in track(options.models, "models"):
        model = language_model(name)
        fitting = sorted(window for window in options.windows if window <= model.can.context_bases)
        if not fitting:
            raise ConfigError(f"{model.card.id} reads {model.can.context_bases:,} bases: name shorter --windows")
        for who, said in voices(model):
            found += _by_window(said, around, fitting, draws, replace(bare, who=who))
            found += _by_distance(said, around, fitting, draws, replace(bare, who=who))
    if options.picture:
        draw(found, options.picture)
    return found


def voices(model: Model) -> list[tuple[str, Said]]:
    """Return who speaks for a model: itself, or each direction of a causal one, with what is asked of it.

    Windows of a voice have their site in the middle, those of a direction at its end.
    """
    strategy, name = strategy_for(model), model.card.id

    def middle(around: Codes, window: int) -> Floats:
        site = around.shape[1] // 2
        low = site - window // 2
        return np.asarray(strategy.log_probs(list(around[:, low : low + window]), np.full(len(around), window // 2)))

    def after(around: Codes, window: int) -> Floats:
        site = around.shape[1] // 2
        cut = list(around[:, site + 1 - window : site + 1])
        return np.asarray(strategy.log_probs(cut, np.full(len(cut), window - 1)))

    def before(around: Codes, window: int) -> Floats:
        return after(np.stack([reverse_complement(codes) for codes in around]), window)[:, OPPOSITE]

    if strategy.given == "rest":
        return [(name, middle)]
    return [(f"{name}, {direction}", said) for direction, said in zip(DIRECTIONS, (after, before), strict=True)]


def _stretches(codes: Codes, longest: int, sample: int) -> tuple[Codes, Numbers]:
    """Return stretches (n, 2 * longest + 1) around random places without unknown bases, and these places (n,)."""
    total = np.concatenate([[0], np.cumsum(codes == UNKNOWN)])
    places = np.arange(longest, len(codes) - longest)
    known = places[total[places + longest + 1] == total[places - longest]]
    at = np.sort(np.random.default_rng(0).choice(known, min(sample, len(known)), replace=False))
    return codes[at[:, None] + np.arange(-longest, longest + 1)], at


def _by_window(said: Said, around: Codes, windows: Sequence[int], draws: Draws, bare: Figure) -> list[Figure]:
    """Bits with windows of each length, beside the longest of them."""
    own = around[:, around.shape[1] // 2]
    bits = {window: -said(around, window)[np.arange(len(own)), own] / np.log(2) for window in windows}
    last = bits[windows[-1]]
    return [
        replace(
            bare,
            part=f"{window} bases",
            value=estimate(draws.mean(each)),
            against=f"{bare.who}, {windows[-1]} bases" if window < windows[-1] else "",
            difference=estimate(draws.mean(each - last)) if window < windows[-1] else NOTHING,
        )
        for window, each in bits.items()
    ]


def _by_distance(said: Said, around: Codes, windows: Sequence[int], draws: Draws, bare: Figure) -> list[Figure]:
    """How far the log-ratios of a site move when all that is further away than so many bases is another place's."""
    window, site = windows[-1], around.shape[1] // 2
    kept = _ratios(said(around, window), around[:, site])
    spread = np.abs(kept - np.median(kept)).mean(axis=1)
    found = [replace(bare, part="all", metric=SPREAD, value=estimate(draws.mean(spread)))]
    far = np.abs(np.arange(around.shape[1]) - site)
    for distance in (each // 4 for each in windows[::-2]):
        other = np.where(far > distance, np.roll(around, len(around) // 2, axis=0), around)
        moved = np.abs(_ratios(said(other, window), around[:, site]) - kept).mean(axis=1)
        found.append(replace(bare, part=f"beyond {distance} bases", metric=MOVED, value=estimate(draws.mean(moved))))
    return found


def _ratios(log_probs: Floats, own: Codes) -> Floats:
    """Log-ratios of the three other bases of each site (n, 3)."""
    rows = np.arange(len(own))
    others = (own[:, None] + np.arange(1, 4)) % 4
    return np.asarray(log_probs[rows[:, None], others] - log_probs[rows, own][:, None])


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw what shorter windows cost, those of one side apart, and what sequence moves by its distance."""
    sides = {who: who.endswith(DIRECTIONS) for who in dict.fromkeys(each.who for each in figures)}
    bits = _lines(figures, BITS)
    panels = [
        ("given both sides", "bases of a window", MORE, {who: each for who, each in bits.items() if not sides[who]}),
        ("given one side", "bases of a window", MORE, {who: each for who, each in bits.items() if sides[who]}),
        ("sequence far away is exchanged", "bases that are kept on a side", MOVED, _lines(figures, MOVED)),
    ]
    plots.lengths(path, [panel for panel in panels if panel[3]])


def _lines(figures: Sequence[Figure], metric: str) -> Mapping[str, list[tuple[float, Estimate]]]:
    found: dict[str, list[tuple[float, Estimate]]] = {}
    for each in figures:
        if each.metric == metric:
            number = next(int(word) for word in each.part.split() if word.isdigit())
            value = each.value if metric != BITS else each.difference if each.against else Estimate(0, 0, 0)
            found.setdefault(each.who, []).append((number, value))
    return found
