"""Study: bits per base on held-out sequence, part by part, beside the strongest Markov rivals."""

from dnalect import ConfigError, evaluate, load, open_genome
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
    card = load(options.model).card
    reference = options.file(species.reference)
    genome = open_genome(reference)
    told = next((each for each in card.genomes if set(genome.names) & set(each.contigs) and each.test), None)
    if told is None:
        raise ConfigError(f"{card.id} names no test regions of {reference.name}")
    named = options.contigs or genome.names
    if not all(split_region(text, genome.index)[0] in named for text in told.test):
        raise ConfigError(f"--contig leaves out test regions of {card.id}: {', '.join(told.test)}")
    files = [str(options.file(name)) if name else None for name in (species.annotation, species.tss)]
    found = evaluate(options.model, genome, device=options.device, dtype=options.dtype, annotate=files[0], tss=files[1])
    table = Collected(NAME, species.name, card.id, options.command)
    longest = max(row.order or 0 for row in found.rows)
    panels: list[Panel] = []
    lines: list[str] = []
    for own in (row for row in found.rows if row.order is None):
        minus = {"interpolated": own.minus_interpolated, "mixed": own.minus_mixed}
        saved = {
            f"Markov, {row.kind}, order {longest}": (_saved(row.bits), minus[row.kind])
            for row in found.rows
            if row.kind in minus and (row.sides, row.order, row.region) == ("two", longest, own.region)
        }
        differences = {name: _negative(less) for name, (_, less) in saved.items() if less is not None}
        bars = {"model": _saved(own.bits)} | {name: value for name, (value, _) in saved.items()}
        for name, value in bars.items():
            table.add(
                *(MEASURE, own.region, own.bases, value),
                seen=False,
                chance=0,
                differences={} if name in saved else differences,
                rival=name if name in saved else "",
                against="all bases alike",
            )
        lines.append(f"{own.region} {own.bits.mean:.4f}")
        panels.append((f"{own.region} (n = {own.bases:,})", [plots.Bar(n, v, n in saved) for n, v in bars.items()]))
    note = f"Bits per base of {card.id} on {', '.join(told.test)}: {'; '.join(lines)}."
    caption = "How much less than 2 bits a base takes; grey: Markov models of both sides; dashed: all bases alike."
    return Findings(table.rows, [Plot.forest(f"{NAME}-{card.id}", caption, panels, "bits saved", 0)], [note])


def _saved(bits: Estimate) -> Estimate:
    return Estimate(2 - bits.mean, 2 - bits.high, 2 - bits.low)


def _negative(less: Estimate) -> Estimate:
    return Estimate(-less.mean, -less.high, -less.low)
