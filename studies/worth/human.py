"""Study: human variants. Common against rare, and measured effects of single bases."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines import CrossFittedMutability
from dnalect.examples import matched, read_table, strata
from dnalect.genome import context_class, log_ratio
from dnalect.stats import Draws, auroc, estimate, spearman
from dnalect.tokens import BASES, encode
from studies.cases.measured import read_measured
from studies.worth.bench import Bench, Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.compare import (
    MARKOV,
    add_aurocs,
    judged,
    major_to_minor,
    ranked_within,
    variant_rivals,
)
from studies.worth.promoter_bases import contexts
from studies.worth.snvs import features, make_snvs, read_snvs
from studies.worth.species import HUMAN

NAME = "human"
POPULATION = "variants/1000g_chr20_1-2Mb.vcf.gz"
POPULATION_REGION = "20:1000001-2000000"
POPULATION_SHIFT = 1_000_000
SATURATION = "variants/kircher2019_HNF4A.tsv.gz"
SATURATION_REGION = "20:42984160-42984444"
FEWEST_BARCODES = 10
COMMON = 0.05
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
                *([*effects, elements["Spearman"]], "Spearman", 0),
            ),
            Plot.forest(
                f"{NAME}-elements-{model}",
                f"Significant against other variants of regulatory elements, mean AUROC over elements; {grey}",
                [elements["AUROC"]],
            ),
        ],
        notes,
    )


def _population(bench: Bench, table: Collected, notes: list[str]) -> Panels:
    """Common variants against singletons of the same trinucleotide, which holds CpG apart."""
    regions = bench.regions([POPULATION_REGION])
    path = bench.options.file(POPULATION)
    name = bench.genome.names[regions[0].contig]
    snvs = read_snvs(path, bench, regions, POPULATION_SHIFT, name)
    known = features(bench, snvs, regions)
    single = snvs.count == 1
    at = np.arange(regions[0].start, regions[0].end)
    sites = contexts(bench, np.full(len(at), regions[0].contig), at)
    rates = CrossFittedMutability(
        *(known.around[single], snvs.alt[single], snvs.position[single] // BLOCK, sites, at // BLOCK)
    )
    notes.append(f"{len(snvs):,} substitutions of 1000 Genomes on chr20:1-2 Mb, {int(single.sum()):,} seen once.")
    panels = []
    folded = major_to_minor(known)
    for label, each, within in (
        ("REF to ALT", known, False),
        ("major to minor allele", folded, False),
        ("scores ranked within the trinucleotide", folded, True),
    ):
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
    draws = Draws.of(snvs.position)
    group, bars = "HNF4A promoter", []
    own, rivals = both_ways(known.llr()), both_ways(known.markov_llr())
    for name, scores in own.items():
        rival = f"{MARKOV}, {name}"
        samples = {name: draws.spearman(scores, effect), rival: draws.spearman(rivals[name], effect)}
        measure = "Spearman of {} with |effect|"
        told = judged(table, group, len(rows), samples, [name], [rival], measure, 0, bench.seen(regions))
        bars += told[1]
    return [(f"{group} (n = {len(rows)})", bars)]


@dataclass(frozen=True)
class Element:
    """One regulatory element: scores by name (n,), which variants are significant, size of their effects."""

    name: str
    scores: dict[str, Scores]
    significant: npt.NDArray[np.bool_]
    effect: Scores
    position: Numbers


def _elements(bench: Bench, table: Collected, notes: list[str]) -> dict[str, Panel]:
    """Variants of regulatory elements in reporter assays, zero-shot; elements are drawn with replacement."""
    elements = read_elements(bench)
    count = sum(len(each.position) for each in elements)
    notes.append(f"{count:,} variants in {len(elements)} measured elements; both TERT sets count as one element.")
    draws = Draws.of(np.array([each.name.split("-")[0] for each in elements]))
    panels = {}
    measures: dict[str, tuple[float, Callable[[Element, Scores], float]]] = {
        "AUROC": (0.5, lambda each, scores: auroc(scores, each.significant)),
        "Spearman": (0.0, lambda each, scores: spearman(scores, each.effect)),
    }
    first = list(both_ways(np.zeros(1)))
    for measure, (chance, value) in measures.items():
        found = {s: np.array([value(each, each.scores[s]) for each in elements]) for s in elements[0].scores}
        samples = {name: draws.mean(values) for name, values in found.items()}
        rivals = [name for name in samples if name not in first]
        asked = f"mean {measure} of {{}} over elements"
        told = judged(table, f"{len(elements)} elements", count, samples, first, rivals, asked, chance, False)
        panels[measure] = f"{len(elements)} elements, mean {measure} (n = {count:,})", told[1]
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
        elements.append(Element(name, scores, found.significant[own], np.abs(found.effect[own]), at))
    return elements
