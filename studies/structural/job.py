"""Study: are junctions of structural variants that nature kept told from those of random ones of the same size?"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect import Genome, load, open_genome, score_variants
from dnalect.core import Figure
from dnalect.stats import Draws, estimate
from studies.data import file_of
from studies.options import Structural
from studies.structural.calls import Call, human_calls, yeast_calls
from studies.worth.species import HUMAN, YEAST, Species

# Random variants beside each natural one, and bases on each side of a breakpoint whose GC is a rival.
CONTROLS, NEAR = 4, 50
RIVALS = {"shared": "bases that both sides share", "gc": "GC around the breakpoints"}
SIZE = "size alone"
Floats = npt.NDArray[np.float64]


def run(options: Structural) -> list[Figure]:
    """Return the figures: how often a natural variant's number is above that of a random one of its class and size."""
    yeast = open_genome(file_of(options.data, YEAST.reference))
    human = open_genome(file_of(options.data, HUMAN.reference))
    told = _compared(options, YEAST, yeast, yeast_calls(options.data, yeast), options.models[0])
    return told + _compared(options, HUMAN, human, human_calls(options.data, human), options.models[1])


def _compared(options: Structural, species: Species, genome: Genome, calls: Sequence[Call], name: str) -> list[Figure]:
    rng = np.random.default_rng(options.seed)
    kinds = {"deletions": [c for c in calls if not c.inserted], "insertions": [c for c in calls if c.inserted]}
    found = []
    for kind, every in kinds.items():
        chosen = [every[n] for n in np.sort(rng.permutation(len(every))[: options.most])]
        if len(chosen) < 2:
            continue
        rows = [[each, *random_ones(genome, each, rng)] for each in chosen]
        numbers = _numbers(genome, rows, name, options)
        simple = numbers["shared"][:, 0] < options.shared
        for part, kept in ((kind, np.ones(len(rows), dtype=bool)), (f"{kind} whose sides share little", simple)):
            if kept.sum() >= 2:
                found += _figures(options, species, part, name, {who: each[kept] for who, each in numbers.items()})
    return found


def random_ones(genome: Genome, call: Call, rng: np.random.Generator) -> list[Call]:
    """Return CONTROLS of the same size, or the same bases, elsewhere on the same contig, without unknown bases near."""
    found: list[Call] = []
    span, length = call.end - call.start, len(genome[call.contig])
    while len(found) < CONTROLS:
        start = int(rng.integers(1_000, length - span - 1_000))
        if "N" not in genome[call.contig][start - 400 : start + span + 400].upper():
            found.append(call._replace(start=start, end=start + span))
    return found


def _numbers(
    genome: Genome, rows: Sequence[Sequence[Call]], name: str, options: Structural
) -> dict[str, npt.NDArray[np.float64]]:
    """Return who -> numbers (n, 1 + CONTROLS), the natural variant first; NaN where one has no score."""
    model = load(name, dtype=options.dtype)
    flat = [each for row in rows for each in row]
    asked = [_written(genome, each) for each in flat]
    scored = score_variants(
        genome, asked, model, percentiles=False, scores=("junction",), window=options.window, force_reference=True
    )
    values = [np.nan if row.score.joined is None else row.score.joined.value for row in scored]
    shape = len(rows), 1 + CONTROLS
    return {
        name: np.array(values).reshape(shape),
        "shared": np.array([shared_bases(genome, each) for each in flat], dtype=np.float64).reshape(shape),
        "gc": np.array([_gc(genome, each) for each in flat]).reshape(shape),
    }


def _written(genome: Genome, call: Call) -> tuple[str, int, str, str]:
    """A call as contig, position from 1, REF and ALT."""
    ref = genome[call.contig][call.start - 1 : call.end].upper()
    return call.contig, call.start, ref, ref[0] + call.inserted


def shared_bases(genome: Genome, call: Call) -> int:
    """Return the bases by which a gap can slide: of its beginning those that follow it, of its end those before it."""
    contig = genome[call.contig]
    lost = call.inserted or contig[call.start : call.end].upper()
    after = contig[call.end : call.end + len(lost)].upper()
    before = contig[max(0, call.start - len(lost)) : call.start].upper()
    ahead = next((n for n, pair in enumerate(zip(lost, after, strict=False)) if pair[0] != pair[1]), len(after))
    back = next((n for n, (a, b) in enumerate(zip(lost[::-1], before[::-1], strict=False)) if a != b), len(before))
    return ahead + back


def _gc(genome: Genome, call: Call) -> float:
    contig = genome[call.contig]
    near = contig[max(0, call.start - NEAR) : call.start] + contig[call.end : call.end + NEAR]
    return sum(base in "GCgc" for base in near) / max(1, len(near))


def _figures(options: Structural, species: Species, part: str, model: str, numbers: dict[str, Floats]) -> list[Figure]:
    known = np.isfinite(numbers[model]).all(axis=1)
    draws = Draws.of(np.arange(int(known.sum())))
    above = {who: draws.mean(above_random(each[known])) for who, each in numbers.items()}
    bare = Figure(
        *("structural", part, model, "above random ones of its size", int(known.sum()), estimate(above[model])),
        command=options.command,
        species=species.name,
        chance=0.5,
        chance_name=SIZE,
    )
    told = [replace(bare, against=RIVALS[rival], difference=estimate(above[model] - above[rival])) for rival in RIVALS]
    return told + [replace(bare, who=RIVALS[rival], value=estimate(above[rival])) for rival in RIVALS]


def above_random(numbers: Floats) -> Floats:
    """Return of each row (n, 1 + c) the share of random variants whose number is below the first's, ties by half."""
    own, others = numbers[:, :1], numbers[:, 1:]
    return np.asarray(((others < own) + (others == own) / 2).mean(axis=1))
