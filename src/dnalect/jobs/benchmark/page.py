"""The page and the plots of a suite: which model wins where, against whom, and by how much."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dnalect.core.figures import Estimate, Figure, plain, shown, shown_difference
from dnalect.jobs.benchmark.suite import Suite, untrained_of
from dnalect.jobs.benchmark.tasks import Task
from dnalect.report import plots
from dnalect.report.page import Page, Section, write_page
from dnalect.stats.metrics import LOWER_IS_BETTER, MAIN, verdict

PAGE = "index.html"


def main_metric(task: Task) -> str:
    """The metric that a task is compared by."""
    return task.spec.metric or MAIN[task.target.kind]


def picture_of(name: str, out: Path) -> Path:
    """The file of the picture of a task or curve."""
    return out / f"{''.join(c if c.isalnum() else '-' for c in name)}.png"


def benchmark_page(suite: Suite, tasks: Sequence[Task], figures: Sequence[Figure], out: Path, command: str) -> None:
    """Write OUT/index.html, and OUT/TASK.png for every task."""
    # An untrained network is what a model has to beat, not a model that wins.
    models = [entry.name for entry in suite.models if not entry.untrained]
    told = [
        _task(suite, task, [each for each in figures if each.task == task.spec.name], models, out) for task in tasks
    ]
    sections = [
        _overview(suite, tasks, figures, models),
        *_published(tasks, figures, models),
        *_curves(tasks, figures, models, out),
        *told,
    ]
    lead = suite.about or f"{len(suite.models)} models and {len(suite.rivals)} simple rivals on {len(tasks)} tasks."
    write_page(Page(suite.name, lead, tuple(sections), {"command": command}), out / PAGE)


def _overview(suite: Suite, tasks: Sequence[Task], figures: Sequence[Figure], models: Sequence[str]) -> Section:
    """One row a task: the best model and rival, and whether the difference holds after correction."""
    rows, won, lost = [], 0, 0
    for task in tasks:
        wanted = (task.spec.name, main_metric(task), "test")
        mine = [each for each in figures if (each.task, each.metric, each.part) == wanted]
        best = best_of([each for each in mine if each.who in models])
        rival = best_of([each for each in mine if each.who not in models])
        if best is None:
            continue
        against = next((each for each in mine if each.who == best.who and each.against == suite.against), None)
        words = verdict(against) if against else ""
        won, lost = won + words.startswith("better"), lost + words.startswith("worse")
        name = f"{best.who} {shown(best.value)}"
        other = f"{rival.who} {shown(rival.value)}" if rival else ""
        pairs, lost_to = against_rivals(mine, best.who, models)
        unbeaten = " / ".join(lost_to) if lost_to else "none" if pairs else ""
        rows.append(
            (task.spec.name, best.metric, f"{best.n:,}", name, other, shown_difference(against), words, unbeaten)
        )
    columns = (
        "task",
        "metric",
        "n",
        "best model [95%]",
        "best rival [95%]",
        f"minus {suite.against}",
        "in words",
        "not better than",
    )
    sentence = (
        f"On {won} of {len(rows)} tasks the best model beats {suite.against} by a paired difference whose interval "
        f"excludes 0 and whose p-value, corrected over the tasks by Holm, is below 0.05; on {lost} it is worse. "
        "The best model of a task is chosen by the same test items that it is judged on, which flatters it a little; "
        "each model's own rows below are free of that. A rival is a simple model, or a network with random weights."
    )
    return Section("Who wins where", (sentence,), _unmet(suite), columns, tuple(rows), frozenset(columns[5:6]))


def against_rivals(figures: Sequence[Figure], who: str, models: Sequence[str]) -> tuple[int, list[str]]:
    """Return with how many rivals a model was compared, and the names of those that it is not better than.

    figures: of one task and metric. models: trained ones, which are no rivals.
    """
    pairs = [each for each in figures if each.who == who and each.against and each.against not in models]
    return len(pairs), [each.against for each in pairs if not verdict(each).startswith("better")]


def _in_words(figures: Sequence[Figure], who: str, pair: Figure | None, models: Sequence[str]) -> str:
    """The verdict on a model beside the suite's rival, and the other rivals that it does not beat."""
    told = [verdict(pair)] if pair else []
    pairs, lost_to = against_rivals(figures, who, models)
    if others := [name for name in lost_to if pair is None or name != pair.against]:
        told.append(f"not better than {' / '.join(others)}")
    elif pairs and not lost_to:
        told.append("better than every rival" if pairs > 1 else "")
    return "; ".join(filter(None, told))


def _unmet(suite: Suite) -> tuple[str, ...]:
    """What a model should be met with, and this suite does not have."""
    told = []
    usual = [name for name in Suite.rivals if not any(each.startswith(name) for each in suite.rivals)]
    if usual:
        told.append(f"Not run in this suite: the {'rivals' if len(usual) > 1 else 'rival'} {', '.join(usual)}.")
    alone = [each.name for each in suite.models if not each.untrained and not untrained_of(suite, each.name)]
    if alone:
        told.append(f"Without the same network untrained beside them: {', '.join(alone)}.")
    return tuple(told)


def _published(tasks: Sequence[Task], figures: Sequence[Figure], models: Sequence[str]) -> list[Section]:
    """One row a task and metric of published numbers: ours in that metric, and theirs."""
    rows = []
    for task in tasks:
        for metric in dict.fromkeys(one.metric for one in task.spec.published):
            mine = [each for each in figures if (each.task, each.metric, each.part) == (task.spec.name, metric, "test")]
            best = [best_of([each for each in mine if (each.who in models) == ours]) for ours in (True, False)]
            own = [f"{each.who} {shown(each.value)}" if each else "" for each in best]
            theirs = sorted((one for one in task.spec.published if one.metric == metric), key=lambda one: -one.value)
            rows.append((task.spec.name, metric, *own, ", ".join(f"{one.who} {plain(one.value)}" for one in theirs)))
    if not rows:
        return []
    sentences = (
        "Each published number stands beside ours in the same metric. The protocols are not the same: how they differ, "
        "and where each number is from, is told with its task below. No difference is computed.",
    )
    columns = ("task", "metric", "best model here [95%]", "best rival here [95%]", "published")
    return [Section("Beside published numbers", sentences, (), columns, tuple(rows))]


def best_of(figures: Sequence[Figure]) -> Figure | None:
    """Return the figure with the best value of one metric, None without any."""
    known = [each for each in figures if np.isfinite(each.value.mean)]
    return max(known, key=_goodness, default=None)


def _goodness(figure: Figure) -> float:
    """The value, negative where lower is better."""
    value = figure.value.mean
    return -value if figure.metric in LOWER_IS_BETTER else value


def _curves(tasks: Sequence[Task], figures: Sequence[Figure], models: Sequence[str], out: Path) -> list[Section]:
    """One section for every learning curve of the suite."""
    sections = []
    for name in dict.fromkeys(task.spec.curve for task in tasks if task.spec.curve):
        points = [task for task in tasks if task.spec.curve == name]
        metric = main_metric(points[0])
        lines: dict[str, list[tuple[float, Estimate]]] = {}
        for task in sorted(points, key=lambda each: each.spec.train_most or 0):
            seen = set()
            for each in figures:
                if (each.task, each.metric, each.part) == (task.spec.name, metric, "test") and each.who not in seen:
                    seen.add(each.who)
                    lines.setdefault(each.who, []).append((task.spec.train_most or len(task.examples), each.value))
        picture = picture_of(f"curve-{name}", out)
        plots.curves(picture, lines, [who for who in lines if who not in models], metric)
        shown_picture = (f"{metric} by the number of labels, 95% over items and seeds", picture.read_bytes())
        sections.append(Section(f"{name}: how few labels?", pictures=(shown_picture,)))
    return sections


def _task(suite: Suite, task: Task, figures: Sequence[Figure], models: Sequence[str], out: Path) -> Section:
    metric = main_metric(task)
    kept: dict[str, Figure] = {}
    for each in figures:
        if each.metric == metric and each.part == "test":
            kept.setdefault(each.who, each)
    second = {"MCC": "AUROC", "Pearson": "Spearman"}.get(metric, "")
    others = [each for each in dict.fromkeys([second, *(one.metric for one in task.spec.published)]) if each]
    others = [each for each in others if each != metric]
    also = {(each.who, each.metric): each.value for each in figures if each.part == "test"}
    against = {(each.who, each.against): each for each in figures if each.metric == metric and each.part == "test"}
    pairs = [each for each in figures if each.metric == metric and each.part == "test"]
    ranked = sorted(kept.values(), key=lambda each: -np.nan_to_num(_goodness(each), nan=-np.inf))
    rows = []
    for each in ranked:
        pair = against.get((each.who, suite.against))
        told = [shown(also[each.who, name]) if (each.who, name) in also else "" for name in others]
        words = _in_words(pairs, each.who, pair, models)
        rows.append((each.who, shown(each.value), *told, shown_difference(pair), _p(pair), words))
    before = ""
    for one in task.spec.published:
        source = f"{one.source}; {one.differs}" if one.differs else one.source
        cells = [plain(one.value) if one.metric == name else "" for name in (metric, *others)]
        rows.append((f"{one.who}, published", *cells, "", "", "as the row above" if source == before else source))
        before = source
    picture = picture_of(task.spec.name, out)
    bars = [plots.Bar(each.who, each.value, each.who not in models) for each in ranked]
    plots.forest(picture, [(task.spec.name, bars)], metric, float("nan"))
    heads = [f"{name} [95%]" for name in (metric, *others)]
    columns = ("who", *heads, f"minus {suite.against}", "p, Holm", "in words, or source")
    return Section(
        task.spec.name,
        tuple(_sentences(task)),
        (),
        columns,
        tuple(rows),
        frozenset(columns[1:-1]),
        ((f"{metric}, mean over seeds, 95% over items and seeds", picture.read_bytes()),),
    )


def _sentences(task: Task) -> list[str]:
    spec, count = task.spec, len(task.examples)
    how = f"{spec.folds} folds held out in turn" if task.groups is not None else f"split: {spec.split}"
    told = [f"{count:,} sequences, {len(task.tested):,} of them predicted while held out ({how})."]
    if task.audit is not None and task.audit.rows:
        told.append(f"{len(task.audit.rows):,} test sequences that are met in training were dropped.")
    return [*told, *task.examples.notes]


def _p(figure: Figure | None) -> str:
    return "" if figure is None or not np.isfinite(figure.p_holm) else f"{figure.p_holm:.3g}"
