"""What `dnalect scan` is asked for."""

from typing import Annotated

from annotated_types import Interval, Len
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.engines import Engine, RayAddress, Workers, check_engine
from dnalect.core.errors import ConfigError
from dnalect.core.flags import ARGUMENT, MODEL, OUTPUT, Command, Device, Flag, Named, Precision, Rename, Texts, Threads
from dnalect.core.shards import Shard, shard_of


@config
class Options:
    """How to scan, and what."""

    reference: Annotated[str, ARGUMENT, Doc("Genome (FASTA).")]
    outputs: Annotated[
        Texts,
        Len(1),
        OUTPUT,
        Doc("NAME.parquet, a folder with a file a contig, or NAME.bw, three bigWig tracks; may be repeated."),
    ]
    model: Annotated[
        Named, MODEL, Doc("Embedded model or model folder; chosen by the reference's contig lengths if not given.")
    ] = None
    regions: Annotated[
        Texts,
        Flag(metavar="REGION|BED"),
        Doc("Only these bases: contig, contig:start-end (1-based, ends inside), or a BED file; may be repeated."),
    ] = ()
    batch: Annotated[
        Annotated[int, Interval(ge=1, le=128)] | None,
        Flag("--batch-size"),
        Doc("Tiles in a batch, a power of two [default: 1 on a CPU, 64 on other devices]."),
    ] = None
    alignment: Annotated[
        str | None,
        Flag(metavar="FOLDER|MAF"),
        Doc("Of a model that reads relatives: their genomes laid on the reference, a MAF or a folder of FASTA."),
    ] = None
    rename: Rename = None
    device: Device = "auto"
    dtype: Precision = "float32"
    threads: Threads = None
    shard: Shard = None
    engine: Engine = None
    workers: Workers = None
    ray_address: RayAddress = None
    command: Command = ""

    def __post_init__(self) -> None:
        if self.batch and self.batch & (self.batch - 1):
            raise ConfigError(f"--batch-size must be a power of two, not {self.batch}")
        shard_of(self.shard)
        check_engine(self)
