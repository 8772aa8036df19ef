"""Study: what differs between yeast strains, and what substitutions do to proteins."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines import CrossFittedMutability
from dnalect.examples import matched, strata
from dnalect.genome import (
    CONSEQUENCES,
    MISSENSE,
    NONSENSE,
    SYNONYMOUS,
    Region,
    context_class,
    covered,
)
from dnalect.stats import BLOCK, quantiles_within
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.coding_bases import Genes, drawn_of, joined, pairs
from studies.worth.collected import Collected
from studies.worth.compare import LLR, Scores, add_aurocs, variant_rivals
from studies.worth.promoter_bases import contexts, mutability
from studies.worth.relatives import CONTEXT, Relatives, read_relatives
from studies.worth.snvs import Features, Snvs, features, make_snvs, read_snvs
from studies.worth.species import YEAST

NAME = "strains"


@dataclass(frozen=True)
class Strain:
    """A strain that differs from the reference. title: what its groups begin with. contigs: those looked at."""

    name: str
    title: str
    variants: str
    contigs: tuple[str, ...]


STRAINS = (
    Strain("W303", "", "variants/yeast_S288C_vs_W303_chrI_chrII.vcf", ("chrI", "chrII")),
    Strain("RM", "RM: ", "variants/renganaath2020/BY_x_RM_45543_variants.vcf.gz", ("chrXIII", "chrXIV")),
)
# Substitutions of each consequence that are drawn before they are matched.
DRAWN = 40_000
CAPTION = "AUROC of the log-ratio (teal) and of its rivals (grey) with 95% intervals; dashed: chance."
BOTH = f"LLR + {CONTEXT}"

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def natural_among(every: Snvs, natural: Snvs) -> Mask:
    """Return which of `every` (n,) are also in `natural`."""
    return np.isin(_key(every), _key(natural))


def _key(snvs: Snvs) -> Numbers:
    return (snvs.contig << 32 | snvs.position) * 4 + snvs.alt


def run(options: Options) -> Findings:
    """Measure a model on what differs between strains and on all coding substitutions of yeast."""
    bench = Bench(options, YEAST.reference)
    study = Study(bench)
    model, drawn = bench.model.name, list[Plot]()
    regions = bench.regions(bench.genome.names)
    consequences = study.consequences(regions)
    for strain in STRAINS:
        near = [region for region in regions if bench.genome.names[region.contig] in strain.contigs]
        if not near:
            study.notes.append(f"No chromosome with variants of {strain.name} could be used.")
            continue
        caption = f"Natural SNPs of {strain.name}: {CAPTION}"
        drawn.append(Plot.forest(f"{NAME}-{strain.name}-{model}", caption, study.natural(strain, near)))
    caption = f"Substitutions of coding bases by consequence: {CAPTION}"
    drawn.append(Plot.forest(f"{NAME}-consequences-{model}", caption, consequences))
    return Findings(study.table.rows, drawn, study.notes)


class Study:
    """The questions of this study. name: of the study that the rows are of."""

    def __init__(self, bench: Bench, name: str = NAME):
        self.bench = bench
        self.table: Collected = bench.table(name, YEAST.name)
        self.rates: CrossFittedMutability = mutability(bench)
        self.genes = Genes(bench, YEAST)
        self.notes: list[str] = []

    def compare(
        self,
        group: str,
        known: Features,
        positive: Mask,
        units: Numbers,
        further: dict[str, Scores] | None = None,
        relatives: Relatives | None = None,
    ) -> Panel:
        """Add a comparison. further: more rivals. relatives: whose view of the neighbourhood is a rival, and added."""
        rates = self.rates.log_rates(known.around, known.snvs.alt, known.snvs.contig)
        own: dict[str, Scores] = {LLR: known.llr()}
        rivals = variant_rivals(self.bench, known, positive, rates, YEAST) | (further or {})
        if relatives is not None:
            rivals[CONTEXT] = near = relatives.near(self.bench, known.snvs)
            alike = np.zeros(len(known.snvs), dtype=np.int64)
            own[BOTH] = quantiles_within(own[LLR], alike) + quantiles_within(near, alike)
        seen = self.bench.seen([Region(int(c), 0, int(self.bench.genome.lengths[c])) for c in set(known.snvs.contig)])
        return add_aurocs(self.table, group, positive, units, own, rivals, seen)

    def consequences(self, regions: Sequence[Region]) -> list[Panel]:
        """Every kind of coding substitution against every other, matched by codon position and type."""
        total = sum(len(region) for region in regions)
        parts = zip(sorted(regions), self.genes.every(regions), strict=True)
        drawn = joined([drawn_of(each, int(DRAWN * (len(region) / total))) for region, each in parts])
        self.notes.append(self.genes.note())
        known = features(self.bench, drawn.snvs, regions)
        panels = []
        for group, at, better in pairs(drawn):
            panels.append(self.compare(group, known.take(at), better, drawn.gene[at]))
        at = np.flatnonzero(drawn.consequence != NONSENSE)
        at = at[matched(drawn.consequence[at] == SYNONYMOUS, strata(drawn.change[at]))]
        third = {"third codon position": (drawn.codon_position[at] == 2).astype(np.float64)}
        synonymous, group = drawn.consequence[at] == SYNONYMOUS, "synonymous over missense, codon positions not matched"
        return [*panels, self.compare(group, known.take(at), synonymous, drawn.gene[at], third)]

    def natural(self, strain: Strain, regions: Sequence[Region]) -> list[Panel]:
        """Natural SNPs against other substitutions of the same type near by; missense ones within the gene."""
        snvs = read_snvs(self.bench.options.file(strain.variants), self.bench, regions)
        relatives = read_relatives(self.bench, regions)
        every, coding = self._near(snvs, regions)
        natural = natural_among(every, snvs)
        types = context_class(contexts(self.bench, every.contig, every.position), every.alt, 0)
        # Where a strain carries what the relatives have, the reference changed: ancestry, not function.
        kept = relatives.carrying(every, every.alt) > 0
        panels = []
        for label, use in (
            ("", np.ones(len(every), dtype=bool)),
            (", coding", coding),
            (", not coding", ~coding),
            (", ALT is a relative's base", kept),
            (", ALT in no relative", ~kept),
        ):
            at = np.flatnonzero(use)
            at = at[matched(natural[at], strata(every.block[at], types[at], coding[at]))]
            known = features(self.bench, every.take(at), regions)
            group = f"{strain.title}natural over random{label}"
            panels.append(self.compare(group, known, natural[at], every.block[at], relatives=relatives))
        return [*panels, self._natural_missense(strain, snvs, regions, relatives)]

    def _near(self, snvs: Snvs, regions: Sequence[Region]) -> tuple[Snvs, Mask]:
        """Every substitution of the 10-kb blocks that hold natural ones, and which of them are coding."""
        parts, masks = [], []
        for region in sorted(regions):
            codes = self.bench.model.codes(region)
            positions = np.arange(len(region))
            blocks = np.unique(snvs.position[snvs.contig == region.contig] // BLOCK)
            positions = positions[np.isin(positions // BLOCK, blocks) & (codes < 4)]
            ref = np.repeat(codes[positions], 3)
            alt = (ref + np.tile([1, 2, 3], len(positions))) % 4
            parts.append(make_snvs(region.contig, np.repeat(positions, 3), ref, alt))
            within = np.concatenate([np.zeros(0, np.int64), *(gene.positions for gene in self.genes.of(region))])
            masks.append(covered(within, within + 1, region)[parts[-1].position])
        columns = {n: np.concatenate([getattr(part, n) for part in parts]) for n in Snvs.__dataclass_fields__}
        return Snvs(**columns), np.concatenate(masks)

    def _natural_missense(self, strain: Strain, snvs: Snvs, regions: Sequence[Region], relatives: Relatives) -> Panel:
        every = joined(self.genes.every(regions))
        natural = natural_among(every.snvs, snvs)
        counts = Counter(CONSEQUENCES[kind] for kind in every.consequence[natural].tolist())
        told = ", ".join(f"{counts[kind]} {kind}" for kind in CONSEQUENCES[:3])
        self.notes.append(f"{len(snvs):,} natural SNPs between S288C and {strain.name}; in sound genes: {told}.")
        at = np.flatnonzero(every.consequence == MISSENSE)
        stratum = strata(every.gene[at], every.codon_position[at], every.change[at])
        at = at[matched(natural[at], stratum)]
        known = features(self.bench, every.snvs.take(at), regions)
        group = f"{strain.title}natural missense over other missense of the gene"
        return self.compare(group, known, natural[at], every.gene[at], relatives=relatives)
