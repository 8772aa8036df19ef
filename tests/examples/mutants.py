"""Random sequences with labels, for the tests of this folder."""

from dataclasses import replace

import numpy as np

from dnalect.core.examples import Examples, Target

OTHER = str.maketrans("ACGT", "TGCA")
TWO = Target("bound", "classes", ("no", "yes"))


def sequences(count, length, seed=0, gc=0.5):
    rng = np.random.default_rng(seed)
    shares = [(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2]
    return ["".join(row) for row in np.array(list("ACGT"))[rng.choice(4, (count, length), p=shares)]]


def flipped(sequence):
    return sequence.translate(OTHER)[::-1]


def mutated(sequence, share, seed=0):
    rng = np.random.default_rng(seed)
    bases = np.array(list(sequence))
    at = rng.random(len(bases)) < share
    bases[at] = rng.choice(list("ACGT"), int(at.sum()))
    return "".join(bases)


def of(texts, labels, parts=None, contigs=None, starts=None, target=TWO):
    found = Examples.of(texts, [target], {target.name: np.asarray(labels)})
    if parts is not None:
        found = replace(found, parts=tuple(parts))
    if contigs is not None:
        starts = np.asarray(starts, dtype=np.int64)
        ends = starts + [len(text) for text in texts]
        found = replace(found, contigs=tuple(contigs), starts=starts, ends=ends)
    return found
