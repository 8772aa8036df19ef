"""Bits per base of a model and of its Markov rivals on contigs that nobody trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.baselines.contexts import MAX_ORDER, Side
from dnalect.baselines.markov import MarkovModel
from dnalect.core import tables
from dnalect.core.errors import ConfigError, InputError
from dnalect.core.figures import Estimate
from dnalect.core.files import check_outputs
from dnalect.examples.homology import free_bases, shared_mask
from dnalect.genome.bed import read_bed
from dnalect.genome.fasta import Genome, open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.regions import Region, format_region, overlap, parse_regions
from dnalect.genome.strata import STRATA, gene_strata, interval_stratum, soft_masked
from dnalect.inference.likelihood import LogProbs, strategy_for
from dnalect.jobs.likelihood_parts import parts_for
from dnalect.jobs.options import LikelihoodOptions
from dnalect.jobs.related import read_relatives
from dnalect.models.load import language_model
from dnalect.models.precision import use_threads
from dnalect.relatives.laid import Relatives
from dnalect.stats.draws import MANY, Draws, block_numbers, estimate
from dnalect.tokens.bases import UNKNOWN, encode

Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.float32]
# The kinds of Markov models that every row is set beside, of the longest order.
RIVALS = ("interpolated", "mixed")
# A masked model needs passes of its own for every base: so many stand for all of them.
SAMPLE = 2_000
COLUMNS = (
    *("model", "sides", "kind", "order", "region", "bases", "bits", "low", "high"),
    *("minus_interpolated", "interpolated_low", "interpolated_high"),
    *("minus_mixed", "mixed_low", "mixed_high"),
)


@dataclass(frozen=True)
class Strata:
    """Files that say which bases to give figures for apart.

    annotate: GFF for coding, intergenic and promoter bases. tss: BED of transcripts with
    measured starts, for the promoters. beds: name -> BED of any other stratum.
    """

    annotate: str | None = None
    tss: str | None = None
    beds: dict[str, str] = field(default_factory=dict)

    def masks(self, genome: Genome, regions: Sequence[Region]) -> dict[str, npt.NDArray[np.bool_]]:
        """Return the masks over regions laid end to end."""
        annotation = open_annotation(self.annotate) if self.annotate else None
        masks = gene_strata(genome, regions, annotation, read_bed(self.tss) if self.tss else None)
        return masks | {name: interval_stratum(genome, regions, read_bed(path)) for name, path in self.beds.items()}


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One row: a model on one region.

    sides: "one" if it reads only the bases to the left: not to be set beside "two" unsaid.
    kind, order: of a Markov model, else "" and None. region: "all", "homology-free" (tiles
    of 512 bases in which no base lies in a 24-mer of the training regions), "repeats" (bases
    in such a 24-mer, or soft-masked), or a stratum of the annotation, also of what is
    homology-free of it. bits: mean of -log2 p(base | context) over the known bases.
    minus_interpolated, minus_mixed: difference to the two-sided Markov rivals of the longest
    order, None without them; negative is better.
    """

    model: str
    sides: Side
    kind: str
    order: int | None
    region: str
    bases: int
    bits: Estimate
    minus_interpolated: Estimate | None = None
    minus_mixed: Estimate | None = None

    @property
    def perplexity(self) -> float:
        """2 to the bits: between how many equally likely bases the model is left to choose; 4 for a guess."""
        return float(2**self.bits.mean)

    def cells(self) -> list[str]:
        """The row as text, in the order of COLUMNS; empty where there is no value."""
        order = "" if self.order is None else str(self.order)
        cells = [self.model, self.sides, self.kind, order, self.region, str(self.bases)]
        for each in (self.bits, self.minus_interpolated, self.minus_mixed):
            cells += ["", "", ""] if each is None else [f"{value:.5f}" for value in each]
        return cells


def evaluate_likelihood(
    log_probs: LogProbs | None,
    genome: Genome,
    test: Sequence[str],
    train: Sequence[str],
    validation: Sequence[str],
    out: Path | None = None,
    markov: bool = True,
    name: str = "model",
    sides: Side = "two",
    order: int = MAX_ORDER,
    strata: Strata | None = None,
    sample: int | None = None,
    relatives: Relatives | None = None,
) -> list[Likelihood]:
    """Measure a model and the Markov models of orders 0 to `order`; write them as TSV to `out`.

    log_probs: codes (L,) of a region and which bases count (L,) -> ln p(base | context) (L, 4),
    needed only where they count; None for the rivals alone.
    test, train, validation: regions (`contig` or `contig:start-end`), no base in two of them;
    the rivals count on `train` and tune on `validation`. strata: more regions to give figures
    for. sample: so many random bases stand for all, for every model alike. relatives: laid on the genome, for a model
    that reads them; the rivals don't. The model's rows come first.
    Raises ConfigError for overlapping splits, FastaError for missing contigs, InputError where
    no base can be evaluated.
    """
    split = _split(genome, {"test": test, "train": train, "validation": validation}, markov)
    tested = split["test"]
    contigs, trained, tuned = (codes_of(genome, split[part]) for part in ("test", "train", "validation"))
    truth = np.concatenate([*contigs, np.zeros(0, dtype=np.uint8)])
    known = truth != UNKNOWN
    if not known.any():
        raise InputError(f"the test regions of {genome.path} hold no known base")
    if sample is not None and sample < int(known.sum()):
        drawn = np.random.default_rng(0).choice(np.flatnonzero(known), sample, replace=False)
        known = np.zeros(len(known), dtype=np.bool_)
        known[drawn] = True
    shared = [shared_mask(codes, trained) for codes in contigs]
    masks = {"all": known}
    # What is shared with nothing at hand is not known to be free of homology.
    if trained:
        masks["homology-free"] = known & np.concatenate([free_bases(each) for each in shared])
    masks |= (strata or Strata()).masks(genome, tested)
    # Repeats are between genes more often than in them: there they decide what a stratum's mean is.
    free = masks.get("homology-free")
    masks |= {f"{name}, homology-free": masks[name] & free for name in STRATA if free is not None and name in masks}
    repeats = soft_masked(genome, tested) | np.concatenate(shared)
    if trained or repeats.any():
        masks["repeats"] = repeats
    blocks = block_numbers([len(codes) for codes in contigs])
    counted = {region: np.flatnonzero(known & mask) for region, mask in masks.items()}
    regions = {region: (at, Draws.of(blocks[at], MANY)) for region, at in counted.items()}
    measured: list[tuple[str, Side, str, int | None, npt.NDArray[np.float32]]] = []
    if log_probs is not None:
        parts = np.split(known, np.cumsum([len(codes) for codes in contigs])[:-1])
        said = map(log_probs, read_codes(contigs, tested, relatives), parts)
        bits = np.concatenate([bits_of(x.astype(np.float32), y) for x, y in zip(said, contigs, strict=True)])
        measured.append((name, sides, "", None, bits))
    if markov:
        measured += [entry for side in ("two", "one") for entry in _rivals(side, order, contigs, trained, tuned)]
    rivals = {kind: bits for _, side, kind, n, bits in measured if (side, n) == ("two", order)}
    rows = [
        Likelihood(
            *(model, side, kind, n, region, len(at), estimate(draws.mean(bits[at]))),
            *(estimate(draws.mean(_less(bits, rivals[kind], at))) if rivals else None for kind in RIVALS),
        )
        for model, side, kind, n, bits in measured
        for region, (at, draws) in regions.items()
    ]
    if out is not None:
        tables.write_tsv(out, [COLUMNS, *(row.cells() for row in rows)])
    return rows


def run(options: LikelihoodOptions) -> list[Likelihood]:
    """Measure a model on regions of a genome, beside Markov models.

    Without regions: see `parts_for`. Without a sample: every base with models that give all of a window in one pass,
    SAMPLE with others. What a causal model says of a base is given those to its left, as `sides` tells.
    """
    use_threads(options.threads)
    check_outputs([options.output], [options.reference, options.name])
    model = language_model(options.name, options.device, options.dtype)
    genome = open_genome(options.reference)
    parts = parts_for(genome, model.card, options.regions, options.markov, options.rename)
    markov = options.markov and bool(parts.train)
    sample = options.sample
    relatives = read_relatives(options.alignment, genome, model)
    strategy = strategy_for(model)
    if not strategy.whole and sample is None:
        sample = SAMPLE
    return evaluate_likelihood(
        *(strategy.every, genome, parts.test, parts.train, parts.validate, options.output, markov),
        name=model.card.id,
        sides="one" if strategy.given == "left" else "two",
        strata=Strata(options.annotate, options.tss, options.beds),
        sample=sample,
        relatives=relatives,
    )


def shown(rows: Sequence[Likelihood]) -> list[Likelihood]:
    """Return the few rows that people need: rivals on all bases, then the model, on all bases last."""
    rivals = [row for row in rows if row.order is not None and row.region == "all"]
    longest = max((row.order or 0 for row in rivals), default=0)
    wanted = [("two", 0, "plain"), ("two", 7, "interpolated"), ("two", 11, "interpolated")]
    wanted += [("one", longest, "mixed"), ("two", longest, "interpolated"), ("two", longest, "mixed")]
    found = {(row.sides, row.order, row.kind): row for row in rivals}
    own = [row for row in rows if row.order is None]
    return [found[key] for key in wanted if key in found] + sorted(own, key=lambda row: row.region == "all")


def aligned(rows: Sequence[Likelihood]) -> str:
    """Return the rows as a table for people: columns padded, intervals in brackets."""
    head = ["model", "region", "bases", "bits per base", "perplexity", "minus interpolated", "minus mixed"]
    lines = [head]
    for row in rows:
        label = row.model if row.order is None else f"{row.model} {row.order} {row.kind}"
        label = "base composition" if (row.order, row.kind) == (0, "plain") else label
        label += "" if row.sides == "two" else " (left only)"
        differences = [_interval(estimate, "+") for estimate in (row.minus_interpolated, row.minus_mixed)]
        lines.append([label, row.region, f"{row.bases:,}", _interval(row.bits), f"{row.perplexity:.3f}", *differences])
    return tables.aligned(tables.filled(lines))


def _interval(estimate: Estimate | None, sign: str = "") -> str:
    if estimate is None:
        return ""
    mean, low, high = (f"{value:{sign}.4f}" for value in estimate)
    return f"{mean} [{low}, {high}]" if np.isfinite(estimate.low) else mean  # too few blocks for an interval


def _rivals(
    side: Side, order: int, contigs: Sequence[Codes], train: Sequence[Codes], validation: Sequence[Codes]
) -> Iterator[tuple[str, Side, str, int | None, npt.NDArray[np.float32]]]:
    model = MarkovModel(side, order).fit(train, validation)
    parts: dict[tuple[str, int], list[npt.NDArray[np.float32]]] = {}
    for codes in contigs:
        for prediction in model.sweep(codes):
            parts.setdefault((prediction.kind, prediction.order), []).append(bits_of(prediction.log_probs, codes))
    for (kind, n), bits in sorted(parts.items()):
        yield "markov", side, kind, n, np.concatenate(bits)


def bits_of(log_probs: npt.NDArray[np.float32], codes: Codes) -> npt.NDArray[np.float32]:
    """Bits of each base (L,); those of an unknown base are meaningless and never counted."""
    bits: npt.NDArray[np.float32] = -log_probs[np.arange(len(codes)), np.minimum(codes, 3)] / np.float32(np.log(2))
    return bits


def _less(bits: Singles, rival: Singles, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How many bits (n,) one takes above another, base by base."""
    return np.subtract(bits[at], rival[at], dtype=np.float64)


def codes_of(genome: Genome, regions: Sequence[Region]) -> list[Codes]:
    """Return the base codes (L,) of each region."""
    return [encode(genome.fetch(region.contig, region.start, region.end)) for region in regions]


def read_codes(
    contigs: Sequence[Codes], regions: Sequence[Region], relatives: Relatives | None
) -> list[npt.NDArray[Any]]:
    """Return what a model reads of regions, whose base codes are `contigs`: these, with relatives laid on them."""
    if relatives is None:
        return [*contigs]
    return [relatives.codes(each.contig, each.start, each.end) for each in regions]


def _split(genome: Genome, told: dict[str, Sequence[str]], needed: bool) -> dict[str, list[Region]]:
    for part, texts in told.items():
        if not texts and (needed or part == "test"):
            raise ConfigError(f"the likelihood needs at least one region in '{part}'")
    split = {part: parse_regions(genome, texts) for part, texts in told.items()}
    for one, other in combinations(split, 2):
        if both := overlap(split[one], split[other]):
            text = format_region(both, genome.names, genome.lengths)
            raise ConfigError(f"{text} stands in both '{one}' and '{other}'")
    return split
