"""Study: what differs between two yeast strains, and what substitutions do to proteins."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines import CrossFittedMutability
from dnalect.examples import matched, strata
from dnalect.genome import (
    CONSEQUENCES,
    MISSENSE,
    NONSENSE,
    OTHER,
    SYNONYMOUS,
    CodingSequence,
    Region,
    context_class,
    covered,
    every_substitution,
    own_name,
    read_coding,
    sound_genes,
)
from dnalect.stats import BLOCK
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import LLR, Scores, add_aurocs, variant_rivals
from studies.worth.promoter_bases import contexts, mutability
from studies.worth.snvs import Features, Snvs, features, make_snvs, read_snvs
from studies.worth.species import YEAST

NAME = "strains"
VARIANTS = "variants/yeast_S288C_vs_W303_chrI_chrII.vcf"
CONTIGS = ("chrI", "chrII")
# Substitutions of each consequence that are drawn before they are matched.
DRAWN = 40_000
CAPTION = "AUROC of the log-ratio (teal) and of its rivals (grey) with 95% intervals; dashed: chance."

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Coding:
    """Coding substitutions, sorted by contig and position.

    consequence, codon_position: as in genome.coding. change: number of the substitution on
    the coding strand. gene: number, unique over contigs. All (n,).
    """

    snvs: Snvs
    consequence: Numbers
    codon_position: Numbers
    change: Numbers
    gene: Numbers

    def take(self, at: Numbers | Mask) -> "Coding":
        """Return the entries `at`, numbers or a mask."""
        rest = {name: getattr(self, name)[at] for name in self.__dataclass_fields__ if name != "snvs"}
        return Coding(snvs=self.snvs.take(at), **rest)


def coding_substitutions(genes: Sequence[CodingSequence], codes: npt.NDArray[np.uint8], contig: int) -> Coding:
    """Return every substitution of the sound genes of one contig, start and stop codons left out."""
    every = every_substitution(list(genes), codes)
    every = every.take(every.consequence != OTHER)
    every = every.take(np.lexsort((every.alt, every.positions)))
    return Coding(
        make_snvs(contig, every.positions, every.ref, every.alt),
        every.consequence.astype(np.int64),
        every.codon_position.astype(np.int64),
        every.coding_ref.astype(np.int64) * 4 + every.coding_alt,
        every.gene.astype(np.int64) + contig * 100_000,
    )


def joined(parts: Sequence[Coding]) -> Coding:
    """Return the substitutions of several contigs, which must be in order, in one."""
    names = [name for name in Coding.__dataclass_fields__ if name != "snvs"]
    snvs = {n: np.concatenate([getattr(part.snvs, n) for part in parts]) for n in Snvs.__dataclass_fields__}
    return Coding(Snvs(**snvs), **{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def drawn_of(every: Coding, count: int) -> Coding:
    """Return up to `count` substitutions of each consequence, drawn with a seed."""
    rng = np.random.default_rng(0)
    kinds = [np.flatnonzero(every.consequence == kind) for kind in (SYNONYMOUS, MISSENSE, NONSENSE)]
    return every.take(np.sort(np.concatenate([rng.permutation(kind)[:count] for kind in kinds])))


def pairs(drawn: Coding) -> Iterator[tuple[str, Numbers, Mask]]:
    """Yield every kind of consequence against every other, matched by codon position and type.

    A name, the numbers (m,) of the substitutions that are compared, and which are of the milder kind.
    """
    for better, worse in ((SYNONYMOUS, NONSENSE), (SYNONYMOUS, MISSENSE), (MISSENSE, NONSENSE)):
        at = np.flatnonzero(np.isin(drawn.consequence, (better, worse)))
        stratum = strata(drawn.codon_position[at], drawn.change[at])
        at = at[matched(drawn.consequence[at] == better, stratum)]
        yield f"{CONSEQUENCES[better]} over {CONSEQUENCES[worse]}", at, drawn.consequence[at] == better


def natural_among(every: Snvs, natural: Snvs) -> Mask:
    """Return which of `every` (n,) are also in `natural`."""
    return np.isin(_key(every), _key(natural))


def _key(snvs: Snvs) -> Numbers:
    return (snvs.contig << 32 | snvs.position) * 4 + snvs.alt


def run(options: Options) -> Findings:
    """Measure a model on the differences of strain W303 and on all coding substitutions of yeast."""
    bench = Bench(options, YEAST.reference)
    study = _Study(bench)
    model, drawn = bench.model.name, list[Plot]()
    regions = bench.regions(bench.genome.names)
    consequences = study.consequences(regions)
    near = [region for region in regions if bench.genome.names[region.contig] in CONTIGS]
    if near:
        natural = study.natural(near)
        drawn.append(Plot.forest(f"{NAME}-{model}", f"Natural SNPs: {CAPTION}", natural))
    else:
        study.notes.append("No chromosome with W303 variants could be used.")
    caption = f"Substitutions of coding bases by consequence: {CAPTION}"
    drawn.append(Plot.forest(f"{NAME}-consequences-{model}", caption, consequences))
    return Findings(study.table.rows, drawn, study.notes)


class _Study:
    def __init__(self, bench: Bench):
        self.bench = bench
        self.table: Collected = bench.table(NAME, YEAST.name)
        self.rates: CrossFittedMutability = mutability(bench)
        self.coding = read_coding(bench.options.file(YEAST.annotation))
        self.notes: list[str] = []
        self.faults: dict[int, Counter[str]] = {}
        self.genes: dict[int, list[CodingSequence]] = {}

    def _genes(self, region: Region) -> list[CodingSequence]:
        number = region.contig
        if number not in self.genes:
            name = own_name(self.bench.genome.names[number], self.coding)
            found = sound_genes(self.coding.get(name, []), self.bench.model.codes(region))
            self.genes[number], self.faults[number] = found
        return self.genes[number]

    def _all(self, region: Region) -> Coding:
        return coding_substitutions(self._genes(region), self.bench.model.codes(region), region.contig)

    def _compare(
        self,
        group: str,
        known: Features,
        positive: Mask,
        units: Numbers,
        further: dict[str, Scores] | None = None,
    ) -> Panel:
        rates = self.rates.log_rates(known.around, known.snvs.alt, known.snvs.contig)
        rivals = variant_rivals(self.bench, known, positive, rates, YEAST)
        rivals |= further or {}
        seen = self.bench.seen([Region(int(c), 0, int(self.bench.genome.lengths[c])) for c in set(known.snvs.contig)])
        return add_aurocs(self.table, group, positive, units, {LLR: known.llr()}, rivals, seen)

    def consequences(self, regions: Sequence[Region]) -> list[Panel]:
        """Every kind of coding substitution against every other, matched by codon position and type."""
        total = sum(len(region) for region in regions)
        drawn = joined([drawn_of(self._all(r), int(DRAWN * (len(r) / total))) for r in sorted(regions)])
        faults = sum(self.faults.values(), Counter[str]())
        told = ", ".join(f"{count} {fault}" for fault, count in faults.most_common())
        self.notes.append(
            f"{sum(map(len, self.genes.values())):,} annotated genes translate from ATG to a stop codon and are used; "
            f"{sum(faults.values())} do not{f' ({told})' if told else ''}."
        )
        known = features(self.bench, drawn.snvs, regions)
        panels = []
        for group, at, better in pairs(drawn):
            panels.append(self._compare(group, known.take(at), better, drawn.gene[at]))
        at = np.flatnonzero(drawn.consequence != NONSENSE)
        at = at[matched(drawn.consequence[at] == SYNONYMOUS, strata(drawn.change[at]))]
        third = {"third codon position": (drawn.codon_position[at] == 2).astype(np.float64)}
        synonymous, group = drawn.consequence[at] == SYNONYMOUS, "synonymous over missense, codon positions not matched"
        return [*panels, self._compare(group, known.take(at), synonymous, drawn.gene[at], third)]

    def natural(self, regions: Sequence[Region]) -> list[Panel]:
        """Natural SNPs against other substitutions of the same type near by; missense ones within the gene."""
        snvs = read_snvs(self.bench.options.file(VARIANTS), self.bench, regions)
        every, coding = self._near(snvs, regions)
        natural = natural_among(every, snvs)
        types = context_class(contexts(self.bench, every.contig, every.position), every.alt, 0)
        panels = []
        for label, use in (("", np.ones(len(every), dtype=bool)), (", coding", coding), (", not coding", ~coding)):
            at = np.flatnonzero(use)
            at = at[matched(natural[at], strata(every.block[at], types[at], coding[at]))]
            known = features(self.bench, every.take(at), regions)
            panels.append(self._compare(f"natural over random{label}", known, natural[at], every.block[at]))
        return [*panels, self._natural_missense(snvs, regions)]

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
            within = np.concatenate([np.zeros(0, np.int64), *(gene.positions for gene in self._genes(region))])
            masks.append(covered(within, within + 1, region)[parts[-1].position])
        columns = {n: np.concatenate([getattr(part, n) for part in parts]) for n in Snvs.__dataclass_fields__}
        return Snvs(**columns), np.concatenate(masks)

    def _natural_missense(self, snvs: Snvs, regions: Sequence[Region]) -> Panel:
        every = joined([self._all(region) for region in sorted(regions)])
        natural = natural_among(every.snvs, snvs)
        counts = Counter(CONSEQUENCES[kind] for kind in every.consequence[natural].tolist())
        told = ", ".join(f"{counts[kind]} {kind}" for kind in CONSEQUENCES[:3])
        self.notes.append(f"{len(snvs):,} natural SNPs between S288C and W303; in sound genes: {told}.")
        at = np.flatnonzero(every.consequence == MISSENSE)
        stratum = strata(every.gene[at], every.codon_position[at], every.change[at])
        at = at[matched(natural[at], stratum)]
        known = features(self.bench, every.snvs.take(at), regions)
        return self._compare("natural missense over other missense of the gene", known, natural[at], every.gene[at])
