"""Study: measured effects of natural yeast variants in a reporter assay (Renganaath et al. 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect import InputError, Reporter, score
from dnalect.examples import Table, read_table
from dnalect.genome import Region, context_class
from dnalect.stats import Draws, quantiles_within
from dnalect.tokens import BASES, encode
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import MARKOV, TYPE, Scores, ancestral_to_derived, judged, ranked_within, type_share
from studies.worth.human import both_ways
from studies.worth.promoter_bases import CONTIGS
from studies.worth.relatives import Relatives, read_relatives
from studies.worth.snvs import Features, Snvs, features, fits, make_snvs, within
from studies.worth.species import YEAST

NAME = "reporter"
EFFECTS = "variants/renganaath2020/variant_effects_chrI-X.tsv.gz"
SIGNIFICANT = 0.05
# What the model saw is said by the rows.
QUIET = Reporter(False, lambda _: None, lambda _: None)
# Bases of the windows whose embeddings are compared.
WINDOW = 512
BACKGROUND = (
    "Published, on other sets of yeast variants and not measured here: Shorkie's language model tells variants that "
    "change expression from others with an AUROC of 0.513 and 0.474, Shorkie after training on RNA of yeast with "
    "0.564, 0.650 and 0.618 (Chao et al. 2025). On this assay, with 379 of 3,056 variants significant, SpeciesLM's "
    "log-ratio was reported at 0.513 and its influence on other bases at 0.634 (da Silva et al. 2025). These are no "
    "rivals on the same items."
)

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """Measured substitutions, sorted; a variant of both libraries stands in two rows (n,).

    snvs: ALT is the allele of RM; polarity as in `Snvs`. effect: log2 fold change of expression, ALT over REF.
    adjusted: P value, corrected. first: of the library of the first tiles, else upstream. distance: to the gene.
    nucleosome: score, 0 outside. minor: frequency of the rarer allele, NaN where not known.
    """

    snvs: Snvs
    effect: Floats
    adjusted: Floats
    first: Mask
    distance: Floats
    nucleosome: Floats
    minor: Floats

    def take(self, at: Numbers | Mask) -> "Measured":
        """Return the entries `at`, numbers or a mask."""
        rest = {name: getattr(self, name)[at] for name in self.__dataclass_fields__ if name != "snvs"}
        return Measured(snvs=self.snvs.take(at), **rest)


def read_effects(bench: Bench, regions: Sequence[Region]) -> Measured:
    """Read the measured substitutions in the regions. Raises InputError where a base is not the reference's."""
    table = read_table(bench.options.file(EFFECTS))
    names, ref, alt = (table.cells(name) for name in ("chr", "ref", "alt"))
    known = [
        row
        for row in range(len(table))
        if names[row] in bench.genome.index and all(len(each[row]) == 1 and each[row] in BASES for each in (ref, alt))
    ]
    contig = np.array([bench.genome.index[names[row]] for row in known])
    position = table.numbers("pos")[known].astype(np.int64) - 1
    codes = [encode("".join(cells[row] for row in known)) for cells in (ref, alt)]
    order = np.lexsort((codes[1], position, contig))
    columns = {
        "effect": table.numbers("logFC"),
        "adjusted": table.numbers("adj.P.Val"),
        "first": np.array([cell == "TSS" for cell in table.cells("library")]),
        "distance": _numbers(table, "distFromGene"),
        "nucleosome": np.nan_to_num(_numbers(table, "nucleosomeScore")),
        "minor": _numbers(table, "MAF"),
    }
    polarity = np.array([{"True": 2, "False": -2}.get(cell, 0) for cell in table.cells("RMDerived")])[known]
    snvs = make_snvs(contig, position, *codes, polarity=polarity)
    found = Measured(snvs, **{name: column[known][order] for name, column in columns.items()})
    found = found.take(within(found.snvs, regions))
    if not fits(bench, found.snvs).all():
        raise InputError(f"{EFFECTS} has not the bases of {bench.genome.path.name}; is it of this reference?")
    return found


def _numbers(table: Table, name: str) -> Floats:
    return np.array([float(cell) if cell else np.nan for cell in table.cells(name)])


def run(options: Options) -> Findings:
    """Measure a model on the measured effects of natural variants of yeast promoters."""
    bench = Bench(options, YEAST.reference)
    regions = bench.regions(CONTIGS)
    found = read_effects(bench, regions)
    study = _Study(bench, regions, found)
    panels = study.sizes()
    signed = study.directions()
    significant = int((found.adjusted < SIGNIFICANT).sum())
    notes = [
        f"{len(found.snvs):,} measurements of substitutions between the strains BY and RM on {bench.told(regions)}, "
        f"{significant} of them significant (adjusted P below {SIGNIFICANT}), {int(found.first.sum()):,} in the "
        f"library of first tiles. {BACKGROUND}"
    ]
    model = bench.model.name
    grey = "grey: rivals, with 95% intervals; dashed: chance."
    return Findings(
        study.table.rows,
        [
            Plot.forest(f"{NAME}-{model}", f"AUROC of significant over other variants; {grey}", panels["AUROC"]),
            Plot.forest(
                f"{NAME}-size-{model}",
                f"Rank correlation with the size of the measured effects, and with the effects; {grey}",
                *([*panels["Spearman"], *signed], "Spearman", 0),
            ),
        ],
        notes,
    )


class _Study:
    def __init__(self, bench: Bench, regions: Sequence[Region], found: Measured):
        self.bench, self.found = bench, found
        self.known: Features = features(bench, found.snvs, regions)
        self.relatives: Relatives = read_relatives(bench, regions)
        self.table: Collected = bench.table(NAME, YEAST.name)
        self.seen = bench.seen(regions)
        self.kinds = context_class(self.known.around, found.snvs.alt, 0)
        self.significant = found.adjusted < SIGNIFICANT
        self.size = np.abs(found.effect)

    def _own(self) -> dict[str, Scores]:
        return {**both_ways(self.known.llr()), "distance at the site": self._distances()}

    def _distances(self) -> Scores:
        """How far apart the model places the two haplotypes at the changed base (n,)."""
        out, snvs, genome = np.zeros(len(self.found.snvs)), self.found.snvs, self.bench.genome
        for number in np.unique(snvs.contig):
            at = np.flatnonzero(snvs.contig == number)
            own = zip(snvs.position[at].tolist(), snvs.ref[at].tolist(), snvs.alt[at].tolist(), strict=True)
            asked = [(genome.names[number], place + 1, BASES[ref], BASES[alt]) for place, ref, alt in own]
            folder = self.bench.model.member(Region(int(number), 0, int(genome.lengths[number]))).folder
            rows = score(
                *(genome, asked, folder),
                scores=["distance"],
                window=WINDOW,
                background=0,
                dtype=self.bench.options.dtype,
                progress=QUIET,
            )
            out[at] = [row.score.distances.cosine_site if row.score.distances else np.nan for row in rows]
        return out

    def _rivals(self) -> dict[str, Scores]:
        found, markov = self.found, both_ways(self.known.markov_llr())
        minor = np.nan_to_num(found.minor, nan=float(np.nanmedian(found.minor)))
        rivals = {f"{MARKOV}, {name}": each for name, each in markov.items()}
        return rivals | {
            "nearness to the gene": -found.distance,
            "no nucleosome": -found.nucleosome,
            "rare allele": -minor,
            "relatives with REF": self.relatives.carrying(found.snvs, found.snvs.ref).astype(float),
            "no relative with ALT": -self.relatives.carrying(found.snvs, found.snvs.alt).astype(float),
            "conservation within 10 bases": -self.relatives.near(self.bench, found.snvs),
            TYPE: type_share(self.known, self.significant),
        }

    def sizes(self) -> dict[str, list[Panel]]:
        """Scores against the size of the effects: does it differ from 0, and how large is it?"""
        own, rivals = self._own(), self._rivals()
        plain = {name: np.asarray(each, dtype=float) for name, each in (own | rivals).items()}
        ranked = ranked_within({name: each for name, each in plain.items() if name != TYPE}, self.kinds)
        every = np.ones(len(self.size), dtype=bool)
        panels: dict[str, list[Panel]] = {"AUROC": [], "Spearman": []}
        for group, part, scores in (
            ("both libraries", every, plain),
            ("both libraries, within the substitution type", every, ranked),
            ("upstream", ~self.found.first, plain),
            ("first tiles", self.found.first, plain),
        ):
            draws, truth = Draws.of(self.found.snvs.block[part]), self.significant[part]
            size = self.size if scores is plain else quantiles_within(self.size, self.kinds)
            pairs = {name: draws.ranked(each[part], truth) for name, each in scores.items()}
            measured: dict[str, tuple[dict[str, Floats], float]] = {
                "AUROC of {}, significant over the rest": ({name: each[0] for name, each in pairs.items()}, 0.5),
                "AUPRC of {}, significant over the rest": ({n: each[1] for n, each in pairs.items()}, truth.mean()),
                "Spearman of {} with |effect|": (
                    {name: draws.spearman(each[part], size[part]) for name, each in scores.items()},
                    0.0,
                ),
            }
            for measure, (samples, chance) in measured.items():
                against = [name for name in rivals if name in samples]
                told = (self.table, group, int(part.sum()), samples, list(own)[:2], against)
                panel = judged(*told, measure, chance, self.seen)
                if (kind := measure.partition(" ")[0]) in panels:
                    panels[kind].append((f"{panel[0]}, size" if kind == "Spearman" else panel[0], panel[1]))
        return panels

    def directions(self) -> list[Panel]:
        """Log-ratios against the effects with their signs, from REF to ALT and from the ancestral allele."""
        polarity = self.found.snvs.polarity
        turned = ancestral_to_derived(self.known)
        effect = (np.sign(polarity) * self.found.effect)[polarity != 0]
        return [
            *self._signed("REF to ALT", self.known, self.found.effect, "LLR", "effect"),
            *self._signed("ancestral to derived", turned, effect, "LLR", "effect"),
            *self._signed("ancestral to derived", turned, np.abs(effect), "-LLR", "|effect|"),
        ]

    def _signed(self, group: str, known: Features, truth: Floats, own: str, measure: str) -> list[Panel]:
        """Add the rank correlations of a score and its rivals with the truth (n,), and those within the type."""
        kinds, draws = context_class(known.around, known.snvs.alt, 0), Draws.of(known.snvs.block)
        sign = -1 if own == "-LLR" else 1
        scores: dict[str, Scores] = {own: sign * known.llr(), f"{MARKOV}, {own}": sign * known.markov_llr()}
        more = _strength(known.snvs.alt) - _strength(known.snvs.ref)
        panels = []
        for label, each, of in (
            ("", scores | {"more G and C": more}, truth),
            (", within the substitution type", ranked_within(scores, kinds), quantiles_within(truth, kinds)),
        ):
            samples = {name: draws.spearman(np.asarray(one, dtype=float), of) for name, one in each.items()}
            told = (self.table, f"{group}{label}", len(truth), samples, [own], list(each)[1:])
            panels.append(judged(*told, f"Spearman of {{}} with {measure}", 0, self.seen))
        return panels


def _strength(bases: npt.NDArray[np.uint8]) -> Floats:
    return np.isin(bases, (1, 2)).astype(float)
