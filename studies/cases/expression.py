"""Effects on expression in yeast, one job: fine-tune on random promoters, predict measured and natural changes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import open_genome
from dnalect.core import Figure, made_folder
from dnalect.inference import scorer_for, strategy_for
from dnalect.jobs import Folders, Suite, Task, read_suite
from dnalect.jobs import predictions as predictions_of
from dnalect.models import best_device, language_model, use_threads
from dnalect.stats import holm
from dnalect.tokens import encode
from studies.cases.natural import GENOME, Natural, natural_figures, read_natural
from studies.cases.page import Case, Panel, publish
from studies.cases.trajectories import (
    Trajectories,
    expression_task,
    read_trajectories,
    trajectory_figures,
)
from studies.options import Expression

PUBLISHED, ZERO_SHOT = "published model (Vaishnav 2022)", "zero-shot, duplex-yeast"
CAPTION = "95% over promoters, trajectories or blocks of the genome, and over seeds"
PANELS = tuple(
    Panel(heading, part, metric, chance, part, CAPTION)
    for heading, part, metric, chance in (
        ("Expression of random promoters that were held out", "random promoters", "Pearson", math.nan),
        ("Change of expression along trajectories", "trajectories", "Pearson", math.nan),
        ("Change by the first mutation", "first step", "Pearson", math.nan),
        ("The 50 first mutations with the largest predicted change", "50 largest", "share with an effect", math.nan),
        ("Natural variants: is a large predicted effect rare?", "singletons over common", "AUROC", 0.5),
    )
)
Floats = npt.NDArray[np.float64]


def run(options: Expression) -> list[Figure]:
    """Read the suite and measure it: see `run_expression`."""
    use_threads(options.threads)
    suite = read_suite(options.suite).narrowed(seeds=options.seeds)
    motifs = options.data / suite.motifs if suite.motifs else None
    device = best_device() if options.device == "auto" else options.device
    kept = options.run or options.out / "predictions"
    places = Folders(options.data, options.models, kept, motifs, device)
    return run_expression(suite, places, options.out, options.natural, options.command, options.rivals_also)


def run_expression(
    suite: Suite,
    places: Folders,
    out: Path,
    natural: int | None = 2_000,
    command: str = "",
    rivals_also: Path | None = None,
) -> list[Figure]:
    """Train everybody of the suite, predict, measure, and write OUT/figures.tsv, plots and index.html.

    suite: models, rivals and seeds; its tasks are not read. natural: common and singleton variants
    to predict, None for all, 0 for none. rivals_also: a table of more promoters, columns `sequence`
    and `expression`, that the rivals learn from, too, for models that know them already. Finished
    predictions are kept under `places.run`.
    """
    steps = read_trajectories(places.data)
    alleles = read_natural(places.data, natural) if natural != 0 else None
    asked = alleles.sequences if alleles else ()
    task = expression_task(places.data, steps, asked)
    for_rivals = expression_task(places.data, steps, asked, also=rivals_also) if rivals_also else task
    made_folder(places.run)
    made_folder(out)
    predictions = predictions_of(suite, task, places, calibrated=False, of_rivals=for_rivals)
    own = predictions.keys() - {entry.name for entry in suite.models}
    predictions |= _ensembles(predictions)
    rivals = [who for who in predictions if who in own or who.startswith("CNN, ")]
    random = len(task.tested) - len(steps.sequences) - (len(alleles.sequences) if alleles else 0)
    changes = {who: [one.ravel()[: random + len(steps.sequences)] for one in each] for who, each in predictions.items()}
    measured = {**changes, **_others(task, steps, random, places)}
    figures = trajectory_figures(task, steps, measured, rivals)
    if alleles is not None:
        effects = {
            who: [alleles.effect(one.ravel()[-len(alleles.sequences) :]) for one in each]
            for who, each in predictions.items()
        }
        figures += natural_figures(alleles, effects | {ZERO_SHOT: [_surprise(alleles, places)]})
    names = tuple(entry.name for entry in suite.models)
    others = [who for who in dict.fromkeys(figure.who for figure in figures) if not who.startswith(names)]
    case = Case("Effects on expression: yeast promoters", suite.about, others, PANELS)
    return publish(case, _corrected(figures), out, command)


def _ensembles(predictions: Mapping[str, Sequence[Floats]]) -> dict[str, list[Floats]]:
    """Return the mean over seeds, as one more predictor, of everybody whose seeds differ."""
    out = {}
    for who, each in predictions.items():
        if len(each) > 1 and not all(np.array_equal(one, each[0]) for one in each):
            out[f"{who}, mean of {len(each)} seeds"] = [np.mean(each, axis=0)]
    return out


def _others(task: Task, steps: Trajectories, random: int, places: Folders) -> dict[str, list[Floats]]:
    """Return what the published model predicts, and the likelihood of every promoter, in the rows of the task.

    They were not asked for the random promoters: NaN there.
    """
    blank = np.full(random, np.nan)
    likelihood = _log_likelihood(steps.sequences, places)
    return {
        PUBLISHED: [np.concatenate([blank, steps.published])],
        ZERO_SHOT: [np.concatenate([blank, likelihood])],
    }


def _log_likelihood(sequences: Sequence[str], places: Folders) -> Floats:
    """Mean of ln p(base | the others) of each sequence (n,) under duplex-yeast."""
    strategy = strategy_for(language_model("duplex-yeast@1", places.device))
    lengths, out = np.array([len(text) for text in sequences]), np.zeros(len(sequences))
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        codes = np.stack([encode(sequences[row]) for row in rows.tolist()])
        known = codes.clip(max=3).astype(np.int64)[..., None]
        out[rows] = np.take_along_axis(strategy.within(codes), known, axis=2).mean(axis=(1, 2))
    return out


def _surprise(alleles: Natural, places: Folders) -> Floats:
    """|LLR| (n,) of each substitution under duplex-yeast."""
    genome = open_genome(str(places.data / GENOME))
    found = scorer_for(language_model("duplex-yeast@1", places.device), genome).at_sites(
        alleles.contig, alleles.position
    )
    rows = np.arange(len(found))
    ratio = found[rows, alleles.kind % 4] - found[rows, alleles.kind // 4]
    return np.asarray(np.abs(ratio), dtype=np.float64)


def _corrected(figures: Sequence[Figure]) -> list[Figure]:
    """Holm's correction over the rivals, for each part, metric and model."""
    out = list(figures)
    families: dict[tuple[str, str, str], list[int]] = {}
    for number, each in enumerate(figures):
        if each.against and np.isfinite(each.p):
            families.setdefault((each.part, each.metric, each.who), []).append(number)
    for rows in families.values():
        for row, p in zip(rows, holm([figures[n].p for n in rows]), strict=True):
            out[row] = replace(out[row], p_holm=float(p))
    return out
