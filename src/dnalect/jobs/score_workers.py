"""Workers that score: on each a job of its own, on the same reference with the same models."""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial

from dnalect.core.engines import Pool, Worker
from dnalect.core.errors import ConfigError
from dnalect.core.ray_pool import workers_of
from dnalect.jobs.drawing import Drawing, drawn
from dnalect.jobs.kept import written
from dnalect.jobs.pieces import Part
from dnalect.jobs.score_options import Options
from dnalect.jobs.scoring import Scoring
from dnalect.jobs.workers import rests_on


def scoring_workers(job: Scoring) -> AbstractContextManager[Pool | None]:
    """Return the workers that the options of a job ask for: see `workers_of`.

    Raises ConfigError for a table to look scores up in, where there is nothing to share out.
    """
    options = job.options
    if options.engine and options.precomputed:
        raise ConfigError("--precomputed looks scores up, which is no work to share out: leave --engine out")
    # What each worker would choose by itself from the reference.
    return workers_of(replace(options, variants="", outputs=(), command=""), worker, _facts(job))


def worker(options: Options) -> Worker:
    """Return what scores parts of records, and random variants."""
    job = Scoring(options)
    return Worker(partial(_computed, job), _facts(job))


def _computed(job: Scoring, work: Part | Drawing) -> bytes:
    return drawn(job.families, work) if isinstance(work, Drawing) else written(job.computed(work))


def _facts(job: Scoring) -> dict[str, str]:
    alignment = [each.checksum for each in job.read if each] + ([job.related.columns.identity] if job.related else [])
    told = {"score": ", ".join(job.measured), "alignment": ", ".join(alignment)}
    return {**rests_on(job.models, job.genome), **told}
