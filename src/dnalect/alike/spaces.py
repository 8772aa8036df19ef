"""Vectors of sequences by a model and by its rivals: word counts, and the same network untrained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines.composition import composition
from dnalect.baselines.kmers import sequence_words
from dnalect.core.errors import ConfigError
from dnalect.inference.embed import embed
from dnalect.models.model import Model

WORDS, UNTRAINED, GC = "words of 3-5", "the same network, untrained", "GC content"
RIVALS = {"words": WORDS, "untrained": UNTRAINED, "gc": GC}
LENGTHS = (3, 4, 5)
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class How:
    """How sequences are read: as `dnalect.inference.embed.embed` has it."""

    pool: str = "mean"
    layer: int | None = None
    strands: int = 2
    batch: int | None = None
    quiet: bool = False

    def __call__(self, model: Model, sequences: Sequence[str]) -> Singles:
        """Return a vector (n, C) for each sequence; the half of it where the other one repeats it."""
        found = embed(model, sequences, self.pool, self.layer, self.strands, self.batch, self.quiet)
        twice = self.strands == 2 and model.language.can.strands == "halves" and self.pool != "mean-max"
        return found[:, : found.shape[1] // 2] if twice else found


def how_of(facts: Mapping[str, str], otherwise: How) -> How:
    """Return how vectors were read, by what `dnalect embed` says of them; what it does not say is as in `otherwise`."""
    layer = facts.get("layer", "")
    number = otherwise.layer if not layer else None if "normed" in layer else int(layer.split()[0])
    strands = facts.get("strands", str(otherwise.strands))
    return How(facts.get("pool", otherwise.pool), number, int(strands[0]), otherwise.batch)


def rival_vectors(name: str, model: Model | None, sequences: Sequence[str], how: How, seed: int = 1) -> Singles:
    """Return the vectors (n, F) of a rival: "words" (both strands), "gc", or "untrained", which needs the model.

    Raises ConfigError for another name.
    """
    sequences = [text.upper() for text in sequences]
    if name == "words":
        return sequence_words(sequences, LENGTHS, both=how.strands == 2)
    if name == "gc":
        return composition(sequences)[:, :1].astype(np.float32)
    if name == "untrained" and model is not None:
        return how(model.language.untrained(seed), sequences)
    raise ConfigError(f"there is no rival {name!r}: give some of {', '.join(RIVALS)}")
