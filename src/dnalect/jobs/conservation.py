"""A reference and relatives laid on it -> a track of how slowly each base changes."""

from pathlib import Path
from typing import Annotated

import numpy as np
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import ConfigError
from dnalect.core.files import check_outputs, written_together
from dnalect.core.flags import ARGUMENT, OUTPUT, File, Flag, Texts
from dnalect.core.reporter import phase
from dnalect.genome.bigwig import BigWig
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import parse_regions
from dnalect.relatives.alignment import open_alignment
from dnalect.relatives.columns import Columns
from dnalect.relatives.rates import evolution_of

STEP = 20_000


@config
class ConservationOptions:
    """Which alignment, on what, and where."""

    reference: Annotated[str, ARGUMENT, Doc("Genome (FASTA).")]
    alignment: Annotated[
        str,
        Flag(argument=True, metavar="ALIGNMENT"),
        Doc("Relatives laid on it: a MAF, or a folder of FASTA with one file a relative."),
    ]
    output: Annotated[File, OUTPUT, Doc("conservation.bw.")]
    regions: Annotated[
        Texts, Flag("--region"), Doc("A contig, or contig:start-end; repeatable [default: all that is aligned].")
    ] = ()

    def __post_init__(self) -> None:
        if not str(self.output).endswith((".bw", ".bigwig")):
            raise ConfigError(f"the output {self.output} has none of the suffixes .bw, .bigwig")


def conservation_track(options: ConservationOptions) -> int:
    """Write -log2 of the substitution rate of every base with a relative, over the mean rate; return how many have one.

    Definition "conservation-1" (docs/scores.md): above 0 is slower than the mean. Raises InputError or OutputError, and
    then leaves no file.
    """
    check_outputs([str(options.output)], [options.reference, options.alignment])
    genome = open_genome(options.reference)
    regions = parse_regions(genome, options.regions or genome.names)
    alignment = open_alignment(options.alignment, genome)
    columns = Columns(alignment, evolution_of(alignment))
    mean = columns.evolution.mean_rate
    done = 0
    with written_together() as files:
        sizes = {name: int(length) for name, length in zip(genome.names, genome.lengths, strict=True)}
        track = BigWig(files.place(Path(options.output)), sizes)
        try:
            with phase("conservation", sum(map(len, regions)), "bases") as bar:
                for region in sorted(regions):
                    for low in range(region.start, region.end, STEP):
                        at = np.arange(low, min(low + STEP, region.end))
                        read = columns.at(region.contig, at)
                        values = np.where(read.relatives > 0, -np.log2(read.rate / mean), np.nan)
                        track.add(region.contig, low, values.astype(np.float32))
                        done += int((read.relatives > 0).sum())
                        bar.update(len(at))
            track.finish()
        finally:
            track.close()
    return done
