"""What a scoring run works out before its first record: windows, a table to look up, a background that is there."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.reporter import say
from dnalect.genome.fasta import Genome
from dnalect.inference.background.tables import Table, fitting, tables_in
from dnalect.inference.precomputed import Precomputed
from dnalect.inference.scorer import Scorer
from dnalect.jobs.score_options import Options
from dnalect.models.assemblies import Origin, same_species
from dnalect.models.catalogue import embedded
from dnalect.models.memory import window as window_plan
from dnalect.models.model import Model, Named


def flank_of(options: Options, models: Sequence[Model], measured: Collection[str]) -> int | None:
    """Return the bases on each side of an allele that --window asks for, None for the scorers' own.

    Raises ModelError where the models can't read them.
    """
    # Of a predictor the window is that of its changes.
    if not options.window or "change" in measured:
        return None
    flank, shortest = options.window // 2, min(model.can.context_bases for model in models)
    if not 32 <= flank <= shortest // 4:
        raise ModelError(f"--window must lie between 64 and {shortest // 2} bases")
    for model in models:
        if told := window_plan(model, options.window):
            say(told)
    return flank


def table_of(
    options: Options, genome: Genome, models: Sequence[Model], measured: Collection[str], predictor: Model | None
) -> Precomputed:
    """Return the scan of --precomputed. Raises ConfigError or ModelError where the run can't use one."""
    if predictor is not None:
        raise ConfigError(f"--precomputed is for language models, and {predictor.card.id} is a predictor")
    if "llr" not in measured:
        raise ConfigError(
            "--precomputed holds log-ratios alone: leave it out, or ask for them, too (--score llr,distance)"
        )
    if len(models) > 1:
        raise ModelError("--precomputed is for one model, and this is an ensemble")
    if models[0].can.likelihood != "leave_one_out":
        raise ModelError(f"--precomputed is for duplex models, and {models[0].card.id} is another")
    if models[0].can.relatives:
        raise ModelError(f"--precomputed is for models of the sequence alone, and {models[0].card.id} reads relatives")
    return Precomputed(Path(options.precomputed or ""), genome, models[0])


def shipped(name: Named, models: Sequence[Model], scorer: Scorer, genome: Genome, origin: Origin) -> Table | None:
    """Return the background of log-ratios in the model's folder, if it is for this score and this reference."""
    if len(models) > 1:
        return None
    card = models[0].card
    known = card.is_of(list(genome.lengths)) or (
        bool(origin.possible) and all(same_species(card, each) for each in origin.possible)
    )
    own = name if isinstance(name, str | os.PathLike) else card.id
    folder = embedded(str(own)) or (Path(own) if Path(own).is_dir() else None)
    tables = tables_in(folder, card.sha256, say) if folder else []
    return fitting(tables, scorer.definition, scorer.flank, genome.checksum, known)
