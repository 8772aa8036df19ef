"""A run of `dnalect score` in shards, each a process of its own, and what puts them together."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config, validated
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.flags import ARGUMENT, File
from dnalect.core.reporter import phase
from dnalect.core.summaries import Summary
from dnalect.genome.variants import open_variants
from dnalect.jobs.estimate import announce_scoring
from dnalect.jobs.score import kept_scores, score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring

# In OUT.part: what the outputs are made with.
OPTIONS = "options.json"


@config
class MergeOptions:
    """Which shards to put together."""

    folder: Annotated[File, ARGUMENT, Doc("OUT.part of `dnalect score -o OUT --shard I/N`.")]


def score_shard(options: Options) -> int:
    """Score one part of the variants, keep it in OUT.part, and return how many records it has: see `--shard`.

    Raises a DnalectError where an input is unusable; what is finished is kept.
    """
    job = Scoring(options)
    job.kept = kept_scores(job, options.outputs)
    with job.kept.opened(), open_variants(options.variants, job.genome) as source:
        job.kept.note(OPTIONS, _as_json(options))
        job.begin(source.header)
        total = announce_scoring(job, options.variants)
        with phase("scoring", total // job.shards if total else None, "records") as bar:
            job.shown = bar.update
            return sum(1 for _ in job.rows(source.records))


def merge_shards(folder: Path) -> Summary:
    """Write the outputs of a run whose shards are in a folder, OUT.part; what is missing is scored here.

    Raises OutputError where it is no such folder, and what `score_file` does.
    """
    path = folder / OPTIONS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        options = validated(Options, told, path)
    except (OSError, ValueError, ConfigError) as error:
        raise OutputError(f"{folder} holds no shards of `dnalect score --shard`: {error}") from error
    return score_file(options)


def _as_json(options: Options) -> bytes:
    told = {each.name: getattr(options, each.name) for each in fields(options) if each.name != "shard"}
    return (json.dumps({name: each for name, each in told.items() if each is not None}, default=str) + "\n").encode()
