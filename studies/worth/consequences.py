"""Study: what substitutions do to human proteins. Are stops and changed amino acids disfavoured?"""

from collections import Counter
from dataclasses import replace

from dnalect import InputError
from dnalect.examples import strata
from dnalect.genome import CodingSequence, Region, context_class
from studies.worth.bench import Bench, Findings, Options, Plot
from studies.worth.coding_bases import coding_substitutions, drawn_of, pairs
from studies.worth.compare import LLR, add_aurocs, variant_rivals
from studies.worth.human import BLOCK, POPULATION_REGION, mutability, population
from studies.worth.refseq import coding_genes
from studies.worth.snvs import features
from studies.worth.species import HUMAN
from studies.worth.splice import REGION

NAME = "consequences"
# Both lie on one contig.
REGIONS = (POPULATION_REGION, REGION)
# Substitutions of each consequence that are drawn before they are matched.
DRAWN = 40_000
CLOSER = ", trinucleotides matched too"
CAPTION = (
    "Substitutions of human coding bases by consequence: AUROC of the log-ratio; grey: rivals, with 95% intervals; "
    "dashed: chance."
)


def run(options: Options) -> Findings:
    """Measure whether new stops and changed amino acids are disfavoured beside synonymous substitutions."""
    bench = Bench(options, HUMAN.reference, left_out=REGIONS)
    regions = sorted(bench.regions(REGIONS))
    table, total, faults = bench.table(NAME, HUMAN.name), 0, Counter[str]()
    genes: list[CodingSequence] = []
    for region in regions:
        found, count, wrong = coding_genes(bench, region)
        genes, total, faults = [*genes, *found], total + count, faults + wrong
    contig = regions[0].contig
    codes = bench.model.codes(Region(contig, 0, int(bench.genome.lengths[contig])))
    drawn = drawn_of(coding_substitutions(genes, codes, contig), DRAWN)
    if not len(drawn.snvs):
        raise InputError(f"RefSeq has no gene with a clear reading frame in {bench.told(regions)}")
    known = features(bench, drawn.snvs, regions)
    rates = mutability(bench, population(bench, bench.regions([POPULATION_REGION])))
    panels = []
    closer = replace(drawn, change=strata(drawn.change, context_class(known.around, known.snvs.alt, 1)))
    asked = [("", each) for each in pairs(drawn)] + [(CLOSER, each) for each in pairs(closer)]
    for label, (group, at, milder) in asked:
        own = known.take(at)
        log_rates = rates.log_rates(own.around, own.snvs.alt, own.snvs.position // BLOCK)
        rivals = variant_rivals(bench, own, milder, log_rates, HUMAN)
        panels.append(
            add_aurocs(table, f"{group}{label}", milder, drawn.gene[at], {LLR: own.llr()}, rivals, bench.seen(regions))
        )
    told = ", ".join(f"of {count} {fault}" for fault, count in faults.most_common())
    notes = [
        f"RefSeq as it is here gives exons and no reading frames: of the {total} loci on {bench.told(regions)} whose "
        f"first transcript is whole, {len(genes)} have one frame from ATG to a stop that stands out and is taken for "
        f"the coding sequence{f'; {told}' if told else ''}."
    ]
    return Findings(table.rows, [Plot.forest(f"{NAME}-{bench.model.name}", CAPTION, panels)], notes)
