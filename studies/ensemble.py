"""Would several networks together be better than one? Bits a base of each alone, and of the means of their answers.

What the better mean gains over the best single model is the most that distilling the ensemble into one could bring.
"""

import numpy as np
import numpy.typing as npt

from dnalect import open_genome
from dnalect.core import NOTHING, Figure, say
from dnalect.genome import Region, parse_regions
from dnalect.inference import tiled_log_probs
from dnalect.models import language_model
from dnalect.stats import Draws, block_of, paired
from dnalect.tokens import encode
from studies.data import file_of
from studies.options import Ensemble

TASK, BITS = "ensemble", "bits a base"
ARITHMETIC, GEOMETRIC = "mean of probabilities", "mean of log-probabilities"
LogProbs = npt.NDArray[np.floating]


def run(options: Ensemble) -> list[Figure]:
    """Return the bits on a region of the genome: the mean of probabilities beside everything else, paired."""
    genome = open_genome(file_of(options.data, options.genome))
    place = parse_regions(genome, [options.region])[0]
    answers, names = [], []
    for name in options.models:
        model = language_model(name)
        say(f"{model.card.id} ({model.card.revision}) reads {len(place):,} bases")
        reach = model.can.reach or 0
        low, high = max(0, place.start - reach), min(int(genome.lengths[place.contig]), place.end + reach)
        found = tiled_log_probs(model, encode(genome.fetch(place.contig, low, high)))
        answers.append(found[place.start - low : place.end - low])
        names.append(f"{model.card.id} {model.card.revision}")
    told = {ARITHMETIC: arithmetic(answers), GEOMETRIC: geometric(answers), **dict(zip(names, answers, strict=True))}
    codes = encode(genome.fetch(place.contig, place.start, place.end))
    return figures(told, codes, place, options.region)


def arithmetic(answers: list[LogProbs]) -> LogProbs:
    """Return the logarithm of the mean of probabilities (n, 4)."""
    return np.asarray(np.logaddexp.reduce(answers, axis=0) - np.log(len(answers)))


def geometric(answers: list[LogProbs]) -> LogProbs:
    """Return the mean of log-probabilities (n, 4), normalised."""
    mean = np.mean(answers, axis=0)
    return np.asarray(mean - np.logaddexp.reduce(mean, axis=1, keepdims=True))


def figures(told: dict[str, LogProbs], codes: npt.NDArray[np.uint8], place: Region, region: str) -> list[Figure]:
    """Return bits a known base for everybody, with intervals from drawing blocks of 10 kb."""
    known = np.flatnonzero(codes < 4)
    draws = Draws.of(block_of(np.full(len(known), place.contig), place.start + known))
    bits = {who: -each[known, codes[known]].astype(np.float64) / np.log(2) for who, each in told.items()}
    bare = Figure(TASK, region, "", BITS, len(known), NOTHING)
    return paired(bare, {who: draws.mean(each) for who, each in bits.items()})
