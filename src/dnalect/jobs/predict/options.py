"""What `dnalect predict` is asked for."""

from dataclasses import field
from typing import Annotated

from annotated_types import Len
from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.engines import Engine, RayAddress, Workers, check_engine
from dnalect.core.errors import ConfigError
from dnalect.core.flags import (
    MODEL,
    OUTPUT,
    REFERENCE,
    Batch,
    Command,
    Device,
    Flag,
    Named,
    Positive,
    Precision,
    Rename,
    Texts,
    Threads,
)
from dnalect.core.shards import Shard, shard_of


@config
class Options:
    """How to predict, and what. given: the input, after the folder of the model where `model` doesn't name it."""

    given: Annotated[
        Texts,
        Flag(argument=True, metavar="[MODEL] INPUT"),
        Doc("Folder of a model, fine-tuned or of tracks; FASTA, BED or table."),
    ]
    model: Annotated[Named, MODEL, Doc("Folder of the fine-tuned model, here or before INPUT.")] = None
    outputs: Annotated[
        Texts,
        Len(1),
        OUTPUT,
        Doc("out.tsv, out.tsv.gz, out.bed, out.bw, out.parquet, or - for a TSV on stdout; may be repeated."),
    ] = field(kw_only=True)
    reference: Annotated[str | None, REFERENCE, Doc("Genome (FASTA) that a BED or a table of places lies on.")] = None
    beside: Annotated[
        Texts,
        Flag("--with", metavar="NAME=FILE"),
        Doc(
            "Signal beside the sequence, for a model that was tuned with signals: as there; repeatable. none: predict "
            "from sequence alone."
        ),
    ] = ()
    window: Annotated[Positive | None, Doc("FASTA, BED: cut into windows of so many bases.")] = None
    step: Annotated[Positive | None, Doc("Bases from window to window [default: the window].")] = None
    labels: Annotated[Texts, Flag("--label"), Doc("Column of a table to take along; may be repeated.")] = ()
    track: Annotated[
        str | None, Flag(metavar="OUTPUT"), Doc("Column that BED and bigWig show [default: the first].")
    ] = None
    raw: Annotated[bool, Doc("Without the calibration.")] = False
    rename: Rename = None
    batch: Annotated[
        Batch | None, Flag("--batch-size"), Doc("Most sequences in a batch [default: as many as have 16,384 tokens].")
    ] = None
    device: Device = "auto"
    dtype: Precision = "float32"
    threads: Threads = None
    shard: Shard = None
    engine: Engine = None
    workers: Workers = None
    ray_address: RayAddress = None
    command: Command = ""

    def __post_init__(self) -> None:
        if len(self.given) + (self.model is not None) != 2:
            raise ConfigError(
                "give the folder of a fine-tuned model and one input: dnalect predict MODEL INPUT -o out.tsv"
            )
        shard_of(self.shard)
        check_engine(self)

    @property
    def source(self) -> str:
        """The input."""
        return self.given[-1]

    @property
    def predictor(self) -> Named:
        """The fine-tuned model."""
        return self.given[0] if self.model is None else self.model
