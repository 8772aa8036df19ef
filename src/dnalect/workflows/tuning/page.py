"""The page of a fine-tuned model: is it better than its rivals, can its data be trusted, can its numbers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dnalect.core.figures import Figure, shown, signed
from dnalect.evaluate.metrics import verdict
from dnalect.report.page import Page, Section, write_page
from dnalect.workflows.tuning.data import Prepared

COLUMNS = ("metric", "who", "value [95%]", "this model's difference [95%]", "n")


def tuning_page(
    out: Path, prepared: Prepared, figures: Sequence[Figure], command: str, base: str, facts: dict[str, Any]
) -> None:
    """Write OUT/report.html."""
    examples, sections = prepared.examples, []
    for target in examples.targets:
        mine = [each for each in figures if each.task == target.name]
        sections.append(_measured(target.name, mine, out))
    counts = facts["split"]
    told = f"{counts['train']:,} sequences to train, {counts['validate']:,} to validate and {counts['test']:,} to test"
    notes = () if prepared.audit.level == "PASS" else (prepared.audit.verdict,)
    sentences = (f"{told}, by the rule “{prepared.rule}”.", *examples.notes)
    audit = (*sentences, prepared.audit.verdict) if not notes else sentences
    sections.append(Section("The data", audit, notes, *_overlaps(prepared)))
    write_page(
        Page(
            out.name,
            f"{base}, tuned by {facts['method']} on {counts['train']:,} labelled sequences.",
            tuple(sections),
            {"command": command, "base": base, "seed": str(facts["seed"]), "examples, SHA-256": facts["examples"]},
        ),
        out / "report.html",
    )


def _measured(name: str, figures: Sequence[Figure], out: Path) -> Section:
    rows = []
    against = {(each.metric, each.against): each for each in figures if each.against}
    seen = set()
    for each in figures:
        key = (each.part, each.metric, each.who)
        if key in seen:
            continue
        seen.add(key)
        difference = against.get((each.metric, each.who)) if each.part == "test" else None
        part = "" if each.part == "test" else f" ({each.part.partition('/')[2]})"
        rows.append((each.metric + part, each.who, shown(each.value), _difference(difference), f"{each.n:,}"))
    rows.sort(key=lambda row: row[0])
    worded = [_sentence(metric, found) for metric in ("MCC", "AUROC", "Pearson") if (found := _of(metric, against))]
    pictures = [
        (caption, (out / file).read_bytes())
        for caption, file in (
            ("This model and its rivals", f"comparison-{name}.png"),
            ("Predicted and observed, test part", f"reliability-{name}.png"),
            ("Learning", "learning-curve.png"),
        )
        if (out / file).is_file()
    ]
    right = frozenset(COLUMNS[2:])
    return Section(name, tuple(worded), (), COLUMNS, tuple(rows), right, tuple(pictures))


def _of(metric: str, against: dict[tuple[str, str], Figure]) -> list[Figure]:
    return [each for (name, _), each in against.items() if name == metric and each.part == "test"]


def _sentence(metric: str, figures: Sequence[Figure]) -> str:
    """Say once for every verdict whom it is about."""
    said: dict[str, list[str]] = {}
    for each in figures:
        words = verdict(each)
        said.setdefault(words.replace(f" {each.against}", ""), []).append(each.against)
    parts = [
        f"{words.partition(':')[0]} {', '.join(names)}" + words.partition(":")[1] + words.partition(":")[2]
        for words, names in said.items()
    ]
    return f"By {metric}, this model is {'; '.join(parts)}."


def _difference(figure: Figure | None) -> str:
    if figure is None:
        return ""
    mean, low, high = figure.difference
    return f"{signed(mean)} [{signed(low)}, {signed(high)}]"


def _overlaps(prepared: Prepared) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], frozenset[str]]:
    columns = ("between", "of", "same sequence", "reverse complement", "near", "same bases of the genome")
    rows = []
    for each in prepared.audit.overlaps:
        counts = (each.n, each.exact, each.reverse, each.near, each.overlapping)
        rows.append((f"{each.earlier} and {each.later}", *(f"{count:,}" for count in counts)))
    return columns, tuple(rows), frozenset(columns[1:])
