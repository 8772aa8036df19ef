"""The background of a model on its own genome, drawn once: `dnalect models background`."""

from functools import partial
from pathlib import Path

import numpy as np

from dnalect.core.errors import ModelError
from dnalect.core.files import check_writable
from dnalect.core.reporter import Phase, phase, say
from dnalect.genome.fasta import joined, open_genome
from dnalect.inference.background.draws import Drawn, Draws
from dnalect.inference.background.quantiles import Pool, pooled
from dnalect.inference.background.strata import NAMES, lengths_of, named
from dnalect.inference.background.tables import Table, write_table
from dnalect.inference.likelihood import scorer_for
from dnalect.inference.scorer import ModelScorer
from dnalect.jobs.options import BackgroundOptions
from dnalect.models.load import language_model, model_folder
from dnalect.models.precision import use_threads

NAME = "background.npz"
# Bands of lengths of a group that is not of indels.
BANDS = {"snv": (0, 0), "mnv": (1, 4), "mnv_long": (5, 6)}
# Bands of lengths up to 8 bases, where most variants are, get all draws; those up to 64 half, longer ones a fifth.
SHARES = ((8, 1), (64, 2))
LONG_SHARE = 5


def make_table(options: BackgroundOptions) -> Path:
    """Draw the background of a model on references, and write its quantiles into the model's folder.

    `dnalect score` takes its percentiles from there, for these references and every other one
    of an assembly that the model learned from. Of longer variants, which read more and are rarer,
    fewer are drawn. Draws are kept in the cache, so that a run that was stopped goes on.
    Returns the file. Raises ModelError, FastaError or OutputError.
    """
    use_threads(options.threads)
    model, references, seed = options.model, options.references, options.seed
    path = Path(options.output) if options.output else model_folder(model) / NAME
    check_writable(path)
    loaded = language_model(model, options.device, options.dtype)
    if not loaded.card.sha256:
        raise ModelError(f"{model} has no card with the checksum of its weights")
    genomes = [open_genome(reference) for reference in references]
    genome = genomes[0] if len(genomes) == 1 else joined(genomes)
    scorer = scorer_for(loaded, genome)
    pools = []
    for group in NAMES:
        drawn = drawn_of(scorer, group, options.snvs if group == "snv" else options.others, options.longest, seed)
        if drawn:
            pools.append(pool_of(group, drawn))
    told = options.among or " and ".join(Path(reference).name for reference in references)
    checksums = tuple(dict.fromkeys([genome.checksum, *(each.checksum for each in genomes)]))
    table = Table(
        loaded.card.sha256, scorer.definition, scorer.flank, options.dtype, checksums, told, seed, tuple(pools)
    )
    size = write_table(path, table)
    say(f"{path}: {size:,} bytes; {table}")
    return path


def drawn_of(scorer: ModelScorer, group: str, count: int, longest: int, seed: int) -> dict[int, Drawn]:
    """Return the draws of a group by band, up to the first band that the references have none of."""
    lowest, highest = BANDS.get(group, (0, (min(longest, scorer.longest_allele) - 1).bit_length()))
    found: dict[int, Drawn] = {}
    for band in range(lowest, highest + 1):
        low, high = lengths_of(band)
        share = next((share for upto, share in SHARES if high <= upto), LONG_SHARE)
        draws, wanted = Draws(scorer, group, band, seed, say), -(-count // share)
        with phase(f"drawing {named(group, low, high)}", wanted, "variants", min(wanted, len(draws.cached))) as bar:
            # Blocks are scored as a whole, and the last one may have more than is wanted.
            drawn = draws.at_least(wanted, partial(_count, bar, wanted))
        say(f"{len(drawn):,} {named(group, low, high)}")
        if not len(drawn):
            break
        found[band] = drawn
    return found


def _count(bar: Phase, wanted: int, made: int) -> None:
    bar.update(min(made, wanted - bar.done))


def pool_of(group: str, drawn: dict[int, Drawn]) -> Pool:
    """Return the pool of draws by band."""
    every = np.concatenate(list(drawn.values()))
    span = lengths_of(min(drawn))[0], lengths_of(max(drawn))[1]
    return pooled(group, span, every["length"].astype(np.int64), every["value"])
