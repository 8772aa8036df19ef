"""Study: does a model know bound motifs, the TATA boxes of genes, and the CpG islands that are promoters?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.examples import matched, strata
from dnalect.genome import (
    Intervals,
    Motif,
    information,
    motif_sites,
    own_name,
    read_bed,
    read_motifs,
    surprise,
)
from dnalect.report import plots
from dnalect.stats import Draws, block_of, estimate
from studies.worth.bench import Bench, Findings, Options, Panel, Plot, Reading
from studies.worth.collected import Collected
from studies.worth.compare import ranked_within
from studies.worth.consequences import REGIONS
from studies.worth.refseq import ISLANDS, STARTS, genes_of, read_of
from studies.worth.species import HUMAN
from studies.worth.splice import Sites

NAME = "regulation"
MOTIFS = "motifs/HOCOMOCO_H13CORE.meme.gz"
PEAKS = "tracks/hg19_chr20_X/factornet"
# Those of HOCOMOCO and of the peaks that bind a motif of their own, chosen before anything was measured.
FACTORS = (
    *("ATF3", "CEBPB", "CREB1", "CTCF", "E2F1", "E2F6", "EGR1", "FOXA1", "FOXA2", "GABPA", "GATA3", "HNF4A"),
    *("JUND", "MAFK", "MAX", "REST", "RFX5", "SPI1", "SRF", "TEAD4"),
)
TATA = "TBP"
# Where a TATA box begins, in bases from the start of transcription.
BOX = (-40, -20)
# A box need not fit as well as a site anywhere: few places are asked.
BOX_P = 1e-3
# A match without a peak, or an island without a start, has none this near.
APART = 1_000
# The columns of a motif that say at least this many bits, and where its neighbourhood lies.
CORE, NEAR, FAR = 1.0, 10, 60
SURROUNDINGS = 200
WINDOW, STEP = 300, 100
FEWEST = 20
BINS = 5

LIKELY, INFORMED, GAIN = "ln p(reference)", "information", "ln p(reference) less that near by"
GC, CPG = "GC around", "CpG per base"
MARKOV = "Markov model"
BOUND = "bound over unbound motifs"
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Items:
    """n stretches of sequence. scores, rivals: name -> (n,). positive (n,). fit (n,): of a motif, in bits."""

    scores: dict[str, Scores]
    rivals: dict[str, Scores]
    positive: Mask
    fit: Floats
    block: Numbers

    def take(self, at: Numbers | Mask) -> "Items":
        """Return the entries `at`, numbers or a mask."""
        scores, rivals = ({name: each[at] for name, each in group.items()} for group in (self.scores, self.rivals))
        return Items(scores, rivals, self.positive[at], self.fit[at], self.block[at])


def joined(parts: Sequence[Items]) -> Items:
    """Return all items in one."""
    scores, rivals = (
        {name: np.concatenate([getattr(part, kind)[name] for part in parts]) for name in getattr(parts[0], kind)}
        for kind in ("scores", "rivals")
    )
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in ("positive", "fit", "block"))
    return Items(scores, rivals, *columns)


class Summed:
    """Means over stretches of a region, each with few additions. Positions count from the region's start."""

    def __init__(self, values: Scores):
        known = np.nan_to_num(values.astype(np.float64))
        self.total = np.concatenate([[0.0], np.cumsum(known)])

    def mean(self, starts: Numbers, ends: Numbers) -> Floats:
        """Return the mean (n,) from starts to ends (n,), cut at the region's."""
        low, high = (np.clip(each, 0, len(self.total) - 1) for each in (starts, ends))
        return np.asarray((self.total[high] - self.total[low]) / np.maximum(high - low, 1))


class Measures:
    """What model and Markov rival say of stretches of one region, and what they are made of."""

    def __init__(self, reading: Reading):
        self.region, self.codes = reading.region, reading.codes
        self.tables = {"": reading.model, f"{MARKOV}, ": reading.markov}
        self.likely = {who: -surprise(each, self.codes) * np.log(2) for who, each in self.tables.items()}
        self.informed = {who: information(each) for who, each in self.tables.items()}
        self.sums = {who: Summed(each) for who, each in self.likely.items()}
        self.bits = {who: Summed(each) for who, each in self.informed.items()}
        self.gc = Summed(np.isin(self.codes, (1, 2)).astype(np.float64))
        self.cpg = Summed(np.append((self.codes[:-1] == 1) & (self.codes[1:] == 2), False).astype(np.float64))

    def of(self, starts: Numbers, ends: Numbers, columns: Numbers | None = None) -> tuple[dict[str, Scores], ...]:
        """Return the model's scores and the rivals' (n,) of stretches that begin and end at (n,).

        columns: (n, c) positions that count within a stretch; all by default.
        """
        found: dict[str, Scores] = {}
        for who in self.tables:
            likely = self.sums[who].mean(starts, ends) if columns is None else self.likely[who][columns].mean(axis=1)
            bits = self.bits[who].mean(starts, ends) if columns is None else self.informed[who][columns].mean(axis=1)
            sides = (starts - FAR, starts - NEAR), (ends + NEAR, ends + FAR)
            near = np.mean([self.sums[who].mean(*side) for side in sides], axis=0)
            found |= {f"{who}{LIKELY}": likely, f"{who}{INFORMED}": bits, f"{who}{GAIN}": likely - near}
        rivals = {name: each for name, each in found.items() if name.startswith(MARKOV)}
        rivals[GC] = self.gc.mean(starts - SURROUNDINGS, ends + SURROUNDINGS)
        return {name: each for name, each in found.items() if name not in rivals}, rivals

    def block(self, starts: Numbers) -> Numbers:
        """Return the 10-kb block (n,) of positions."""
        return block_of(np.full(len(starts), self.region.contig), starts + self.region.start)


def level(positive: Mask, *columns: Scores, bins: int = BINS) -> Numbers:
    """Return a number (n,) for each combination of the fifths, or as many parts as told, of some columns (n,).

    The parts are those of the positives.
    """
    shares = np.linspace(0, 1, bins + 1)[1:-1]
    return strata(*(np.searchsorted(np.quantile(each[positive], shares), each) for each in columns))


def overlaps(starts: Numbers, ends: Numbers, known: Intervals, slack: int = 0) -> Mask:
    """Return (n,) whether stretches overlap any of the intervals, or come nearer than `slack` bases."""
    order = np.argsort(known.starts)
    begins, last = known.starts[order], np.maximum.accumulate(known.ends[order])
    at = np.searchsorted(begins, ends + slack) - 1
    return np.asarray((at >= 0) & (last[np.maximum(at, 0)] > starts - slack))


def bound(measures: Measures, motif: Motif, peaks: Intervals) -> Items:
    """Return the sites of a motif whose middle lies in a peak, and as negatives those without a peak near by."""
    starts, forward, fit = motif_sites(motif, measures.codes)
    width, middle = len(motif.probabilities), starts + len(motif.probabilities) // 2
    inside = overlaps(middle, middle + 1, peaks)
    use = inside | ~overlaps(starts, starts + width, peaks, APART)
    return _at(measures, motif, Sites(starts[use], forward[use]), fit[use], inside[use])


def boxes(measures: Measures, motif: Motif, genes: Intervals, starts_of_genes: Intervals) -> Items:
    """Return TATA boxes, matches where one starts a gene on its strand, and as negatives those far from any start."""
    starts, forward, fit = motif_sites(motif, measures.codes, BOX_P)
    first = np.where(forward, starts, starts + len(motif.probabilities) - 1)
    inside = np.zeros(len(starts), dtype=bool)
    for way, sign in ((True, 1), (False, -1)):
        tss = np.where(genes.forward, genes.starts, genes.ends - 1)[genes.forward == way]
        low, high = sorted((BOX[0] * sign, BOX[1] * sign))
        span = Intervals(tss + low, tss + high + 1, np.ones(len(tss), dtype=bool))
        inside |= (forward == way) & overlaps(first, first + 1, span)
    use = inside | ~overlaps(starts, starts + 1, starts_of_genes, APART)
    return _at(measures, motif, Sites(starts[use], forward[use]), fit[use], inside[use])


def _at(measures: Measures, motif: Motif, sites: Sites, fit: Floats, positive: Mask) -> Items:
    """Sites of a motif, scored over the columns of its core."""
    shares = motif.probabilities
    bits = 2 + (shares * np.log2(np.maximum(shares, 1e-9))).sum(axis=1)
    core = np.flatnonzero(bits >= min(CORE, bits.max()))
    columns = sites.at[:, None] + np.where(sites.forward[:, None], core, len(bits) - 1 - core)
    scores, rivals = measures.of(sites.at, sites.at + len(bits), columns)
    return Items(scores, rivals, positive, fit, measures.block(sites.at))


def windows(measures: Measures, known: Intervals, starts_of_genes: Intervals) -> Items:
    """Return WINDOW bases around the starts of genes in CpG islands, and as negatives others in islands, far from any.

    known: the islands. Both have their middle in one.
    """
    edge = len(measures.codes) - WINDOW // 2
    middles = [np.unique(starts_of_genes.starts), np.arange(WINDOW // 2, edge, STEP)]
    middle = np.concatenate(middles)
    inside = np.repeat([True, False], [len(each) for each in middles])
    near = overlaps(middle, middle + 1, starts_of_genes, APART)
    use = overlaps(middle, middle + 1, known) & (inside | ~near) & (middle >= WINDOW // 2) & (middle < edge)
    starts, ends = middle[use] - WINDOW // 2, middle[use] + WINDOW // 2
    scores, rivals = measures.of(starts, ends)
    rivals |= {GC: measures.gc.mean(starts, ends), CPG: measures.cpg.mean(starts, ends)}
    return Items(scores, rivals, inside[use], np.zeros(int(use.sum())), measures.block(starts))


def run(options: Options) -> Findings:
    """Measure whether a model expects motifs, TATA boxes and CpG islands more where they do something."""
    bench = Bench(options, HUMAN.reference, left_out=REGIONS)
    study = _Study(bench)
    panels = [*study.factors(), *study.promoters()]
    caption = (
        "AUROC of what the model makes of the bases: above 0.5, it expects them more where they are in use; grey: "
        "rivals, with 95% intervals; dashed: chance."
    )
    return Findings(study.table.rows, [Plot.forest(f"{NAME}-{bench.model.name}", caption, panels)], study.notes)


class _Study:
    def __init__(self, bench: Bench):
        self.bench, self.regions = bench, sorted(bench.regions(REGIONS))
        self.table: Collected = bench.table(NAME, HUMAN.name)
        self.measures = [Measures(bench.read(region)) for region in self.regions]
        self.motifs = {each.name.partition(".")[0]: each for each in reversed(read_motifs(bench.options.file(MOTIFS)))}
        self.notes: list[str] = []

    def factors(self) -> list[Panel]:
        """Motifs in peaks of their factor against motifs that fit as well, outside: all factors, then each."""
        every: list[Items] = []
        alike: list[tuple[Numbers, Numbers]] = []
        for factor in FACTORS:
            peaks = self._peaks(factor)
            items = joined([bound(each, self.motifs[factor], self._inside(each, peaks)) for each in self.measures])
            if items.positive.sum() < FEWEST or not (~items.positive).any():
                continue
            every.append(items)
            fits = level(items.positive, items.fit)
            alike.append((fits, level(items.positive, items.fit, items.rivals[GC])))
            self._one(factor, items, fits)
        if not every:
            raise InputError(f"no factor has {FEWEST} bound motifs in {self.bench.told(self.regions)}")
        items, which = joined(every), np.repeat(np.arange(len(every)), [len(each.fit) for each in every])
        fit, both = (np.concatenate(each) for each in zip(*alike, strict=True))
        self.notes.append(
            f"{int(items.positive.sum()):,} matches of {len(every)} motifs of HOCOMOCO lie in peaks of their factor in "
            f"any of the cell lines, {int((~items.positive).sum()):,} have none within {APART:,} bases."
        )
        return [
            self._compare(f"{BOUND} of like fit", items, strata(which, fit), which),
            self._compare(f"{BOUND} of like fit and GC", items, strata(which, both), which),
        ]

    def promoters(self) -> list[Panel]:
        """TATA boxes and CpG islands of starts of genes against others."""
        genes, starts, known = (
            genes_of(self.bench, self.regions[0]),
            read_of(self.bench, self.regions[0], STARTS),
            read_of(self.bench, self.regions[0], ISLANDS),
        )
        tata = joined(
            [boxes(m, self.motifs[TATA], self._inside(m, genes), self._inside(m, starts)) for m in self.measures]
        )
        island = joined([windows(m, self._inside(m, known), self._inside(m, starts)) for m in self.measures])
        few = (count := int(tata.positive.sum())) < FEWEST
        self.notes.append(
            f"{count} TATA boxes (p at most {BOX_P:g}) begin {-BOX[1]} to {-BOX[0]} bases before a start"
            f"{', too few for a figure' if few else ''}; {int(island.positive.sum())} genes start in a CpG island."
        )
        gc = level(island.positive, island.rivals[GC], island.rivals[CPG], bins=3)
        told = "CpG promoters over islands of like GC and CpG"
        panels = [self._compare(told, island, gc)]
        if not few:
            fits = level(tata.positive, tata.fit)
            panels.append(self._compare("TATA boxes over other matches of like fit", tata, fits))
        return panels

    def _compare(self, group: str, items: Items, stratum: Numbers, within: Numbers | None = None) -> Panel:
        """A panel of items matched by stratum. within: (n,) among whom scores are ranked."""
        chosen = matched(items.positive, stratum)
        if not len(chosen):
            raise InputError(f"{self.bench.told(self.regions)} has too few items for: {group}")
        used = items.take(chosen)
        scores, rivals = used.scores, used.rivals
        if within is not None:
            scores, rivals = (ranked_within(each, within[chosen]) for each in (scores, rivals))
        draws, seen = Draws.of(used.block), self.bench.seen(self.regions)
        samples = {name: draws.auroc(each, used.positive) for name, each in (scores | rivals).items()}
        values = {name: estimate(each) for name, each in samples.items()}
        for name, value in values.items():
            beside = [rival for rival in rivals if rival == f"{MARKOV}, {name}" or not rival.startswith(MARKOV)]
            told = {rival: estimate(samples[name] - samples[rival]) for rival in beside if name in scores}
            who = name if name in rivals else ""
            self.table.add(
                *(f"AUROC of {name}", group, len(chosen), value),
                seen=seen,
                chance=0.5,
                differences=told,
                rival=who,
            )
        positive = int(used.positive.sum())
        bars = [plots.Bar(name, value, name in rivals) for name, value in values.items()]
        return f"{group} (n = {positive:,} and {len(chosen) - positive:,})", bars

    def _one(self, factor: str, items: Items, stratum: Numbers) -> None:
        used = items.take(matched(items.positive, stratum))
        value = estimate(Draws.of(used.block).auroc(used.scores[LIKELY], used.positive))
        group, seen = f"{BOUND} of {factor}", self.bench.seen(self.regions)
        self.table.add(f"AUROC of {LIKELY}", group, len(used.fit), value, seen=seen, chance=0.5)

    def _peaks(self, factor: str) -> Intervals:
        """The peaks of a factor in any cell line, on the contig of the regions."""
        name = self.bench.genome.names[self.regions[0].contig]
        files = sorted((self.bench.options.data / PEAKS).glob(f"ChIPseq.*.{factor}.*.narrowPeak.gz"))
        if not files:
            raise InputError(f"the study needs peaks of {factor}: {self.bench.options.data / PEAKS} has none")
        known = [beds[own] for beds in map(read_bed, files) if (own := own_name(name, beds)) in beds]
        starts, ends = (np.concatenate([getattr(each, side) for each in known]) for side in ("starts", "ends"))
        return Intervals(starts, ends, np.ones(len(starts), dtype=bool))

    def _inside(self, measures: Measures, known: Intervals) -> Intervals:
        """Intervals with positions that count from the region's start."""
        start = measures.region.start
        return Intervals(known.starts - start, known.ends - start, known.forward)
