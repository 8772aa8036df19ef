"""Effects on expression, every base of one promoter: do zero-shot scores and predicted changes order measured effects?

HNF4A (Kircher 2019), substitutions and deletions of one base. No label of the assay is used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import FastaError, Genome, InputError, open_genome
from dnalect.core import NOTHING, Figure, Variant
from dnalect.examples import read_table
from dnalect.genome import aliases, haplotypes, split_region
from dnalect.inference import scorer_for
from dnalect.models import Model, language_model, use_threads
from dnalect.stats import Draws
from dnalect.tokens import decode
from studies.cases.compared import compared
from studies.cases.haplotypes import Changed, all_changes, variant_on
from studies.cases.page import Case, Panel, publish
from studies.data import file_of
from studies.options import Saturation as Asked

EFFECTS = "variants/kircher2019_HNF4A.tsv.gz"
REFERENCES = ("genomes/human_chr20_GRCh37.fa.gz", "genomes/human_chr20_HNF4A.fa.gz")
# The element on GRCh37, its transcription start (RefSeq; all 0-based), and the bases around it that are read.
CONTIG, START, END, TSS, FLANK = "20", 42_984_159, 42_984_444, 42_984_440, 1_000
FEWEST_BARCODES = 10
# Neighbours hit the same binding site.
BLOCK = 10
TASK, SUBSTITUTIONS, DELETIONS = "HNF4A promoter", "substitutions", "deletions of one base"
SIZE, SIGNED = "Spearman with |effect|", "signed Spearman"
NEAR, GC, CPG = "nearness to the TSS", "GC change", "CpG change"
RIVALS = (NEAR, GC, CPG)
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Saturation:
    """n variants of the promoter on a piece of its chromosome.

    genome: the piece. variants (n). position (n,): 0-based on the chromosome, as measured. effect
    (n,): measured log2 change. deletion (n,).
    """

    genome: Genome
    variants: tuple[Variant, ...]
    position: Numbers
    effect: Floats
    deletion: npt.NDArray[np.bool_]


def run_saturation(options: Asked) -> list[Figure]:
    """Score, correlate, and write OUT/figures.tsv, plots and index.html.

    Raises InputError where a file is missing or does not fit, ModelError for folders of other models.
    """
    use_threads(options.threads)
    found = read_saturation(options.data, options.reference)
    tuned = all_changes(options.tuned, found.genome, found.variants, options.device)
    sizes, signs = saturation_scores(language_model(options.model, options.device), found, tuned)
    return publish(_told(found), saturation_figures(found, sizes, signs), options.out, options.command)


def read_saturation(data: Path, reference: Path | None = None) -> Saturation:
    """Read the variants with 10 barcodes or more on GRCh37."""
    table = read_table(file_of(data, EFFECTS))
    given = [reference] if reference else [data / name for name in REFERENCES]
    chosen = next((each for each in given if each.is_file()), given[0])
    genome = piece_around(open_genome(chosen))
    release, barcodes = table.cells("Release"), table.numbers("Barcodes")
    refs, alts, low = table.cells("Ref"), table.cells("Alt"), START - FLANK
    rows = [row for row, name in enumerate(release) if name == "GRCh37" and barcodes[row] >= FEWEST_BARCODES]
    position, effect = table.numbers("Pos").astype(np.int64) - 1, table.numbers("Coefficient")
    kept = [row for row in rows if _base(genome, int(position[row]) - low) == refs[row]]
    if not kept or len(kept) < 0.99 * len(rows):
        raise InputError(
            f"{table.source}: {len(kept)} of {len(rows)} variants have the base of {chosen}; "
            "is that chromosome 20 of GRCh37?"
        )
    variants = [variant_on(genome, 0, int(position[row]) - low, refs[row], alts[row].replace("-", "")) for row in kept]
    deletion = np.array([alts[row] == "-" for row in kept])
    return Saturation(genome, tuple(variants), position[kept], effect[kept], deletion)


def piece_around(genome: Genome) -> Genome:
    """Return the element with its flanks as a reference of one contig, from a chromosome or a slice of it.

    Raises FastaError where the file does not hold it.
    """
    low, high = START - FLANK, END + FLANK
    for number, name in enumerate(genome.names):
        contig, start, _ = split_region(name, ())
        begin, end = low - start, high - start
        if contig in (CONTIG, *aliases(CONTIG)) and begin >= 0 and end <= int(genome.lengths[number]):
            text = genome.fetch(number, begin, end).tobytes().decode("ascii").upper()
            return open_genome({f"{CONTIG}:{low + 1}-{high}": text})
    raise FastaError(
        f"{genome.path} does not hold {CONTIG}:{low + 1}-{high}; give chromosome 20 of GRCh37 with --reference"
    )


def _base(genome: Genome, at: int) -> str:
    """Return one base of the first contig, N beyond its ends."""
    return genome.fetch(0, at, at + 1).tobytes().decode("ascii")


def saturation_scores(
    model: Model, found: Saturation, tuned: Sequence[Changed]
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return how large an effect is said to be, and its direction where one is said."""
    name, scorer = model.card.id, scorer_for(model, found.genome)
    ratio = np.array([score.value or 0.0 for score in scorer.score(found.variants)])
    apart = scorer.distances(found.variants)
    both = [haplotypes(each, found.genome, 1) for each in found.variants]
    pairs = [(decode(ref), decode(alt)) for ref, alt in both]
    balance = np.array([_gc(alt) - _gc(ref) for ref, alt in pairs], dtype=np.float64)
    islands = np.array([alt.count("CG") - ref.count("CG") for ref, alt in pairs], dtype=np.float64)
    signs = {f"{name}: |LLR|, zero-shot": ratio, GC: balance, CPG: islands}
    sizes = {who: np.abs(each) for who, each in signs.items()}
    sizes[NEAR] = -np.abs(found.position - TSS).astype(np.float64)
    sizes[f"{name}: distance at the site, zero-shot"] = np.array([each.cosine_site for each in apart])
    for each in tuned:
        who = f"{each.name}: |change|, zero labels of the assay"
        sizes[who] = each.size
        if each.signal:
            signs[who] = each.values[:, 0]
    return sizes, signs


def _gc(text: str) -> int:
    return text.count("G") + text.count("C")


def saturation_figures(found: Saturation, sizes: Mapping[str, Floats], signs: Mapping[str, Floats]) -> list[Figure]:
    """Return the rank correlations with the measured effect beside the rivals; intervals over blocks of 10 bases."""
    out = []
    for part, rows in ((SUBSTITUTIONS, ~found.deletion), (DELETIONS, found.deletion)):
        draws = Draws.of(found.position[rows] // BLOCK)
        effect = found.effect[rows]
        for metric, scores, truth in ((SIZE, sizes, np.abs(effect)), (SIGNED, signs, effect)):
            samples = {who: draws.spearman(each[rows], truth) for who, each in scores.items()}
            out += compared(Figure(TASK, part, "", metric, int(rows.sum()), NOTHING), samples, RIVALS)
    return out


def _told(found: Saturation) -> Case:
    panels = [
        Panel(f"{metric}: {part}", part, metric, 0.0, f"{part} {metric}", "95% over blocks of 10 bases")
        for part in (SUBSTITUTIONS, DELETIONS)
        for metric in (SIZE, SIGNED)
    ]
    lead = (
        f"{int((~found.deletion).sum())} substitutions and {int(found.deletion.sum())} deletions of one base, measured "
        f"with {FEWEST_BARCODES} barcodes or more. Nothing was learned from them, so that words can't be a rival: "
        "without labels a word says nothing."
    )
    return Case("Effects on expression: every base of the HNF4A promoter", lead, RIVALS, panels)
