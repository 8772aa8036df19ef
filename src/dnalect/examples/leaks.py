"""What a split leaks, and which shortcuts the labels allow: the checks of seqleak on examples with parts."""

import math
import tempfile
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.examples import PARTS, Examples, Target
from dnalect.core.figures import Estimate
from dnalect.examples.similar import canonical
from dnalect.stats.draws import Draws, estimate

# Of seqleak: alike are sequences that share half of their 21-base words, or a fifth of them in one run.
NEAR, RUN = 0.5, 0.2
SEQLEAK_PARTS = {"train": "train", "validate": "dev", "test": "test"}
LEVELS = ("PASS", "WARN", "FAIL")
CHECKS = ("shortcut", "construction", "position")
RESAMPLES = 1_000
# From so strong a correlation on, length or composition is worth a warning for a signal.
SIGNAL_WARN = 0.3
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Overlap:
    """How many of the `n` examples of `later` are met in `earlier`.

    exact, reverse: as the same sequence, or as its reverse complement only. near: otherwise
    sharing half of their words with one of it, or a fifth in one run. overlapping: on
    the same bases of the genome, by place, whatever else.
    """

    earlier: str
    later: str
    n: int
    exact: int
    reverse: int
    near: int
    overlapping: int


@dataclass(frozen=True)
class Finding:
    """One rule that needs no model, or one way of how the data were made.

    check: its name in seqleak. target: what it predicts. level: PASS, WARN or FAIL. statistic:
    what the value is; told: the finding in words.
    """

    check: str
    target: str
    level: str
    statistic: str
    value: Estimate
    told: str


@dataclass(frozen=True)
class Audit:
    """What was found. rows: numbers of the test examples that are met in train or validate."""

    overlaps: tuple[Overlap, ...]
    findings: tuple[Finding, ...]
    rows: tuple[int, ...]
    tested: int
    notes: tuple[str, ...] = ()

    @property
    def level(self) -> str:
        """PASS, WARN or FAIL: FAIL from one test example in twenty that leaks on, as seqleak has it for copies."""
        share = len(self.rows) / max(1, self.tested)
        own = 2 if share >= 0.05 else int(share >= 0.005)
        return LEVELS[max([own, *(LEVELS.index(each.level) for each in self.findings)])]

    @property
    def verdict(self) -> str:
        """The audit in words."""
        share = f"{len(self.rows):,} of {self.tested:,} test examples ({len(self.rows) / max(1, self.tested):.1%})"
        leak = f"{share} are met in train or validate" if self.rows else "no test example is met in train or validate"
        loud = [each for each in self.findings if each.level != "PASS"]
        found = "; ".join(f"{each.check} ({each.target}): {each.told}" for each in loud)
        return f"{self.level}: {leak}; {found or 'no shortcut reaches its threshold'}"

    def as_dict(self) -> dict[str, Any]:
        """Return the audit for a card in JSON: numbers that are not known are null, rows only counted."""
        findings = [{**asdict(each), "value": [_known(x) for x in each.value]} for each in self.findings]
        return {
            "level": self.level,
            "verdict": self.verdict,
            "tested": self.tested,
            "leaking": len(self.rows),
            "overlaps": [asdict(each) for each in self.overlaps],
            "findings": findings,
            "notes": list(self.notes),
        }


def audit(examples: Examples) -> Audit:
    """Look for copies and near copies between parts, and for shortcuts of every target.

    Shortcuts are rules on length, unknown bases, composition, words and motifs at fixed
    positions, learned on train and measured on test (Matthews correlation, with its interval);
    on the start in the genome where all have a place (AUROC); and negatives that were made
    from the positives. Of a signal they are the Spearman correlations of length, GC and start.
    Raises InputError where train or test is missing.
    """
    rows = {part: np.flatnonzero(np.array(examples.parts) == part) for part in PARTS}
    for part in ("train", "test"):
        if not len(rows[part]):
            raise InputError(f"no example is in the {part} part; split them before they are audited")
    overlaps: list[Overlap] = []
    leaking = np.zeros(len(examples), dtype=np.bool_)
    for earlier, later in (("train", "validate"), ("train", "test"), ("validate", "test")):
        if len(rows[earlier]) and len(rows[later]):
            met, hit = _overlap(examples, rows, earlier, later)
            overlaps.append(met)
            if later == "test":
                leaking[rows[later][hit]] = True
    findings: list[Finding] = []
    notes: list[str] = []
    for target in examples.targets:
        labels = examples.labels[target.name]
        for column in range(target.width):
            name = f"{target.name}/{target.outputs[column]}" if target.kind == "tracks" else target.name
            found, note = _shortcuts(examples, target, labels[:, column], name)
            findings += found
            notes += [note] if note else []
    return Audit(
        tuple(overlaps), tuple(findings), tuple(np.flatnonzero(leaking).tolist()), len(rows["test"]), tuple(notes)
    )


def drop_leaks(examples: Examples, audit: Audit) -> Examples:
    """Return the examples without the test examples that the audit met elsewhere, and a note."""
    if not audit.rows:
        return examples
    keep = np.ones(len(examples), dtype=np.bool_)
    keep[list(audit.rows)] = False
    note = f"dropped {len(audit.rows):,} of {audit.tested:,} test examples that are met in train or validate"
    return replace(examples.take(keep), notes=(*examples.notes, note))


def _overlap(examples: Examples, rows: dict[str, Numbers], earlier: str, later: str) -> tuple[Overlap, Mask]:
    """Counts, and which of the later part (m,) are met in the earlier one."""
    old, new = rows[earlier], rows[later]
    texts = {examples.sequences[row] for row in old.tolist()}
    both = {canonical(text) for text in texts}
    mine = [examples.sequences[row] for row in new.tolist()]
    exact = np.array([text in texts for text in mine])
    reverse = np.array([canonical(text) in both for text in mine]) & ~exact
    names = ["train"] * len(old) + ["test"] * len(new)
    at = np.concatenate([old, new])
    _, items = _seqleak(examples, at, names, np.zeros(len(at)), "regression", ["overlap.near"])
    last = items.iloc[len(old) :]
    alike = (last["containment"].to_numpy() >= NEAR) | (last["collinear"].to_numpy() >= RUN)
    near = alike & ~exact & ~reverse
    placed = _covered(examples, old, new)
    counts = [int(each.sum()) for each in (exact, reverse, near, placed)]
    return Overlap(earlier, later, len(new), *counts), exact | reverse | near | placed


def _covered(examples: Examples, old: Numbers, new: Numbers) -> Mask:
    """Which of the new rows share a base of the genome with an old one (m,)."""
    out = np.zeros(len(new), dtype=np.bool_)
    contigs = np.array(examples.contigs)
    for contig in np.unique(contigs[new][examples.placed[new]]):
        theirs = old[(contigs[old] == contig) & examples.placed[old]]
        mine = np.flatnonzero((contigs[new] == contig) & examples.placed[new])
        if not len(theirs):
            continue
        theirs = theirs[np.argsort(examples.starts[theirs])]
        furthest = np.maximum.accumulate(examples.ends[theirs])
        before = np.searchsorted(examples.starts[theirs], examples.ends[new[mine]], side="left")
        reach = np.where(before > 0, furthest[np.maximum(before, 1) - 1], -1)
        out[mine] = reach > examples.starts[new[mine]]
    return out


def _shortcuts(
    examples: Examples, target: Target, labels: npt.NDArray[np.float32], name: str
) -> tuple[list[Finding], str]:
    """Findings of one column of labels (n,), and why there are none."""
    parts = np.array(examples.parts)
    at = np.flatnonzero(np.isfinite(labels) & (parts != ""))
    if target.kind == "signal":
        return _correlations(examples, labels, at[parts[at] == "test"], name), ""
    own = labels[at].astype(np.int64)
    test = parts[at] == "test"
    if len(np.unique(own)) < 2 or not test.any() or test.all():
        return [], f"{name}: too few labels of two kinds to look for shortcuts"
    told = [SEQLEAK_PARTS[part] for part in parts[at].tolist()]
    report, _ = _seqleak(examples, at, told, own, "classification", [*CHECKS])
    found = []
    for check, one in report["checks"].items():
        if one["status"] in LEVELS and check.split(".")[0] in CHECKS:
            low, high = one["ci"] or (math.nan, math.nan)
            value = Estimate(_number(one["value"]), _number(low), _number(high))
            found.append(Finding(check, name, one["status"], str(one["statistic"]), value, str(one["reason"])))
    return found, ""


def _correlations(examples: Examples, labels: Singles, at: Numbers, name: str) -> list[Finding]:
    """Spearman correlations of a signal with what is no sequence: length, GC and, where known, the start."""
    texts = [examples.sequences[row] for row in at.tolist()]
    known = {
        "length": np.array([len(text) for text in texts], dtype=np.float64),
        "composition": np.array([(text.count("G") + text.count("C")) / max(1, len(text)) for text in texts]),
    }
    if len(at) and examples.placed[at].all() and len({examples.contigs[row] for row in at.tolist()}) == 1:
        known["start"] = examples.starts[at].astype(np.float64)
    draws, truth = Draws.of(np.arange(len(at)), RESAMPLES), labels[at].astype(np.float64)
    found = []
    for each, values in known.items():
        value = estimate(draws.spearman(values, truth)) if len(np.unique(values)) > 1 else Estimate(0.0, 0.0, 0.0)
        level = "WARN" if abs(value.mean) >= SIGNAL_WARN else "PASS"
        told = f"Spearman {value.mean:.3f} of {each} on the test part"
        found.append(Finding(f"shortcut.{each}", name, level, "Spearman", value, told))
    return found


def _seqleak(
    examples: Examples, at: Numbers, parts: list[str], labels: npt.NDArray[np.generic], kind: str, checks: list[str]
) -> tuple[dict[str, Any], Any]:
    """Run seqleak on some rows; return its report and its table of items, in the order of `at`."""
    import pandas as pd
    from seqleak.audit import load_task, run_audit

    table = pd.DataFrame(
        {
            "id": at.astype(str),
            "sequence": [examples.sequences[row] for row in at.tolist()],
            "label": labels,
            "split": parts,
        }
    )
    places = []
    if examples.placed[at].all():
        places, table["start"] = ["start"], examples.starts[at]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "examples.parquet"
        table.to_parquet(path, index=False)
        task = load_task(data=[str(path)], coords="none", distance_cols=places, task_type=kind)
    with warnings.catch_warnings():
        # Of correlations with constant labels, which are given where only the overlaps are asked for.
        warnings.simplefilter("ignore")
        report, items = run_audit(task, checks=checks, homology="off", n_boot=RESAMPLES, quiet=True)
    return report, items


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
