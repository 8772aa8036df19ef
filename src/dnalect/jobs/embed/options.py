"""What `dnalect embed` is asked for."""

from dataclasses import field
from typing import Annotated

from annotated_types import Len
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.described import OneOf
from dnalect.core.engines import Engine, RayAddress, Workers, check_engine
from dnalect.core.errors import ConfigError
from dnalect.core.flags import (
    MODEL,
    OUTPUT,
    REFERENCE,
    STRANDS,
    Batch,
    Command,
    Device,
    Flag,
    Named,
    Natural,
    Positive,
    Precision,
    Rename,
    Texts,
    Threads,
)
from dnalect.core.shards import Shard, shard_of

PER_BASE = "base"
POOLS = ("mean", "max", "mean-max", "summary", PER_BASE)


@config
class Reading:
    """How windows are read, and by which model."""

    model: Annotated[
        Named,
        MODEL,
        Doc("Model or model folder; chosen by the genome's contig lengths if there is one and none given."),
    ] = None
    pool: Annotated[
        str,
        Flag(metavar="mean|max|mean-max|summary|base"),
        Doc("How the vectors of tokens become one: mean, max, both side by side, the summary token; base: one a base."),
    ] = "mean"
    layer: Annotated[Natural | None, Doc("0: the embedding, 1 and on: after that layer [default: the last].")] = None
    window: Annotated[
        Positive | None,
        Doc("FASTA, BED: cut into windows of so many bases. VCF: half of it on each side of an allele."),
    ] = None
    step: Annotated[Positive | None, Doc("Bases from window to window [default: the window].")] = None
    batch: Annotated[
        Batch | None, Flag("--batch-size"), Doc("Most windows in a batch [default: as many as have 16,384 tokens].")
    ] = None
    device: Device = "auto"
    dtype: Precision = "float32"
    threads: Threads = None
    command: Command = ""

    def __post_init__(self) -> None:
        if self.pool not in POOLS:
            raise ConfigError(f"there is no pool {self.pool!r}: give one of {', '.join(POOLS)}")


@config
class Windows(Reading):
    """What is embedded: windows of a file, with labels."""

    source: Annotated[
        str, Flag(argument=True, metavar="INPUT"), Doc("FASTA, BED, VCF (two rows for each alternate allele) or table.")
    ] = field(kw_only=True)
    reference: Annotated[
        str | None, REFERENCE, Doc("Genome (FASTA) that a BED, a VCF or a table of places lies on.")
    ] = None
    labels: Annotated[Texts, Flag("--label"), Doc("Column of a table to take along; may be repeated.")] = ()
    strands: Annotated[str, OneOf(("forward", "both"), STRANDS), Doc("both: the mean with the reverse complement.")] = (
        "forward"
    )
    rename: Rename = None

    @property
    def ways(self) -> int:
        """Strands that are read."""
        return 1 + (self.strands == "both")


@config
class Options(Windows):
    """How to embed, and what."""

    outputs: Annotated[Texts, Len(1), OUTPUT, Doc("out.parquet, out.h5ad (AnnData) or out.npz; may be repeated.")] = (
        field(kw_only=True)
    )
    plot: Annotated[str | None, Flag(metavar="PNG"), Doc("Also draw a map of the vectors in two dimensions.")] = None
    method: Annotated[str, OneOf(("pca", "tsne", "umap")), Doc("Of the map.")] = "pca"
    colour: Annotated[
        str | None,
        Flag("--colour", "--color", metavar="COLUMN"),
        Doc("Of the map's dots [default: the first label]."),
    ] = None
    shard: Shard = None
    engine: Engine = None
    workers: Workers = None
    ray_address: RayAddress = None

    def __post_init__(self) -> None:
        super().__post_init__()
        shard_of(self.shard)
        check_engine(self)
        if self.plot and self.pool == PER_BASE:
            raise ConfigError("--plot draws a dot a window: choose another --pool than base")
