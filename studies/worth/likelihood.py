"""Study: bits per base on held-out sequence, part by part, beside the strongest Markov rivals."""

import dnalect
from dnalect import ConfigError
from dnalect.core import Estimate
from dnalect.genome import split_region
from dnalect.report import plots
from studies.worth.bench import Findings, Options, Panel, Plot
from studies.worth.collected import Collected
from studies.worth.species import Species

NAME = "likelihood"
MEASURE = "2 less the bits per base"


def run(options: Options, species: Species) -> Findings:
    """Measure how well a model predicts the test regions of its card."""
    card = dnalect.load(options.model).card
    reference = options.file(species.reference)
    genome = dnalect.open_genome(reference)
    told = next((each for each in card.genomes if set(genome.names) & set(each.contigs) and each.test), None)
    if told is None:
        raise ConfigError(f"{card.id} names no test regions of {reference.name}")
    named = options.contigs or genome.names
    if not all(split_region(text, genome.index)[0] in named for text in told.test):
        raise ConfigError(f"--contig leaves out test regions of {card.id}: {', '.join(told.test)}")
    files = {
        name: options.file(file) for name, file in (("annotate", species.annotation), ("tss", species.tss)) if file
    }
    found = dnalect.evaluate(options.model, genome, dtype=options.dtype, **files)
    table = Collected(NAME, species.name, card.id, options.command)
    longest = max(row.order or 0 for row in found.rows)
    panels: list[Panel] = []
    lines: list[str] = []
    for own in (row for row in found.rows if row.order is None):
        minus = {"interpolated": own.minus_interpolated, "mixed": own.minus_mixed}
        rivals = {
            f"Markov, {kind}, order {longest}": (row.bits, minus[kind])
            for kind in minus
            for row in found.rows
            if (row.sides, row.kind, row.order, row.region) == ("two", kind, longest, own.region)
        }
        differences = {name: _negative(less) for name, (_, less) in rivals.items() if less is not None}
        told_of = {"seen": False, "chance": 0.0, "against": "all bases alike"}
        table.add(MEASURE, own.region, own.bases, _saved(own.bits), differences=differences, **told_of)
        for name, (bits, _) in rivals.items():
            table.add(MEASURE, own.region, own.bases, _saved(bits), rival=name, **told_of)
        lines.append(f"{own.region} {own.bits.mean:.4f}")
        bars = [plots.Bar("model", _saved(own.bits)), *(plots.Bar(n, _saved(b), True) for n, (b, _) in rivals.items())]
        panels.append((f"{own.region} (n = {own.bases:,})", bars))
    note = f"Bits per base of {card.id} on {', '.join(told.test)}: {'; '.join(lines)}."
    caption = "How much less than 2 bits a base takes; grey: Markov models of both sides; dashed: all bases alike."
    return Findings(table.rows, [Plot.forest(f"{NAME}-{card.id}", caption, panels, "bits saved", 0)], [note])


def _saved(bits: Estimate) -> Estimate:
    return Estimate(2 - bits.mean, 2 - bits.high, 2 - bits.low)


def _negative(less: Estimate) -> Estimate:
    return Estimate(-less.mean, -less.high, -less.low)
