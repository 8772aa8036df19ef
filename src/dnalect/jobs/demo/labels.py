"""How few labels a model needs: a histone mark, learned from the frozen states of a model and from k-mers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.baselines.base import regressed
from dnalect.baselines.kmers import sequence_words
from dnalect.core.examples import Examples
from dnalect.core.figures import Estimate
from dnalect.examples.read import read_examples
from dnalect.inference.embed import read_states
from dnalect.jobs.demo.data import HELD_OUT
from dnalect.models.model import Model
from dnalect.models.pooled import Reading
from dnalect.stats.draws import Draws, estimate

COUNTS = (30, 100, 300)
KMERS = (3, 4, 5, 6)
Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Learned:
    """tested: sequences. model, kmers: numbers of labels and the AUROC that they led to."""

    tested: int
    model: list[tuple[float, Estimate]] = field(default_factory=list)
    kmers: list[tuple[float, Estimate]] = field(default_factory=list)


def learn(model: Model, path: Path) -> Learned:
    """Learn the first labels of a table, more and more of them, and judge on the contigs that were held out."""
    examples = read_examples(path)
    target = examples.targets[0]
    held = np.isin(examples.contigs, HELD_OUT)
    test, rest = examples.take(np.flatnonzero(held)), examples.take(np.flatnonzero(~held))
    positive = test.labels[target.name][:, 0] == 1
    draws = Draws.of(np.arange(len(test)), 500)
    known: dict[str, npt.NDArray[np.float32]] = {}

    def states(sequences: Sequence[str]) -> Array:
        if new := [text for text in sequences if text not in known]:
            known.update(zip(new, read_states(model, Reading(strands=2), new), strict=True))
        return np.stack([known[text] for text in sequences])

    def kmers(sequences: Sequence[str]) -> Array:
        return sequence_words(sequences, KMERS, True)

    found = Learned(len(test))
    for count in (*COUNTS, len(rest)):
        train, tune = _parts(rest, count)
        for features, row in ((states, found.model), (kmers, found.kmers)):
            # The whole table is for k-mers only, which cost nothing.
            if features is kmers or count in COUNTS:
                given = regressed(features, train, tune, test.sequences, target)
                row.append((count, estimate(draws.auroc(given[:, 1], positive))))
    return found


def _parts(examples: Examples, count: int) -> tuple[Examples, Examples]:
    """The first labels: four fifths to learn from, a fifth to choose the penalty on."""
    cut = count * 4 // 5
    return examples.take(np.arange(cut)), examples.take(np.arange(cut, count))
