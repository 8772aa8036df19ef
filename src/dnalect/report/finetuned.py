"""The page of a fine-tuned model: is it better than its rivals, can its data be trusted, can its numbers."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dnalect import __version__
from dnalect.core.examples import Target
from dnalect.core.figures import Figure, shown, shown_difference
from dnalect.report.page import Page, Section, write_page
from dnalect.stats.metrics import verdict

MODEL = "this model"
COLUMNS = ("metric", "who", "value [95%]", "this model minus it [95%]", "n")
METRICS = ("MCC", "AUROC", "AUPRC", "macro F1", "accuracy", "Pearson", "Spearman", "R2", "RMSE", "ECE", "prevalence")
# What a metric is on average where nothing was learned.
CHANCE = {"MCC": 0.0, "AUROC": 0.5, "Pearson": 0.0}
METHODS = {"probe": "a probe of its frozen states", "lora": "LoRA", "full": "fine-tuning all weights"}
LEARNING = ("Learning", "learning-curve.png")
NAMES = {"lora": "LoRA", "full": "full"}
TEST, SEQUENCES = "test", "sequences"


def tuning_page(
    out: Path,
    targets: Sequence[Target],
    figures: Sequence[Figure],
    command: str,
    base: str,
    facts: dict[str, Any],
    items: str = SEQUENCES,
) -> None:
    """Write OUT/report.html. facts: what the card says under `training`. items: of the test part, in a word."""
    sections = []
    for target in targets:
        mine = [each for each in figures if each.task == target.name]
        sections += [_measured(target.name, mine, out, items)]
        sections += [_trusted(target.name, mine, out)] if items == SEQUENCES else []
    if "best_step" in facts:
        tried = next((name for name, told in NAMES.items() if facts["method"] == f"probe ({told} tried)"), "")
        best = (
            f"The weights are those of step {facts['best_step']:,} of {facts['steps']:,}, the best on validation data."
        )
        told, notes = ((), (_sentence(kept_probe(tried, facts["steps"])),)) if tried else ((best,), ())
        sections.append(Section("How it learned", told, notes, pictures=_pictures(out, LEARNING)))
    train = f"{facts['split']['train']:,} labelled {SEQUENCES if items == SEQUENCES else 'windows'}"
    page = Page(
        out.name,
        f"{base}, tuned on {train} by {_by(facts['method'])}.",
        (*sections, _data(facts)),
        {
            "command": command,
            "version": __version__,
            "base": base,
            "seed": str(facts["seed"]),
            **({"examples, SHA-256": facts["examples"]} if "examples" in facts else {}),
        },
    )
    write_page(page, out / "report.html")


def kept_probe(method: str, steps: int) -> str:
    """Say that training did not help. method: what was tried."""
    who = "LoRA" if method == "lora" else "fine-tuning all weights"
    return (
        f"{who} did not help: none of {steps:,} steps was better on the validation part than the probe that it began "
        "with, so the probe was kept"
    )


def _by(method: str) -> str:
    """Return how a model was tuned, in words. method: as the card has it."""
    plain, _, tried = method.partition(" (")
    after = next((f"; {METHODS[name]} was tried and did not help" for name, told in NAMES.items() if told in tried), "")
    return METHODS[plain] + after


def conclusions(figures: Sequence[Figure], metrics: Sequence[str] = tuple(CHANCE), items: str = SEQUENCES) -> list[str]:
    """Say of each metric whether it beats chance, and whom else. figures: all of one target. items: of the test."""
    own = [each for each in figures if (each.part, each.who) == (TEST, MODEL)]
    # Where all test sequences are of one class, MCC is 0 whatever the model says.
    asked = not any(each.metric == "AUROC" and math.isnan(each.value.mean) for each in own)
    sentences = []
    for metric in metrics:
        mine = [each for each in own if each.metric == metric]
        if mine and not asked:
            sentences.append(_untold(mine[0], items))
        elif mine:
            sentences += [_against_chance(mine[0], items), _against_rivals(mine)]
    return [each for each in sentences if each]


def file_name(what: str, target: str) -> str:
    """Return the file name of a picture of a target, whatever letters its name has."""
    return f"{what}-{quote(target, safe=' ')}.png"


def _against_chance(figure: Figure, items: str) -> str:
    mean, low, high = figure.value
    value = f"{figure.task}: {figure.metric} {shown(figure.value)} on {figure.n:,} test {items}"
    if not (math.isfinite(mean) and math.isfinite(low)):
        return _untold(figure, items)
    if low > CHANCE[figure.metric]:
        return f"{value}, above chance."
    how = "worse than chance" if high < CHANCE[figure.metric] else "not distinguishable from chance"
    return f"{value}, {how}: useless as it stands."


def _untold(figure: Figure, items: str) -> str:
    return f"{figure.task}: {figure.metric} can't be told on these {figure.n:,} test {items}."


def _against_rivals(figures: Sequence[Figure]) -> str:
    """Say once for every verdict whom it is about."""
    said: dict[tuple[str, str], list[str]] = {}
    for each in figures:
        if each.against and math.isfinite(each.difference.low):
            how, _, rest = verdict(each).partition(f" {each.against}")
            said.setdefault((how, rest), []).append(each.against)
    parts = [f"{how} {_listed(names)}{rest}" for (how, rest), names in said.items()]
    return f"By {figures[0].metric} it is {'; '.join(parts)}." if parts else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _measured(name: str, figures: Sequence[Figure], out: Path, items: str) -> Section:
    against = {(each.part, each.metric, each.against): each for each in figures if each.against}
    first: dict[tuple[str, str, str], Figure] = {}
    for each in figures:
        if each.metric != "prevalence" or each.who == MODEL:
            first.setdefault((each.part, each.metric, each.who), each)
    rows, last = [], ("", "")
    for key, each in sorted(
        first.items(), key=lambda item: (item[0][0] != TEST, item[0][0], METRICS.index(item[0][1]))
    ):
        part = each.part.partition("/")[2]
        label = "" if key[:2] == last else each.metric + (f" ({part})" if part else "")
        who = "the labels" if each.metric == "prevalence" else each.who
        rows.append((label, who, shown(each.value), shown_difference(against.get(key)), f"{each.n:,}"))
        last = key[:2]
    told = conclusions(figures, items=items)
    notes = tuple(each for each in told if "useless" in each)
    sentences = tuple(each for each in told if each not in notes)
    pictures = _pictures(
        out,
        ("This model and its rivals", file_name("comparison", name)),
        ("What is taken for what, test part", file_name("confusion", name)),
        ("ROC and precision-recall curves, test part; dashed is chance", file_name("curves", name)),
    )
    return Section(name, sentences, notes, COLUMNS, tuple(rows), frozenset(COLUMNS[2:]), pictures)


def _trusted(name: str, figures: Sequence[Figure], out: Path) -> Section:
    errors = [each for each in figures if (each.metric, each.part, each.who) == ("ECE", TEST, MODEL)]
    told = [f"Calibration error (ECE) on the test part: {shown(each.value)}; 0 is perfect." for each in errors[:1]]
    pictures = _pictures(out, ("Predicted and observed, test part", file_name("reliability", name)))
    text = "Calibrated on the validation part; on the diagonal the numbers mean what they say."
    return Section(f"{name}: can its numbers be taken at their word?", (text, *told), pictures=pictures)


def _data(facts: dict[str, Any]) -> Section:
    counts, audit = facts["split"], facts.get("audit")
    what = SEQUENCES if audit else "windows"
    told = f"{counts['train']:,} {what} to train, {counts['validate']:,} to validate and {counts['test']:,} to test"
    sentences = [f"{told}, by the rule “{counts['rule']}”.", *map(_sentence, facts["notes"])]
    if not audit:
        return Section("The data", tuple(sentences))
    quiet = audit["level"] == "PASS"
    sentences += [audit["verdict"]] if quiet else []
    columns = ("between", "of", "same sequence", "reverse complement", "near", "same bases of the genome")
    rows = []
    for each in audit["overlaps"]:
        numbers = (each[name] for name in ("n", "exact", "reverse", "near", "overlapping"))
        rows.append((f"{each['earlier']} and {each['later']}", *(f"{count:,}" for count in numbers)))
    notes = () if quiet else (audit["verdict"],)
    return Section("The data", tuple(sentences), notes, columns, tuple(rows), frozenset(columns[1:]))


def _pictures(out: Path, *named: tuple[str, str]) -> tuple[tuple[str, bytes], ...]:
    """Captions and bytes of those files that are there."""
    return tuple((caption, (out / file).read_bytes()) for caption, file in named if (out / file).is_file())


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:] + ("" if note.endswith(".") else ".")
