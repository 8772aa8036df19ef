"""Runs in shards, each a process of its own, and what puts them together."""

from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config, validated
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.flags import ARGUMENT, File
from dnalect.core.reporter import phase
from dnalect.core.shards import OPTIONS, note_options, noted_options
from dnalect.core.summaries import Summary
from dnalect.genome.variants import open_variants
from dnalect.jobs.embed.job import Done as Embedded
from dnalect.jobs.embed.job import embed_file
from dnalect.jobs.embed.options import Options as EmbedOptions
from dnalect.jobs.estimate import announce_scoring
from dnalect.jobs.predict.facts import Done as Predicted
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.scan.job import Scanned, scan_genome
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.score import kept_scores, score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring


@config
class MergeOptions:
    """Which shards to put together."""

    folder: Annotated[File, ARGUMENT, Doc("OUT.part of `score -o OUT --shard I/N`, or of scan, embed or predict.")]


def score_shard(options: Options) -> int:
    """Score one part of the variants, keep it in OUT.part, and return how many records it has: see `--shard`.

    Raises a DnalectError where an input is unusable; what is finished is kept.
    """
    job = Scoring(options)
    job.kept = kept_scores(job, options.outputs)
    with job.kept.opened(), open_variants(options.variants, job.genome) as source:
        assert job.kept.folder is not None
        note_options(job.kept.folder, "score", options)
        job.begin(source.header)
        total = announce_scoring(job, options.variants)
        with phase("scoring", total // job.shards if total else None, "records") as bar:
            job.shown = bar.update
            return sum(1 for _ in job.rows(source.records))


def merge_shards(folder: Path) -> Summary | Scanned | Embedded | Predicted:
    """Write the outputs of a run whose shards are in a folder, OUT.part; what is missing is done here.

    Raises OutputError where it is no such folder, and what the job of the command does.
    """
    what, told = noted_options(folder)
    path = folder / OPTIONS
    try:
        if what == "scan":
            return scan_genome(validated(ScanOptions, told, path))
        if what == "embed":
            return embed_file(validated(EmbedOptions, told, path))
        if what == "predict":
            return predict_file(validated(PredictOptions, told, path))
        return score_file(validated(Options, told, path))
    except ConfigError as error:
        raise OutputError(f"{folder} holds no shards that can be put together: {error}") from error
