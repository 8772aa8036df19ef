"""Study: natural variants of yeast promoters. Does the score know common from rare, natural from random?"""

import numpy as np
import numpy.typing as npt

from dnalect.core import Estimate
from dnalect.examples import matched, strata
from dnalect.genome import Region, context_class
from dnalect.report import plots
from dnalect.stats import Draws, auroc, estimate, quantiles_within
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import (
    LLR,
    MARKOV,
    Scores,
    add_aurocs,
    alternatives,
    major_to_minor,
    ranked_within,
    variant_rivals,
)
from studies.worth.promoter_bases import (
    CONTIGS,
    Promoters,
    contexts,
    mutability,
    pool,
    read_promoters,
)
from studies.worth.snvs import Features, Snvs, features
from studies.worth.species import YEAST

NAME = "promoters"
COMMON = 0.05
DECILES = 10
COLOURS = "AUROC of the log-ratio (teal) and of its rivals (grey) with 95% intervals; dashed: chance."

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def run(options: Options) -> Findings:
    """Measure a model on the natural variants of yeast promoters of chromosomes I to X."""
    bench = Bench(options, YEAST.reference)
    regions = bench.regions(CONTIGS)
    found = read_promoters(bench, regions)
    known = features(bench, found.snvs, regions)
    table = bench.table(NAME, YEAST.name)
    study = Study(bench, regions, found, table)
    bars = study.common_over_singletons(known)
    lifted = study.what_lifts(major_to_minor(known))
    natural = study.natural_over_random()
    shares = study.deciles(major_to_minor(known))
    model = bench.model.name
    return Findings(
        table.rows,
        [
            Plot.forest(f"{NAME}-{model}", f"Common variants over singletons: {COLOURS}", bars),
            Plot.forest(f"{NAME}-random-{model}", f"Natural variants over random substitutions: {COLOURS}", natural),
            Plot.forest(
                f"{NAME}-scores-{model}",
                "Common over singletons, on the half of the chromosomes that was not used to choose a score.",
                [lifted],
            ),
            Plot(
                f"{NAME}-deciles-{model}",
                "Singletons and common variants by decile of the log-ratio within each substitution type "
                "(1: most disfavoured).",
                lambda path: plots.deciles(path, shares, "decile of the log-ratio"),
            ),
        ],
        study.notes,
    )


class Study:
    """The questions of this study."""

    def __init__(self, bench: Bench, regions: list[Region], found: Promoters, table: Collected):
        self.bench, self.regions, self.found, self.table = bench, regions, found, table
        self.rates, self.seen = mutability(bench), bench.seen(regions)
        snvs = found.snvs
        common, single = (int(group.sum()) for group in common_and_single(snvs))
        self.notes = [
            f"{len(snvs):,} natural variants in {int(found.number.max()) + 1:,} promoters, {single:,} of them in one "
            f"isolate, {common:,} in more than 5% of the isolates; the reference strain carries the rarer allele of "
            f"{int((snvs.frequency > 0.5).sum()):,}."
        ]

    def compare(self, group: str, known: Features, positive: Mask, units: Numbers, within: bool = False) -> Panel:
        """Add a comparison; within: rank every score within the substitution type first."""
        rates = self.rates.log_rates(known.around, known.snvs.alt, known.snvs.contig)
        own: dict[str, Scores] = {LLR: known.llr()}
        rivals = variant_rivals(self.bench, known, positive, rates, YEAST)
        if within:
            kinds = context_class(known.around, known.snvs.alt, 0)
            own, rivals = (ranked_within(scores, kinds) for scores in (own, rivals))
        return add_aurocs(self.table, group, positive, units, own, rivals, self.seen)

    def common_over_singletons(self, known: Features) -> list[Panel]:
        """(a) Common variants against singletons of the same substitution type, in several ways."""
        folded = major_to_minor(known)
        panels = []
        for label, each, share, match, within in (
            ("common over singletons, REF to ALT", known, COMMON, True, False),
            ("common over singletons, major to minor allele", folded, COMMON, True, False),
            ("common over singletons, scores ranked within the type", folded, COMMON, True, True),
            ("above 20% over singletons, scores ranked within the type", folded, 0.2, True, True),
            ("common over singletons, types not matched", folded, COMMON, False, False),
        ):
            at, positive = self._chosen(each, match, share)
            panels.append(self.compare(label, each.take(at), positive, self.found.number[at], within))
        return panels

    def _chosen(self, known: Features, match: bool = True, share: float = COMMON) -> tuple[Numbers, Mask]:
        """Numbers of the common variants and singletons, matched by type on request, and which are common."""
        common, single = known.snvs.frequency > share, known.snvs.count == 1
        at = np.flatnonzero(common | single)
        if match:
            types = context_class(known.around, known.snvs.alt, 0)[at]
            at = at[matched(common[at], strata(types))]
        return at, common[at]

    def what_lifts(self, known: Features) -> Panel:
        """All scores on both halves of the chromosomes; the best of the first one is judged on the second."""
        at, positive = self._chosen(known)
        chosen, units = known.take(at), self.found.number[at]
        first = chosen.snvs.contig % 2 == 0
        scores = alternatives(chosen)
        best = max(scores, key=lambda name: auroc(scores[name][first], positive[first]))
        groups = {"common over singletons, chromosomes to choose on": first}
        groups["common over singletons, chromosomes to report on"] = ~first
        values: dict[str, Estimate] = {}
        for group, half in groups.items():
            draws = Draws.of(units[half])
            samples = {name: draws.auroc(score[half], positive[half]) for name, score in scores.items()}
            values = {name: estimate(each) for name, each in samples.items()}
            for name, value in values.items():
                beside = {LLR: estimate(samples[name] - samples[LLR])}
                told = beside if name == best != LLR else None
                self.table.add(
                    *(f"AUROC of {name}", group, int(half.sum()), value),
                    seen=self.seen,
                    chance=0.5,
                    differences=told,
                )
        names = [self.bench.genome.names[number] for number in np.unique(chosen.snvs.contig[first])]
        self.notes.append(
            f"Among several readings of the same probabilities, `{best}` does best on {', '.join(names)}, the "
            "chromosomes to choose on; the others are those to report on."
        )
        bars = [plots.Bar(f"{name} (chosen)" if name == best else name, value) for name, value in values.items()]
        return "common over singletons, major to minor allele", bars

    def natural_over_random(self) -> list[Panel]:
        """(b) Natural variants against unobserved substitutions of the same type in the same promoter."""
        every, promoter = pool(self.found)
        types = context_class(contexts(self.bench, every.contig, every.position), every.alt, 0)
        common, single = common_and_single(every)
        panels = []
        for label, natural in (("natural", every.count > 0), ("common", common), ("singletons", single)):
            at = np.flatnonzero(natural | (every.count == 0))
            at = at[matched(natural[at], strata(promoter[at], types[at]), most=2)]
            known = features(self.bench, every.take(at), self.regions)
            panels.append(self.compare(f"{label} over random", known, natural[at], promoter[at]))
        return panels

    def deciles(self, known: Features) -> list[tuple[str, plots.Band, plots.Band]]:
        """(c) Shares of singletons and common variants by decile of the score within the substitution type."""
        types = context_class(known.around, known.snvs.alt, 0)
        common, single = common_and_single(known.snvs)
        scores = {LLR: known.llr(), MARKOV: known.markov_llr()}
        panels, draws = [], Draws.of(self.found.number)
        for label, group in (("singletons", single), ("common variants", common)):
            bands, spans = [], []
            for name, score in scores.items():
                own = (quantiles_within(score, types) * DECILES).astype(np.int64)
                samples = draws.group_means(group.astype(np.float64), own, DECILES)
                bands.append(plots.Band(samples[0], *np.quantile(samples[1:], [0.025, 0.975], axis=0)))
                ends = (-1, 0) if group is common else (0, -1)
                spans.append(samples[:, ends[0]] - samples[:, ends[1]])
                self._add_deciles(label, name, samples)
            ends_told = "decile 10 less decile 1" if group is common else "decile 1 less decile 10"
            measure = f"share of {label}, {ends_told} of LLR"
            beside, value = {MARKOV: estimate(spans[0] - spans[1])}, estimate(spans[0])
            self.table.add(measure, "natural variants", len(types), value, seen=self.seen, chance=0, differences=beside)
            panels.append((f"{label[0].upper()}{label[1:]}", bands[0], bands[1]))
        return panels

    def _add_deciles(self, label: str, name: str, samples: Floats) -> None:
        for place in range(DECILES):
            self.table.add(
                *(f"share of {label} by decile of {name}", f"decile {place + 1}", len(self.found.snvs) // DECILES),
                estimate(samples[:, place]),
                seen=self.seen,
                chance=np.nan,
                rival="" if name == LLR else name,
            )


def common_and_single(snvs: Snvs) -> tuple[Mask, Mask]:
    """Return which variants more than 5% of the isolates carry, and which one isolate carries."""
    return snvs.frequency > COMMON, snvs.count == 1
