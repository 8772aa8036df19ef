"""Does a model tell common from rare variants equally well for all populations of a VCF? `evaluate bias --variants`."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.figures import NOTHING, Estimate, Figure
from dnalect.core.records import Variant
from dnalect.core.reporter import say
from dnalect.core.tables import aligned, filled
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.variants import open_variants
from dnalect.genome.vcf import info_of
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.inference.likelihood import scorer_for, strategy_for
from dnalect.models.model import Model
from dnalect.relatives.laid import Relatives
from dnalect.stats.draws import Draws, block_of, estimate
from dnalect.stats.ranking import quantiles_within

TASK, APART, PLACE = "bias", "AUROC, common over rare, within substitution type", "mean place within substitution type"
ALL, COMMON, RARE = "AF", 0.05, 0.01
# Variants of each side that make a figure, and of a masked model those that are scored.
FEWEST, SAMPLE = 30, 2_000
BOUNDS = (0.001, RARE, COMMON)
CLASSES = ("below 0.1%", "0.1% to 1%", "1% to 5%", "5% and more")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """One figure. question, name: of which variants. difference: from what `against` have."""

    question: str
    name: str
    metric: str
    count: int
    value: Estimate
    against: str = ""
    difference: Estimate | None = None

    def figure(self, who: str, command: str) -> Figure:
        """Return its row."""
        return Figure(
            TASK,
            f"{self.question}: {self.name}",
            who,
            self.metric,
            self.count,
            self.value,
            against=self.against,
            difference=self.difference or NOTHING,
            command=command,
        )


def by_frequency(
    model: Model,
    genome: Genome,
    path: str,
    keys: tuple[str, ...],
    sample: int | None,
    rename: str | None,
    relatives: Relatives | None = None,
) -> list[Told]:
    """Score the SNVs of a VCF and compare frequencies and populations.

    keys: of INFO, a frequency for each alternate; () for AF and every other that ends in AF. sample: random SNVs; None
    for all, or SAMPLE of a model that needs a pass for each. relatives: for a model that reads them.

    Raises InputError where the file has no frequencies, or too few SNVs.
    """
    variants, found = _read(genome, path, keys, rename)
    most = sample or (None if strategy_for(model).whole else SAMPLE)
    if most is not None and most < len(variants):
        kept = np.sort(np.random.default_rng(0).choice(len(variants), most, replace=False))
        say(f"{most:,} of {len(variants):,} SNVs, at random (--sample)")
        variants, found = [variants[n] for n in kept], {key: each[kept] for key, each in found.items()}
    scorer = scorer_for(model, genome, relatives=relatives)
    scores = np.array([each.value for each in scorer.score(variants)], dtype=np.float64)
    known = np.isfinite(scores)
    kinds = np.array([int(each.ref[0]) * 4 + int(each.alt[0]) for each in variants])
    places = np.full(len(scores), np.nan)
    places[known] = quantiles_within(scores[known], kinds[known])
    blocks = block_of(np.array([v.contig for v in variants]), np.array([v.start for v in variants]))
    draws = Draws.of(blocks)
    told = _populations(places, known, found, draws) + _classes(places, known, found, draws)
    if not told:
        raise InputError(f"{path} has fewer than {FEWEST} common and {FEWEST} rare SNVs: no figure can be made")
    return told


def _read(
    genome: Genome, path: str, keys: tuple[str, ...], rename: str | None
) -> tuple[list[Variant], dict[str, Floats]]:
    """SNVs, and of each key their frequencies (n,), NaN where the file has none."""
    variants: list[Variant] = []
    rows: list[dict[str, float]] = []
    with open_variants(path, genome) as source:
        names = ContigNames(genome, rename)
        for record in source.records:
            info = {key.decode(errors="replace"): value for key, value in info_of(record.line).items()}
            wanted = keys or tuple(key for key in info if key == ALL or key.endswith("_AF") or key.startswith("AF_"))
            made = resolve(record, names.number(record.contig), genome, Rules(1, 0))
            for number, each in enumerate(made):
                if isinstance(each, Variant) and each.kind == "snv":
                    variants.append(each)
                    rows.append({key: _frequency(info.get(key, b""), number) for key in wanted})
    columns = list(dict.fromkeys(key for row in rows for key in row))
    found = {key: np.array([row.get(key, np.nan) for row in rows]) for key in columns}
    found = {key: each for key, each in found.items() if np.isfinite(each).any()}
    if missing := [key for key in keys if key not in found]:
        raise InputError(f"INFO of {path} has no frequencies {missing[0]} of any SNV")
    if not found:
        raise InputError(f"INFO of {path} has no frequencies: no AF, and none that ends in _AF or begins with AF_")
    return variants, found


def _frequency(text: bytes, number: int) -> float:
    values = text.split(b",")
    try:
        return float(values[number])
    except (ValueError, IndexError):
        return float("nan")


def _populations(places: Floats, known: npt.NDArray[np.bool_], found: dict[str, Floats], draws: Draws) -> list[Told]:
    """Of each column: variants common there over those rare there."""
    told: list[Told] = []
    first: Floats | None = None
    for key in sorted(found, key=lambda key: key != ALL):
        frequency = found[key]
        common = known & (frequency >= COMMON) & (frequency <= 1 - COMMON)
        rare = known & (frequency > 0) & (frequency < RARE)
        if min(common.sum(), rare.sum()) < FEWEST:
            say(f"{key}: fewer than {FEWEST} common or rare SNVs, left out")
            continue
        both = common | rare
        apart = draws.take(both).auroc(places[both], common[both])
        difference = None if first is None else estimate(apart - first)
        told.append(
            Told("population", key, APART, int(both.sum()), estimate(apart), ALL if difference else "", difference)
        )
        first = apart if key == ALL else first
    return told


def _classes(places: Floats, known: npt.NDArray[np.bool_], found: dict[str, Floats], draws: Draws) -> list[Told]:
    """Where the alternates of each class of frequency stand: 0.5 is where all do; with what all others have."""
    frequency = found.get(ALL)
    if frequency is None:
        return []
    told: list[Told] = []
    usable = known & (frequency > 0) & (frequency < 1)
    classes = np.searchsorted(BOUNDS, frequency, side="right")
    for number, name in enumerate(CLASSES):
        mine, others = (usable & (classes == number), usable & (classes != number))
        if min(mine.sum(), others.sum()) >= FEWEST:
            here, elsewhere = (draws.take(each).mean(places[each]) for each in (mine, others))
            difference = estimate(here - elsewhere)
            told.append(Told("frequency", name, PLACE, int(mine.sum()), estimate(here), "all other SNVs", difference))
    return told


def table(found: list[Told]) -> str:
    """Return the figures as a table for people."""
    lines = [["by", "which", "what", "SNVs", "value", "less", "difference"]]
    for each in found:
        difference = _told(each.difference, "+") if each.difference else ""
        cells = [each.question, each.name, each.metric, f"{each.count:,}", _told(each.value)]
        lines.append([*cells, each.against, difference])
    return aligned(filled(lines))


def _told(value: Estimate, sign: str = "") -> str:
    mean, low, high = (f"{each:{sign}.3f}" for each in value)
    return f"{mean} [{low}, {high}]" if np.isfinite(value.low) else mean
