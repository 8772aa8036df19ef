"""Where a model is better or worse than elsewhere, and what it learned from more and less."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from annotated_types import Ge
from typing_extensions import Doc

from dnalect.baselines.markov import MarkovModel
from dnalect.core.configs import config
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import NOTHING, Estimate, Figure, write_figures
from dnalect.core.files import check_outputs, written_together
from dnalect.core.flags import (
    MODEL,
    OUTPUT,
    REFERENCE,
    Command,
    Device,
    Dtype,
    Flag,
    Named,
    Rename,
    Texts,
    Threads,
)
from dnalect.core.tables import aligned, filled
from dnalect.examples.homology import shared_mask
from dnalect.genome.bed import read_bed
from dnalect.genome.bigwig_reader import BigWigReader
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.kinds import Kinds, kinds_of
from dnalect.genome.names import own_name
from dnalect.genome.regions import Region, parse_regions
from dnalect.genome.strata import interval_stratum
from dnalect.inference.likelihood import strategy_for
from dnalect.jobs.bias_variants import Told, by_frequency
from dnalect.jobs.likelihood import SAMPLE, bits_of, codes_of, read_codes
from dnalect.jobs.likelihood_parts import parts_for
from dnalect.jobs.options import REGIONS
from dnalect.jobs.related import read_relatives
from dnalect.models.load import language_model
from dnalect.models.precision import use_threads
from dnalect.report import plots
from dnalect.stats.draws import Draws, block_numbers, estimate
from dnalect.tokens.bases import UNKNOWN

TASK, BITS, SAVED, LEARNED = "bias", "bits a base", "bits less than a Markov model", "share of training over share"
OTHERS = "all other bases"
# Bases of the context of the rival, both sides together, and those of a kind that make a figure.
ORDER, FEWEST = 8, 500
# Training bases whose kinds are counted, at most.
COUNTED = 20_000_000

Mask = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float64]


@config
class BiasOptions:
    """Which model, on what, and by which kinds of sequence."""

    name: Annotated[Named, MODEL, Doc("Any model: a name, a folder, OWNER/NAME.")] = "duplex-yeast"
    reference: Annotated[Any, REFERENCE, Doc("FASTA of the genome.")] = field(kw_only=True)
    regions: Annotated[Texts, REGIONS, Doc("Measure on these [default: the test regions of the model's card].")] = ()
    outputs: Annotated[Texts, OUTPUT, Doc("bias.tsv, bias.png; repeatable [default: a table on stdout].")] = ()
    annotate: Annotated[str | None, Flag(metavar="GFF3|GTF"), Doc("By region, strand and distance from genes.")] = None
    tss: Annotated[str | None, Flag(metavar="BED"), Doc("Transcripts with measured starts, for the promoters.")] = None
    conservation: Annotated[
        str | None, Flag(metavar="BIGWIG"), Doc("By thirds of this track; see `dnalect conservation`.")
    ] = None
    stratum: Annotated[Texts, Flag(metavar="NAME=BED"), Doc("By a BED of your own; repeatable.")] = ()
    sample: Annotated[
        Annotated[int, Ge(100)] | None,
        Doc("Random bases, or SNVs, for all [default: 2,000 for masked models]."),
    ] = None
    variants: Annotated[
        str | None, Flag(metavar="VCF"), Doc("In place of kinds of sequence: by frequency and population of its SNVs.")
    ] = None
    frequency: Annotated[
        Texts,
        Flag(metavar="KEY"),
        Doc("Of INFO of --variants, a frequency for each alternate; repeatable [default: AF, *_AF and AF_*]."),
    ] = ()
    alignment: Annotated[
        str | None,
        Flag(metavar="FOLDER|MAF"),
        Doc("Of a model that reads relatives: their genomes laid on the reference, a MAF or a folder of FASTA."),
    ] = None
    rename: Rename = None
    device: Device = "auto"
    dtype: Dtype = "float32"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        if wrong := [each for each in self.outputs if not each.endswith((".tsv", ".png"))]:
            raise ConfigError(f"the output {wrong[0]} has none of the suffixes .tsv, .png")
        if self.variants and any(each.endswith(".png") for each in self.outputs):
            raise ConfigError("--variants has no picture: write bias.tsv")
        if self.frequency and not self.variants:
            raise ConfigError("--frequency is a key of INFO of --variants")
        if wrong := [each for each in self.stratum if "" in each.partition("=")]:
            raise ConfigError(f"--stratum takes NAME=BED, not {wrong[0]!r}")


@dataclass(frozen=True)
class Kind:
    """One kind of sequence.

    share: of the bases that were measured. learned: its share of the training bases over that, NaN where not known.
    bits, saved: of the model, and how many less than the rival's (None without one); against: less what all other
    bases have.
    """

    question: str
    name: str
    bases: int
    share: float
    learned: float
    bits: Estimate
    bits_against: Estimate
    saved: Estimate | None = None
    saved_against: Estimate | None = None

    def figures(self, who: str, command: str) -> list[Figure]:
        """Return its rows."""
        rows = [(BITS, self.bits, self.bits_against), (SAVED, self.saved, self.saved_against)]
        rows += [(LEARNED, None if np.isnan(self.learned) else Estimate(self.learned, *[np.nan] * 2), None)]
        return [
            Figure(
                *(TASK, f"{self.question}: {self.name}", who, metric, self.bases, value),
                against=OTHERS if against else "",
                difference=against or NOTHING,
                command=command,
            )
            for metric, value, against in rows
            if value
        ]


def bias(options: BiasOptions) -> list[Kind]:
    """Measure a model by kinds of sequence, and write what is asked for.

    Raises InputError where no base can be measured.
    """
    use_threads(options.threads)
    check_outputs(
        [*options.outputs], [options.reference, options.annotate, options.conservation, options.alignment, options.name]
    )
    model = language_model(options.name, options.device, options.dtype)
    genome = open_genome(options.reference)
    parts = parts_for(genome, model.card, options.regions, True, options.rename)
    tested, trained = parse_regions(genome, parts.test), parse_regions(genome, parts.train)
    strategy, relatives = strategy_for(model), read_relatives(options.alignment, genome, model)
    codes = codes_of(genome, tested)
    known = np.concatenate(codes) != UNKNOWN
    sample = options.sample or (None if strategy.whole else SAMPLE)
    if sample is not None and sample < int(known.sum()):
        drawn = np.random.default_rng(0).choice(np.flatnonzero(known), sample, replace=False)
        known = np.isin(np.arange(len(known)), drawn)
    if not known.any():
        raise InputError(f"the regions of {genome.path} hold no known base")
    asked = np.split(known, np.cumsum([len(each) for each in codes])[:-1])
    said = map(strategy.every, read_codes(codes, tested, relatives), asked)
    bits = np.concatenate([bits_of(each, own) for each, own in zip(said, codes, strict=True)])
    saved, kinds = None, _kinds(genome, tested, options)
    # Rivals may learn from other regions than the model did: then nothing is known of its own.
    own = any(parts.train == list(each.train) for each in model.card.genomes)
    if trained:
        training, tuned = (codes_of(genome, regions) for regions in (trained, parse_regions(genome, parts.validate)))
        rival = MarkovModel("two", ORDER).fit(training, tuned)
        saved = np.concatenate([bits_of(rival.log_probs(c), c) for c in codes]) - bits
        if own:
            met = np.concatenate([shared_mask(each, training) for each in codes])
            kinds["met in training"] = {"in a 24-mer of it": met, "not": ~met}
    learned = _learned(_kinds(genome, _some(trained), options) if own else {}, kinds)
    at = np.flatnonzero(known)
    draws = Draws.of(block_numbers([len(each) for each in codes])[at])
    found = _measured(kinds, at, draws, [bits] if saved is None else [bits, saved], learned)
    _write(options, model.card.id, found)
    return found


def variant_bias(options: BiasOptions) -> list[Told]:
    """Measure a model on the SNVs of a VCF by frequency and population, and write what is asked for.

    Raises InputError where the file has no frequencies, or too few SNVs.
    """
    assert options.variants
    use_threads(options.threads)
    check_outputs([*options.outputs], [options.reference, options.variants, options.name])
    model = language_model(options.name, options.device, options.dtype)
    genome = open_genome(options.reference)
    relatives = read_relatives(options.alignment, genome, model)
    told = options.frequency, options.sample, options.rename
    found = by_frequency(model, genome, options.variants, *told, relatives)
    with written_together() as files:
        for output in options.outputs:
            rows = [each.figure(model.card.id, options.command) for each in found]
            write_figures(files.place(Path(output)), rows)
    return found


def table(found: list[Kind]) -> str:
    """Return the kinds as a table for people."""
    head = ["by", "kind", "share", "of training", "bits a base", "than others", "less than Markov", "than others"]
    lines = [head]
    for each in found:
        learned = "" if np.isnan(each.learned) else f"x {each.learned:.2f}"
        cells = [
            each.question,
            each.name,
            f"{each.share:.1%}",
            learned,
            _told(each.bits),
            _told(each.bits_against, "+"),
        ]
        lines.append([*cells, _told(each.saved), _told(each.saved_against, "+")])
    return aligned(filled(lines))


def _told(value: Estimate | None, sign: str = "") -> str:
    if value is None:
        return ""
    mean, low, high = (f"{each:{sign}.3f}" for each in value)
    return f"{mean} [{low}, {high}]" if np.isfinite(value.low) else mean


def _kinds(genome: Genome, regions: list[Region], options: BiasOptions) -> Kinds:
    annotation = open_annotation(options.annotate) if options.annotate else None
    found = kinds_of(genome, regions, annotation, read_bed(options.tss) if options.tss else None)
    if options.conservation:
        found["conservation"] = _thirds(genome, regions, options.conservation)
    for text in options.stratum:
        name, _, path = text.partition("=")
        inside = interval_stratum(genome, regions, read_bed(path))
        found[name] = {"inside": inside, "outside": ~inside}
    return found


def _thirds(genome: Genome, regions: list[Region], path: str) -> dict[str, Mask]:
    values = np.full(sum(map(len, regions)), np.nan)
    ends = np.cumsum([len(region) for region in regions])
    with BigWigReader(path) as track:
        for region, end in zip(regions, ends.tolist(), strict=True):
            name = own_name(genome.names[region.contig], track.contigs)
            if name in track.contigs:
                begin, stop = end - len(region), min(region.end, track.contigs[name])
                if stop > region.start:
                    values[begin : begin + stop - region.start] = track.values(name, region.start, stop)
    if not np.isfinite(values).any():
        return {"no value": np.ones(len(values), dtype=bool)}
    low, high = np.nanquantile(values, [1 / 3, 2 / 3])
    masks = {"least": values < low, "middle": (values >= low) & (values < high), "most": values >= high}
    return masks | {"no value": np.isnan(values)}


def _some(regions: list[Region]) -> list[Region]:
    """Regions of about COUNTED bases together, each cut to the same share."""
    share = min(1.0, COUNTED / max(1, sum(map(len, regions))))
    return [Region(r.contig, r.start, r.start + max(1, int(len(r) * share))) for r in regions]


def _learned(training: Kinds, measured: Kinds) -> dict[tuple[str, str], float]:
    """Share of each kind among the training bases over that among those that are measured."""
    out = {}
    for question, kinds in training.items():
        for name, mask in kinds.items():
            here = float(measured.get(question, {}).get(name, np.zeros(1, bool)).mean())
            # Thirds are thirds of whatever is measured.
            if here > 0 and question != "conservation":
                out[question, name] = float(mask.mean()) / here
    return out


def _measured(
    kinds: Kinds, at: npt.NDArray[np.int64], draws: Draws, values: list[Singles], learned: dict[tuple[str, str], float]
) -> list[Kind]:
    """Figures of every kind with enough bases. at (n,): those that count, with draws of them. values: bits, saved."""
    found = []
    for question, masks in kinds.items():
        for name, mask in masks.items():
            inside = mask[at].astype(np.float64)
            if not FEWEST <= inside.sum() < len(at):
                continue
            told, several = [], len(np.unique(draws.units[mask[at]])) > 1
            for each in values:
                mine, others = (_mean(draws, each[at], weight) for weight in (inside, 1 - inside))
                told += [_estimate(mine, several), _estimate(mine - others, several)]
            share = learned.get((question, name), float("nan"))
            found.append(Kind(question, name, int(inside.sum()), float(inside.mean()), share, *told))
    return found


def _mean(draws: Draws, values: Singles, weights: Singles) -> Singles:
    sums = draws.sums(np.column_stack([weights * values, weights]))
    # A draw of blocks may hold none of a rare kind.
    return np.asarray(np.divide(sums[:, 0], sums[:, 1], out=np.full(len(sums), np.nan), where=sums[:, 1] > 0))


def _estimate(samples: Singles, several: bool) -> Estimate:
    """A value and its interval, none of a kind that lies in a single block."""
    return estimate(samples[np.isfinite(samples)] if several else samples[:1])


def _write(options: BiasOptions, who: str, found: list[Kind]) -> None:
    with written_together() as files:
        for output in options.outputs:
            path = files.place(Path(output))
            if output.endswith(".tsv"):
                write_figures(path, [row for each in found for row in each.figures(who, options.command)])
            else:
                _draw(path, who, found)


def _draw(path: Path, who: str, found: list[Kind]) -> None:
    panels = [
        (question, [plots.Bar(each.name, each.saved or each.bits) for each in found if each.question == question])
        for question in dict.fromkeys(each.question for each in found)
    ]
    plots.forest(path, panels, f"{who}: {SAVED if found and found[0].saved else BITS}", 0)
