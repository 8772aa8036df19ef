"""Case study 13.1 in yeast, as one job: fine-tune on random promoters, then predict measured and natural changes."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dnalect.core.figures import Figure, shown, write_figures
from dnalect.evaluate.metrics import holm, verdict
from dnalect.genome.fasta import open_genome
from dnalect.inference.likelihood import scorer_for
from dnalect.models.registry import language_model
from dnalect.report import plots
from dnalect.report.page import Page, Section, write_page
from dnalect.tokens.bases import encode
from dnalect.workflows.benchmark.jobs import done
from dnalect.workflows.benchmark.learners import Places
from dnalect.workflows.benchmark.run import jobs_of
from dnalect.workflows.benchmark.suite import Suite
from dnalect.workflows.benchmark.tasks import Task
from dnalect.workflows.cases.natural import GENOME, Natural, natural_figures, read_natural
from dnalect.workflows.cases.trajectories import (
    Trajectories,
    expression_task,
    read_trajectories,
    trajectory_figures,
)

PUBLISHED, ZERO_SHOT = "published model (Vaishnav 2022)", "zero-shot, duplex-yeast"
# Heading, part and metric.
SECTIONS = (
    ("Expression of random promoters that were held out", "random promoters", "Pearson"),
    ("Change of expression along trajectories", "trajectories", "Pearson"),
    ("Change by the first mutation", "first step", "Pearson"),
    ("The 50 first mutations with the largest predicted change", "50 largest", "share with an effect"),
    ("Natural variants: is a large predicted effect rare?", "singletons over common", "AUROC"),
)
Floats = npt.NDArray[np.float64]


def run_expression(
    suite: Suite,
    places: Places,
    out: Path,
    natural: int | None = 2_000,
    command: str = "",
    also: Path | None = None,
) -> list[Figure]:
    """Train everybody of the suite, predict, measure, and write OUT/figures.tsv, plots and index.html.

    suite: models, rivals and seeds; its tasks are not read. natural: common and singleton variants
    to predict, None for all, 0 for none. also: a table of more promoters, columns `sequence` and
    `expression`, that everybody learns from, rivals too. Finished predictions are kept under `places.run`.
    """
    steps = read_trajectories(places.data)
    alleles = read_natural(places.data, natural) if natural != 0 else None
    task = expression_task(places.data, steps, alleles.sequences if alleles else (), also=also)
    places.run.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    predictions: dict[str, list[Floats]] = {}
    jobs = jobs_of(suite, task.spec, task.target.kind, places.motifs)
    for job in tqdm(jobs, desc="models", disable=not sys.stderr.isatty()):
        predictions[job.who] = done(job, task, suite.seeds, places, calibrated=False)
    predictions |= _ensembles(predictions)
    own = {job.who for job in jobs if job.entry is None}
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
    figures = [replace(each, command=command) for each in _corrected(figures)]
    write_figures(out / "figures.tsv", figures)
    _page(suite, figures, out, command)
    return figures


def _ensembles(predictions: Mapping[str, Sequence[Floats]]) -> dict[str, list[Floats]]:
    """Return the mean over seeds, as one more predictor, of everybody whose seeds differ."""
    out = {}
    for who, each in predictions.items():
        if len(each) > 1 and not all(np.array_equal(one, each[0]) for one in each):
            out[f"{who}, mean of {len(each)} seeds"] = [np.mean(each, axis=0)]
    return out


def _others(task: Task, steps: Trajectories, random: int, places: Places) -> dict[str, list[Floats]]:
    """Return what the published model predicts, and the likelihood of every promoter, in the rows of the task.

    They were not asked for the random promoters: NaN there.
    """
    blank = np.full(random, np.nan)
    likelihood = _log_likelihood(steps.sequences, places)
    return {
        PUBLISHED: [np.concatenate([blank, steps.published])],
        ZERO_SHOT: [np.concatenate([blank, likelihood])],
    }


def _log_likelihood(sequences: Sequence[str], places: Places) -> Floats:
    """Mean of ln p(base | the others) of each sequence (n,) under duplex-yeast."""
    model = language_model("duplex-yeast", places.device)
    out = []
    for low in range(0, len(sequences), 64):
        part = list(sequences[low : low + 64])
        logits = model(model.encode(part)).logits
        probs = torch.log_softmax(logits, -1).cpu().numpy()
        for text, row in zip(part, probs, strict=True):
            codes = encode(text)
            out.append(float(row[np.arange(len(codes)), codes.clip(max=3)].mean()))
    return np.array(out)


def _surprise(alleles: Natural, places: Places) -> Floats:
    """|LLR| (n,) of each substitution under duplex-yeast."""
    genome = open_genome(str(places.data / GENOME))
    found = scorer_for(language_model("duplex-yeast", places.device), genome).at_sites(alleles.contig, alleles.position)
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


def _page(suite: Suite, figures: Sequence[Figure], out: Path, command: str) -> None:
    names = tuple(entry.name for entry in suite.models)
    models = [each for each in dict.fromkeys(figure.who for figure in figures) if each.startswith(names)]
    sections = [_section(*told, figures, models, out) for told in SECTIONS if _has(figures, told[1])]
    page = Page("Case study 13.1: yeast promoters", suite.about, tuple(sections), {"command": command})
    write_page(page, out / "index.html")


def _has(figures: Sequence[Figure], part: str) -> bool:
    return any(each.part == part for each in figures)


def _section(
    heading: str, part: str, metric: str, figures: Sequence[Figure], models: Sequence[str], out: Path
) -> Section:
    mine = [each for each in figures if (each.part, each.metric) == (part, metric)]
    kept: dict[str, Figure] = {}
    for each in mine:
        kept.setdefault(each.who, each)
    ranked = sorted(kept.values(), key=lambda each: -each.value.mean)
    rows = []
    for each in ranked:
        others = [other for other in mine if other.who == each.who and other.against]
        words = "; ".join(verdict(other) for other in others if each.who in models)
        rows.append((each.who, shown(each.value), words))
    picture = out / f"{part.replace(' ', '-')}.png"
    bars = [plots.Bar(each.who, each.value, each.who not in models) for each in ranked]
    plots.forest(picture, [(heading, bars)], metric, 0.5 if metric == "AUROC" else float("nan"))
    caption = f"{metric}, 95% over {'trajectories' if 'random' not in part else 'promoters'} and seeds"
    columns = ("who", f"{metric} [95%]", "beside the rivals")
    return Section(heading, (), (), columns, tuple(rows), frozenset(columns[1:2]), ((caption, picture.read_bytes()),))
