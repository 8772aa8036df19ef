"""Study: what the bases of relatives say at each site, alone and with a model of the sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnalect.core import Estimate
from dnalect.genome import Region, context_class, covered
from dnalect.relatives import Alignment, Columns, evolution_of, open_alignment
from dnalect.report import plots
from dnalect.stats import Draws, block_of, estimate, quantiles_within
from studies.worth import promoters, strains
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.coding_bases import Genes
from studies.worth.collected import Collected
from studies.worth.compare import LLR, MARKOV, Scores, add_aurocs
from studies.worth.promoter_bases import CONTIGS, Promoters, read_promoters
from studies.worth.relatives import FOLDER, Relatives
from studies.worth.snvs import Features, Snvs, features
from studies.worth.species import YEAST

NAME = "alignment"
COLUMN = "relatives"
BOTH = f"{LLR} + {COLUMN}"
MEASURE = "2 less the bits per base"

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]


@dataclass
class Columned:
    """The columns of the relatives on a bench. known: contigs that their evolution is not learned from."""

    bench: Bench
    asked: Sequence[Region]

    @cached_property
    def columns(self) -> Columns:
        """All contigs, by what was learned from those that nothing is asked of, where there are any."""
        every = open_alignment(self.bench.options.data / FOLDER, self.bench.genome)
        own = {region.contig for region in self.asked}
        rest = {contig: bases for contig, bases in every.laid.items() if contig not in own} or every.laid
        return Columns(every, evolution_of(Alignment(every.genome, every.names, rest, every.source)))

    def ratios(self, snvs: Snvs) -> Scores:
        """Return ln p(relatives | ALT) - ln p(relatives | REF) (n,), 0 where none is aligned."""
        out = np.zeros(len(snvs))
        for contig in np.unique(snvs.contig):
            at = np.flatnonzero(snvs.contig == contig)
            told = self.columns.at(int(contig), snvs.position[at]).told
            rows = np.arange(len(at))
            out[at] = told[rows, snvs.alt[at]] - told[rows, snvs.ref[at]]
        return out


def run(options: Options) -> Findings:
    """Measure a model, the relatives' columns and both on held-out chromosomes of yeast."""
    bench = Bench(options, YEAST.reference)
    regions = bench.regions(bench.genome.names)
    related = Columned(bench, regions)
    study = _Strains(bench, related)
    model = bench.model.name
    bits = _bits(bench, related, regions, study.genes, study.table)
    drawn = [Plot.forest(f"{NAME}-bits-{model}", "How much less than 2 bits a base takes.", bits, "bits saved", 0)]
    panels = study.consequences(regions)
    for strain in strains.STRAINS:
        if near := [region for region in regions if bench.genome.names[region.contig] in strain.contigs]:
            panels += study.natural(strain, near)
    if asked := [each for each in regions if bench.genome.names[each.contig] in CONTIGS]:
        found = read_promoters(bench, asked)
        known = features(bench, found.snvs, asked)
        panels += _Promoters(bench, asked, found, study.table, related).common_over_singletons(known)
    caption = "AUROC with 95% intervals, both together (teal) beside each alone (grey); dashed: chance."
    drawn.append(Plot.forest(f"{NAME}-{model}", caption, panels))
    return Findings(study.table.rows, drawn, study.notes)


class _Strains(strains.Study):
    """The questions of the study `strains`, asked of the relatives."""

    def __init__(self, bench: Bench, related: Columned):
        super().__init__(bench, NAME)
        self.related = related

    def compare(
        self,
        group: str,
        known: Features,
        positive: Mask,
        units: Numbers,
        further: dict[str, Scores] | None = None,
        relatives: Relatives | None = None,
    ) -> Panel:
        """Add a comparison of both together with each alone."""
        seen = self.bench.seen([Region(int(c), 0, int(self.bench.genome.lengths[c])) for c in set(known.snvs.contig)])
        return _compared(self.table, group, known, positive, units, self.related.ratios(known.snvs), seen)


class _Promoters(promoters.Study):
    """The questions of the study `promoters`, asked of the relatives."""

    def __init__(self, bench: Bench, regions: list[Region], found: Promoters, table: Collected, related: Columned):
        super().__init__(bench, regions, found, table)
        self.related = related

    def compare(self, group: str, known: Features, positive: Mask, units: Numbers, within: bool = False) -> Panel:
        """Add a comparison of both together with each alone."""
        kinds = context_class(known.around, known.snvs.alt, 0) if within else None
        ratios = self.related.ratios(known.snvs)
        return _compared(self.table, group, known, positive, units, ratios, self.seen, kinds)


def _compared(
    table: Collected,
    group: str,
    known: Features,
    positive: Mask,
    units: Numbers,
    ratios: Scores,
    seen: bool,
    kinds: Numbers | None = None,
) -> Panel:
    scores = {BOTH: known.llr() + ratios, COLUMN: ratios, LLR: known.llr(), MARKOV: known.markov_llr()}
    if kinds is not None:
        scores = {name: quantiles_within(each, kinds) for name, each in scores.items()}
    rivals = {name: each for name, each in scores.items() if name != BOTH}
    return add_aurocs(table, group, positive, units, {BOTH: scores[BOTH]}, rivals, seen)


def _bits(bench: Bench, related: Columned, regions: Sequence[Region], genes: Genes, table: Collected) -> list[Panel]:
    """Bits a base by the model, by the relatives and by both, of known bases."""
    saved: dict[str, list[Floats]] = {}
    blocks, coding = [], []
    frequencies = np.log(related.columns.evolution.frequencies)
    for region in sorted(regions):
        read = bench.read(region)
        told = related.columns.at(region.contig, np.arange(region.start, region.end)).told
        known = np.flatnonzero(read.codes < 4)
        answers: dict[str, Floats] = {
            BOTH: read.model + told,
            COLUMN: told + frequencies,
            LLR: read.model,
            MARKOV: read.markov,
        }
        for name, each in answers.items():
            likely = each - np.logaddexp.reduce(each, axis=1, keepdims=True)
            saved.setdefault(name, []).append(2 + likely[known, read.codes[known]] / np.log(2))
        blocks.append(block_of(np.full(len(known), region.contig), region.start + known))
        within = np.concatenate([np.zeros(0, np.int64), *(gene.positions for gene in genes.of(region))])
        coding.append(covered(within, within + 1, region)[known])
    values = {name: np.concatenate(each) for name, each in saved.items()}
    units, inside = np.concatenate(blocks), np.concatenate(coding)
    panels = []
    for part, mask in (("all", np.ones_like(inside)), ("coding", inside), ("not coding", ~inside)):
        draws = Draws.of(units[mask])
        samples = {name: draws.mean(each[mask]) for name, each in values.items()}
        found: dict[str, Estimate] = {name: estimate(each) for name, each in samples.items()}
        for name, value in found.items():
            beside = {n: estimate(samples[BOTH] - each) for n, each in samples.items() if n != BOTH}
            table.add(
                *(MEASURE, part, int(mask.sum()), value),
                seen=bench.seen(regions),
                chance=0,
                differences=beside if name == BOTH else {},
                against="all bases alike",
                rival="" if name == BOTH else name,
            )
        bars = [plots.Bar(name, value, name != BOTH) for name, value in found.items()]
        panels.append((f"{part} (n = {int(mask.sum()):,})", bars))
    return panels
