"""Study: why a change that keeps the amino acid does, or does not, score above one that does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.core import Figure, plain
from dnalect.examples import matched, strata
from dnalect.genome import (
    AMINO_ACIDS,
    MISSENSE,
    SYNONYMOUS,
    Region,
    class_means,
    parse_attributes,
    parse_regions,
    read_gff,
    subtract,
)
from dnalect.stats import quantiles_within
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.coding_bases import Coding, Genes, joined
from studies.worth.collected import Collected
from studies.worth.compare import LLR, MARKOV, Scores, add_aurocs
from studies.worth.snvs import FLANK, Features, features
from studies.worth.species import YEAST

NAME = "codons"
# Whole chromosomes until there are so many bases.
MOST = 1_500_000
# Substitutions of each consequence that are drawn before they are matched.
DRAWN = 60_000
# Genes of ribosomal proteins, the most expressed ones: which codons are favoured is counted there.
RIBOSOMAL = ("RPL", "RPS")
LESS, UNUSED = "LLR less that out of frame", "LLR less what codon usage predicts"
FRAME, USAGE = "LLR of the same three bases out of frame", "codon usage"
MAIN, THIRD = "synonymous over missense", "third position"
PLACES = np.array([16, 4, 1])

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]


def triplet_change(around: Codes, change: Numbers, reverse: Mask, place: int) -> Numbers:
    """Return which change of which three bases each substitution is (n,), read as their base `place`; -1 if unknown.

    The number is (triplet * 3 + place) * 4 + alternate, all on the coding strand. around: windows (n, 7) on the +
    strand. change: number of the substitution on the coding strand. reverse: whether that is the - strand.
    """
    turned = np.where(around < 4, 3 - around.astype(np.int64), 4)[:, ::-1]
    bases = np.where(reverse[:, None], turned, around)[:, FLANK - place : FLANK - place + 3]
    number = (bases @ PLACES * 3 + place) * 4 + change % 4
    return np.where((bases == 4).any(axis=1), -1, number)


@dataclass(frozen=True)
class Codons:
    """Coding substitutions with their scores (n,).

    changes: (3, n), which change of which three bases each is, read as their first, second and third. llr, markov:
    log-ratios. adaptation: of the gene, from its codons.
    """

    coding: Coding
    changes: Numbers
    llr: Floats
    markov: Floats
    adaptation: Floats

    def own_change(self) -> Numbers:
        """Return the change (n,) of the codon, the three bases that are read in frame."""
        return np.asarray(self.changes[self.coding.codon_position, np.arange(len(self.coding))])

    def codons(self) -> tuple[Numbers, Numbers]:
        """Return the numbers of the reference's codons and of the alternates' (n,)."""
        codon, place, alt = self.own_change() // 12, self.coding.codon_position, self.coding.change % 4
        return codon, codon + (alt - codon // PLACES[place] % 4) * PLACES[place]

    def out_of_frame(self) -> Floats:
        """Return the mean log-ratio (n,) of the same change of the same three bases where they are no codon."""
        out = np.arange(3)[:, None] != self.coding.codon_position
        every = np.broadcast_to(self.llr, out.shape)
        return np.asarray(class_means(self.own_change(), every[out].astype(np.float32), self.changes[out]), np.float64)


def run(options: Options) -> Findings:
    """Measure what decides whether a model prefers the changes of yeast genes that keep the amino acid."""
    bench = Bench(options, YEAST.reference)
    regions = sorted(bench.regions(bench.genome.names, MOST))
    genes = Genes(bench, YEAST)
    every = joined(genes.every(regions))
    notes = [f"{bench.told(regions)}: {genes.note()}"]
    usage, favoured = _usage(bench, genes, regions)
    known = _codons(every, features(bench, every.snvs, regions), genes, regions, favoured, bench)
    study = _Study(bench.table(NAME, YEAST.name), known, usage, bench.seen(regions))
    panels = study.panels()
    notes.append(_told(study.table.rows))
    caption = "Changes that keep the amino acid over others: AUROC of the model's scores and (grey) of rivals."
    return Findings(study.table.rows, [Plot.forest(f"{NAME}-{bench.model.name}", caption, panels)], notes)


def _codons(
    every: Coding,
    known: Features,
    genes: Genes,
    regions: Sequence[Region],
    favoured: Floats,
    bench: Bench,
) -> Codons:
    reverse = every.change // 4 != every.snvs.ref
    changes = np.stack([triplet_change(known.around, every.change, reverse, place) for place in range(3)])
    index: dict[int, float] = {}
    for region in regions:
        codes = bench.model.codes(region)
        for number, gene in enumerate(genes.of(region)):
            used = gene.bases(codes).reshape(-1, 3).astype(np.int64) @ PLACES
            index[region.contig * 100_000 + number] = float(favoured[used].mean())
    adaptation = np.array([index[gene] for gene in every.gene.tolist()])
    found = Codons(every, changes, known.llr().astype(float), known.markov_llr().astype(float), adaptation)
    sound = found.own_change() >= 0
    return Codons(every.take(sound), changes[:, sound], found.llr[sound], found.markov[sound], adaptation[sound])


def _usage(bench: Bench, genes: Genes, regions: Sequence[Region]) -> tuple[Floats, Floats]:
    """Ln share of the 64 codons in all genes of other contigs; ln share within the amino acid, in ribosomal ones."""
    asked = {region.contig for region in regions}
    every = parse_regions(bench.genome, bench.genome.names)
    others = subtract(every, [region for region in every if region.contig in asked]) or every
    ribosomal = _ribosomal(bench)
    counts = np.ones((2, 64))
    for region in others:
        codes = bench.model.codes(region)
        for gene in genes.of(region):
            used = np.bincount(gene.bases(codes).reshape(-1, 3).astype(np.int64) @ PLACES, minlength=64)
            counts += np.stack([used, used * (gene.name in ribosomal)])
    amino = np.array(list(AMINO_ACIDS[:64]))
    best = np.array([counts[1][amino == each].max() for each in amino])
    return np.log(counts[0] / counts[0].sum()), np.log(counts[1] / best)


def _ribosomal(bench: Bench) -> set[str]:
    """All names of the genes of ribosomal proteins."""
    rows = [parse_attributes(row.attributes) for row in read_gff(bench.options.file(YEAST.annotation))]
    return {name for each in rows if each.get("gene", "").startswith(RIBOSOMAL) for name in each.values()}


def slope_within(values: Floats, given: Floats, classes: Numbers) -> float:
    """Return the slope of values on `given` (n,) within classes (n,), which may differ in level."""
    left, right = (
        each - class_means(classes, each.astype(np.float32), classes).astype(np.float64) for each in (values, given)
    )
    return float(left @ right / (right @ right))


class _Study:
    def __init__(self, table: Collected, known: Codons, usage: Floats, seen: bool):
        self.table, self.known, self.seen = table, known, seen
        reference, alternate = known.codons()
        frame = known.out_of_frame()
        coding, used = known.coding, usage[alternate] - usage[reference]
        self.kind = strata(coding.codon_position, coding.change)
        self.own: dict[str, Scores] = {
            LLR: known.llr,
            LESS: known.llr - frame,
            UNUSED: known.llr - slope_within(known.llr, used, self.kind) * used,
        }
        self.rivals: dict[str, Scores] = {MARKOV: known.markov, FRAME: frame, USAGE: used}
        self.codon = reference
        rng = np.random.default_rng(0)
        kinds = [np.flatnonzero(coding.consequence == kind) for kind in (SYNONYMOUS, MISSENSE)]
        drawn = np.sort(np.concatenate([rng.permutation(kind)[:DRAWN] for kind in kinds]))
        self.drawn = np.isin(np.arange(len(coding)), drawn)

    def panels(self) -> list[Panel]:
        """Synonymous over missense, all and part by part; then whether the model knows the third position."""
        coding, third = self.known.coding, self.known.coding.codon_position == 2
        ref, alt = coding.change // 4, coding.change % 4
        strong = (np.isin(alt, (1, 2)).astype(int) - np.isin(ref, (1, 2))) * 1
        transition = (ref ^ alt) == 2
        low, high = np.quantile(np.unique(self.known.adaptation), [1 / 3, 2 / 3])
        parts = {
            "": np.ones(len(coding), dtype=bool),
            ", first position": coding.codon_position == 0,
            f", {THIRD}": third,
            f", {THIRD}, transitions": third & transition,
            f", {THIRD}, transversions": third & ~transition,
            f", {THIRD}, to G or C": third & (strong > 0),
            f", {THIRD}, to A or T": third & (strong < 0),
            f", {THIRD}, as much GC": third & (strong == 0),
            ", genes of rare codons": self.known.adaptation <= low,
            ", genes of common codons": self.known.adaptation > high,
        }
        synonymous = coding.consequence == SYNONYMOUS
        panels = []
        for label, part in parts.items():
            at = np.flatnonzero(self.drawn & part)
            at = at[matched(synonymous[at], self.kind[at])]
            panels += self._add(f"{MAIN}{label}", at, synonymous[at])
        ranked = {name: quantiles_within(each, self.kind) for name, each in (self.own | self.rivals).items()}
        at = np.flatnonzero(self.drawn & third)
        at = at[matched(synonymous[at], strata(self.codon[at]))]
        panels += self._add(f"{MAIN}, within the codon", at, synonymous[at], ranked)
        at = np.flatnonzero(self.drawn & (coding.consequence == MISSENSE))
        at = at[matched(third[at], strata(coding.change[at]))]
        return panels + self._add(f"{THIRD} over others, missense, same change", at, third[at])

    def _add(self, group: str, at: Numbers, positive: Mask, scores: Mapping[str, Scores] | None = None) -> list[Panel]:
        if len(np.unique(positive)) < 2:
            return []
        own, rivals = ({name: (scores or each)[name][at] for name in each} for each in (self.own, self.rivals))
        return [add_aurocs(self.table, group, positive, self.known.coding.gene[at], own, rivals, self.seen)]


def _told(rows: Sequence[Figure]) -> str:
    """Say what the figures come to."""

    def value(group: str, score: str) -> str:
        found = (row for row in rows if (row.part, row.metric) == (group, f"AUROC of {score}"))
        return next((plain(row.value.mean) for row in found), "not measured")

    asked = MAIN
    return (
        "Between changes of the same bases at the same codon position, those that keep the amino acid lie in other "
        "codons than those that do not, and the codons alone rank them: the shares of the two codons in genes at "
        f"{value(asked, USAGE)}, the log-ratios of the same three bases out of frame at "
        f"{value(asked, FRAME)}, a Markov model at {value(asked, MARKOV)}; the model at {value(asked, LLR)}, and less "
        "its log-ratio of the same bases out of frame, which leaves what it knows of frame and code, at "
        f"{value(asked, LESS)} (at the third codon position {value(f'{asked}, {THIRD}', LESS)}); less what codon usage "
        f"predicts of it, at {value(asked, UNUSED)}. "
        "Of missense changes of the same bases the model ranks those of the third codon position above the others at "
        f"{value(f'{THIRD} over others, missense, same change', LLR)}."
    )
