"""Bits of bases that are hidden 15% at a time, as masked models are trained and judged, beside one at a time.

Shorkie's language model is published with such figures. What differs from its protocol stands in docs/embedded.md.
"""

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, open_genome
from dnalect.core import NOTHING, Figure, say, track
from dnalect.genome import Region, parse_regions
from dnalect.inference import once, strategy_for, tiled_log_probs
from dnalect.models import Ask, Model, language_model
from dnalect.stats import Draws, block_of, paired
from dnalect.tokens import UNKNOWN, decode, encode
from studies.data import file_of
from studies.options import Hidden

TASK, BITS, ALONE = "hidden", "bits a base", "each alone"
BATCH = 16
Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
LogProbs = npt.NDArray[np.floating]


def run(options: Hidden) -> list[Figure]:
    """Return bits of the same random bases of a region for each model: hidden together, and each alone.

    Alone only where one pass says all of them; of masked models `dnalect evaluate likelihood --sample` tells it.
    """
    genome = open_genome(file_of(options.data, options.genome))
    place = parse_regions(genome, [options.region])[0]
    codes = encode(genome.fetch(place.contig, place.start, place.end))
    chosen = drawn(codes, options.share)
    told: dict[str, LogProbs] = {}
    for name in options.models:
        model = language_model(name)
        say(f"{model.card.id} reads {len(codes):,} bases, {int(chosen.sum()):,} of them hidden")
        told[f"{model.card.id}, {options.share:.0%} hidden"] = together(model, codes, chosen, options.window)
        if (strategy := strategy_for(model)).whole:
            told[f"{model.card.id}, {ALONE}"] = strategy.every(codes, chosen)
    return figures(told, codes, chosen, place, options.region)


def drawn(codes: Codes, share: float) -> Mask:
    """Return a random share of the known bases (L,)."""
    return np.asarray((np.random.default_rng(0).random(len(codes)) < share) & (codes != UNKNOWN))


def together(model: Model, codes: Codes, chosen: Mask, window: int) -> LogProbs:
    """Return ln p (L, 4) of the chosen bases, all of which are hidden; of the others it means nothing.

    window: bases that a masked model reads at once, at most its context; windows lie end to end. A leave-one-out model
    reads unknown bases in their place, and all that it depends on.
    Raises ConfigError for a model of another kind, or whose tokens are no bases.
    """
    if model.can.likelihood == "leave_one_out":
        return tiled_log_probs(model, np.where(chosen, np.uint8(UNKNOWN), codes))
    four = [model.tokenizer.index.get(base) for base in "ACGT"]
    mask = model.tokenizer.special.mask
    if model.can.likelihood != "masked" or None in four or mask is None:
        raise ConfigError(f"{model.card.id} hides no single bases: name a masked model of single bases, or a duplex")
    out = np.zeros((len(codes), 4))
    size = min(window, model.can.context_bases)
    lows = range(0, len(codes), size)
    for first in track(range(0, len(lows), BATCH), "windows"):
        part = lows[first : first + BATCH]
        encoding = model.encode([decode(codes[low : low + size]) for low in part])
        for row, low in enumerate(part):
            own = np.flatnonzero(encoding.covering[row])
            inside = own[chosen[low : low + size]]
            encoding.input_ids[row, inside] = mask
        logits = once(model, encoding, Ask(logits=True)).logits[..., four].log_softmax(-1).cpu().numpy()
        for row, low in enumerate(part):
            out[low : low + size] = logits[row, encoding.covering[row]]
    return out


def figures(told: dict[str, LogProbs], codes: Codes, chosen: Mask, place: Region, region: str) -> list[Figure]:
    """Return bits of the chosen bases for everybody, with intervals from drawing blocks of 10 kb."""
    at = np.flatnonzero(chosen)
    draws = Draws.of(block_of(np.full(len(at), place.contig), place.start + at))
    bits = {who: -each[at, codes[at]].astype(np.float64) / np.log(2) for who, each in told.items()}
    return paired(
        Figure(TASK, region, "", BITS, len(at), NOTHING), {who: draws.mean(each) for who, each in bits.items()}
    )
