"""Study: human variants. Common against rare, and measured effects of single bases."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dnalect.baselines import CrossFittedMutability
from dnalect.examples import matched, read_table, strata
from dnalect.genome import Region, context_class, log_ratio
from dnalect.stats import Draws, auroc, estimate, quantiles_within, spearman
from dnalect.tokens import BASES, encode
from studies.cases.measured import read_measured
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import (
    MARKOV,
    add_aurocs,
    ancestral_to_derived,
    judged,
    major_to_minor,
    ranked_within,
    variant_rivals,
)
from studies.worth.promoter_bases import contexts
from studies.worth.snvs import Features, features, make_snvs, read_snvs
from studies.worth.species import HUMAN

NAME = "human"
POPULATION = "variants/1000g_chr20_1-2Mb.vcf.gz"
POPULATION_REGION = "20:1000001-2000000"
POPULATION_SHIFT = 1_000_000
SATURATION = "variants/kircher2019_HNF4A.tsv.gz"
SATURATION_REGION = "20:42984160-42984444"
FEWEST_BARCODES = 10
COMMON = 0.05
WITHIN = ", within the substitution type"
POLARISED = "ancestral to derived allele"
BLOCK = 100_000

Scores = npt.NDArray[np.floating]
Numbers = npt.NDArray[np.int64]
Panels = list[Panel]


def run(options: Options) -> Findings:
    """Measure a model on 1000 Genomes variants and on two sets of measured regulatory effects."""
    bench = Bench(options, HUMAN.reference, left_out=(POPULATION_REGION, SATURATION_REGION))
    table = bench.table(NAME, HUMAN.name)
    notes: list[str] = []
    common = _population(bench, table, notes)
    effects = _saturation(bench, table, notes)
    elements = _elements(bench, table, notes)
    model = bench.model.name
    grey = "grey: rivals, with 95% intervals; dashed: chance."
    return Findings(
        table.rows,
        [
            Plot.forest(f"{NAME}-{model}", f"1000 Genomes, chr20:1-2 Mb: AUROC of the log-ratio; {grey}", common),
            Plot.forest(
                f"{NAME}-effects-{model}",
                f"Rank correlation of the scores with the size of measured effects; {grey}",
                *([*effects, *elements["Spearman"]], "Spearman", 0),
            ),
            Plot.forest(
                f"{NAME}-elements-{model}",
                f"Significant against other variants of regulatory elements, mean AUROC over elements; {grey}",
                elements["AUROC"],
            ),
        ],
        notes,
    )


def _population(bench: Bench, table: Collected, notes: list[str]) -> Panels:
    """Common variants against singletons of the same trinucleotide, which holds CpG apart."""
    regions = bench.regions([POPULATION_REGION])
    known = population(bench, regions)
    rates = mutability(bench, known)
    notes.append(_told(known))
    panels = []
    derived = ancestral_to_derived(known)
    polarised = [
        (POLARISED, derived, False),
        (f"{POLARISED}, within trinucleotides", derived, True),
        (f"{POLARISED}, unsure ones too", ancestral_to_derived(known, sure=False), False),
    ]
    biased = [("major to minor allele", major_to_minor(known), False), ("REF to ALT", known, False)]
    for label, each, within in [*(polarised if len(derived.snvs) else []), *biased]:
        common, rare = each.snvs.frequency > COMMON, each.snvs.count == 1
        pick = np.flatnonzero(common | rare)
        kinds = strata(context_class(each.around, each.snvs.alt, 1))
        pick = pick[matched(common[pick], kinds[pick])]
        chosen, positive = each.take(pick), common[pick]
        log_rates = rates.log_rates(chosen.around, chosen.snvs.alt, chosen.snvs.position // BLOCK)
        rivals = variant_rivals(bench, chosen, positive, log_rates, HUMAN)
        group = f"common over singletons, {label}"
        own: dict[str, Scores] = {"LLR": chosen.llr(), "-|LLR|": -np.abs(chosen.llr())}
        if within:
            own, rivals = (ranked_within(scores, kinds[pick]) for scores in (own, rivals))
        panels.append(add_aurocs(table, group, positive, chosen.snvs.block, own, rivals, bench.seen(regions)))
    return panels


def population(bench: Bench, regions: list[Region]) -> Features:
    """Return the substitutions of 1000 Genomes in its region."""
    path, name = bench.options.file(POPULATION), bench.genome.names[regions[0].contig]
    return features(bench, read_snvs(path, bench, regions, POPULATION_SHIFT, name), regions)


def mutability(bench: Bench, known: Features) -> CrossFittedMutability:
    """Return the rates at which the singletons of a region arose, for a block of BLOCK bases from all the others."""
    snvs = known.snvs
    single, (region,) = snvs.count == 1, bench.regions([POPULATION_REGION])
    at = np.arange(region.start, region.end)
    sites = contexts(bench, np.full(len(at), region.contig), at)
    return CrossFittedMutability(
        *(known.around[single], snvs.alt[single], snvs.position[single] // BLOCK, sites, at // BLOCK)
    )


def _told(known: Features) -> str:
    """How many variants there are, and how often ALT is the ancestral allele."""
    snvs = known.snvs
    common, single = snvs.frequency > COMMON, snvs.count == 1
    sure = np.abs(snvs.polarity) == 2
    told = f"{len(snvs):,} substitutions of 1000 Genomes on chr20:1-2 Mb, {int(single.sum()):,} seen once."
    if not (sure & common).any() or not (sure & single).any():
        return f"{told} The file does not say which alleles are ancestral."
    turned = [f"{(snvs.polarity[group & sure] < 0).mean():.0%}" for group in (common, single)]
    return (
        f"{told} The ancestral allele is surely known of {int(sure.sum()):,}; where it is, ALT is the ancestral one of "
        f"{turned[0]} of the common variants and of {turned[1]} of the singletons. From REF to ALT a score is "
        "therefore rewarded for liking what is old: that row is a warning, the one from the ancestral to the derived "
        "allele is the answer."
    )


def both_ways(llr: Scores) -> dict[str, Scores]:
    """Return the two readings of a log-ratio as the size of an effect: |LLR| and -LLR."""
    return {"|LLR|": np.abs(llr), "-LLR": -llr}


def _saturation(bench: Bench, table: Collected, notes: list[str]) -> Panels:
    """Every base of the HNF4A promoter: measured effect on expression against the score."""
    regions = bench.regions([SATURATION_REGION])
    measured = read_table(bench.options.file(SATURATION))
    release, barcodes, alts = measured.cells("Release"), measured.numbers("Barcodes"), measured.cells("Alt")
    position = measured.numbers("Pos").astype(np.int64) - 1
    rows = [
        row
        for row, alt in enumerate(alts)
        if release[row] == "GRCh37" and alt in BASES and barcodes[row] >= FEWEST_BARCODES
    ]
    rows.sort(key=lambda row: (position[row], BASES.index(alts[row])))
    ref, alt = (encode("".join(cells[row] for row in rows)) for cells in (measured.cells("Ref"), alts))
    snvs = make_snvs(regions[0].contig, position[rows], ref, alt)
    known = features(bench, snvs, regions)
    effect = np.abs(measured.numbers("Coefficient")[rows])
    notes.append(f"{len(rows)} substitutions of the HNF4A promoter measured with {FEWEST_BARCODES} barcodes or more.")
    draws, panels = Draws.of(snvs.position), []
    own, rivals = both_ways(known.llr()), both_ways(known.markov_llr())
    kind = strata(context_class(known.around, snvs.alt, 0))
    # The more barcodes, the less noise, and the more of them where a base is often hit: not what a model should know.
    counted = strata(kind, np.searchsorted(np.quantile(barcodes[rows], (0.25, 0.5, 0.75)), barcodes[rows]))
    for label, within in (("", None), (WITHIN, kind), (f"{WITHIN} and quarter of the barcodes", counted)):
        group, bars = f"HNF4A promoter{label}", []
        for name in own:
            rival = f"{MARKOV}, {name}"
            both, truth = {name: own[name], rival: rivals[name]}, effect
            if within is not None:
                both, truth = ranked_within(both, within), quantiles_within(effect, within)
            samples = {who: draws.spearman(scores, truth) for who, scores in both.items()}
            measure = "Spearman of {} with |effect|"
            bars += judged(table, group, len(rows), samples, [name], [rival], measure, 0, bench.seen(regions))[1]
        panels.append((f"{group} (n = {len(rows)})", bars))
    return panels


@dataclass(frozen=True)
class Element:
    """One regulatory element: scores by name (n,), which variants are significant, size of their effects.

    kind: number of the substitution type (n,).
    """

    name: str
    scores: dict[str, Scores]
    significant: npt.NDArray[np.bool_]
    effect: Scores
    position: Numbers
    kind: Numbers

    def ranked(self) -> "Element":
        """Return scores and effects as their places within the substitution type, which tells nothing then."""
        scores = ranked_within(self.scores, self.kind)
        return replace(self, scores=scores, effect=quantiles_within(self.effect, self.kind))


def _elements(bench: Bench, table: Collected, notes: list[str]) -> dict[str, Panels]:
    """Variants of regulatory elements in reporter assays, zero-shot; elements are drawn with replacement."""
    elements = read_elements(bench)
    count = sum(len(each.position) for each in elements)
    notes.append(f"{count:,} variants in {len(elements)} measured elements; both TERT sets count as one element.")
    draws = Draws.of(np.array([each.name.split("-")[0] for each in elements]))
    panels: dict[str, Panels] = {}
    measures: dict[str, tuple[float, Callable[[Element, Scores], float]]] = {
        "AUROC": (0.5, lambda each, scores: auroc(scores, each.significant)),
        "Spearman": (0.0, lambda each, scores: spearman(scores, each.effect)),
    }
    first = list(both_ways(np.zeros(1)))
    typed = [each.ranked() for each in elements]
    for measure, (chance, value) in measures.items():
        for label, group in (("", elements), (WITHIN, typed)):
            found = {s: np.array([value(each, each.scores[s]) for each in group]) for s in elements[0].scores}
            samples = {name: draws.mean(values) for name, values in found.items()}
            rivals = [name for name in samples if name not in first]
            part, asked = f"{len(elements)} elements{label}", f"mean {measure} of {{}} over elements"
            told = judged(table, part, count, samples, first, rivals, asked, chance, False)
            panels.setdefault(measure, []).append((f"{part}, mean {measure} (n = {count:,})", told[1]))
    for each in elements:
        own = Draws.of(each.position)
        for name in first:
            ranked = estimate(own.auroc(each.scores[name], each.significant))
            title = f"AUROC of {name}, significant over the rest"
            table.add(title, each.name, len(each.position), ranked, seen=False, chance=0.5)
    return panels


def read_elements(bench: Bench) -> list[Element]:
    """Return the measured elements with the scores of the model, of Markov and of the conservation tracks.

    Variants that don't have the base of their element's sequence are left out.
    """
    found = read_measured(bench.options.data)
    elements = []
    for name in dict.fromkeys(found.element.tolist()):
        own = np.flatnonzero(found.element == name)
        at, ref, alt = found.at[own], found.ref[own], found.alt[own]
        contig = found.genome.names[int(found.contig[own[0]])]
        reading = bench.read_sequence(encode(found.genome.contig(contig)))
        llr, markov = (log_ratio(t[at], ref, alt) for t in (reading.model, reading.markov))
        scores: dict[str, Scores] = {**both_ways(llr)}
        scores |= {f"{MARKOV}, {key}": each for key, each in both_ways(markov).items()}
        scores |= {key: each[own] for key, each in found.tracks.items()}
        kind = strata(context_class(ref[:, None], alt, 0))
        elements.append(Element(name, scores, found.significant[own], np.abs(found.effect[own]), at, kind))
    return elements
