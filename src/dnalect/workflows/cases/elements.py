"""Case study 13.1 in human: which measured variants of regulatory elements have an effect?

Every score is made without the element that it is judged on: zero-shot, from conservation, from a
model that learned something else, or learned from the variants of the other elements.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm

from dnalect.core.figures import Estimate, Figure, shown, signed, write_figures
from dnalect.evaluate.linear import tuned_logistic, tuned_ridge
from dnalect.evaluate.metrics import holm, two_sided, verdict
from dnalect.evaluate.ranking import auroc, interval, ranks, unit_draws
from dnalect.evaluate.words import word_shares
from dnalect.inference.masked import pieces, words
from dnalect.models.duplex.model import DuplexModel, inside
from dnalect.models.pooled import symmetric
from dnalect.models.registry import Model, language_model
from dnalect.report import plots
from dnalect.report.page import Page, Section, write_page
from dnalect.tokens.bases import decode, reverse_complement
from dnalect.tokens.bpe import BytePairs
from dnalect.workflows.cases.measured import FLANK, Measured, read_measured

# Bases on each side of the site whose states are averaged.
AROUND = 8
BATCH = 64
PART = 0.1
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MEASURES = ("AUPRC over base rate", "precision at 10% over base rate", "AUROC", "signed Spearman")


def run_elements(data: Path, model: str, out: Path, command: str = "", device: str = "cpu") -> list[Figure]:
    """Score, measure per element, and write OUT/figures.tsv, a plot and index.html."""
    found = read_measured(data)
    loaded = language_model(model, device)
    ratio, change = _ratio(loaded, found), _changed_states(loaded, found)
    name, conserved = loaded.card.id, np.stack(list(found.tracks.values()), axis=1)
    spelled = _changed_words(found)
    sets: dict[str, Floats] = {
        f"{name}: states and likelihood": np.column_stack([change, np.abs(change), ratio, np.abs(ratio)]),
        f"{name} and conservation": np.column_stack([change, np.abs(change), ratio, np.abs(ratio), conserved]),
        "conservation, learned": conserved,
        "words of 3-5, learned": np.column_stack([spelled, np.abs(spelled)]),
    }
    sizes: dict[str, Floats] = {f"{name}: |LLR|, zero-shot": np.abs(ratio), **found.tracks}
    signs: dict[str, Floats] = {f"{name}: |LLR|, zero-shot": ratio}
    for who, features in tqdm(sets.items(), desc="leaving elements out", disable=not sys.stderr.isatty()):
        sizes[who], signs[who] = _left_out(features, found)
    rivals = [*found.tracks, "conservation, learned", "words of 3-5, learned"]
    figures = [replace(each, command=command) for each in _figures(found, sizes, signs, rivals)]
    out.mkdir(parents=True, exist_ok=True)
    write_figures(out / "figures.tsv", figures)
    _page(figures, rivals, out, command, found)
    return figures


def _ratio(model: Model, found: Measured) -> Floats:
    """LLR (n,) of each substitution, over both strands."""
    rows, sites = np.arange(len(found.ref)), np.full(len(found.ref), FLANK, dtype=np.int64)
    if isinstance(model, DuplexModel):
        parts = np.array_split(found.reference, max(1, len(rows) // BATCH))
        logits = [model.logits(part.astype(np.int64), inside(part)).cpu().numpy()[:, FLANK] for part in parts]
        log_probs = np.concatenate(logits).astype(np.float64)
    else:
        chosen = pieces if isinstance(model.tokenizer, BytePairs) else words
        log_probs = chosen.conditionals(model, list(found.reference), sites, BATCH)
    return np.asarray(log_probs[rows, found.alt] - log_probs[rows, found.ref])


def _changed_states(model: Model, found: Measured) -> Floats:
    """Mean states around the site, alternate minus reference, over both strands (n, C)."""
    sides = [_states(model, codes) for codes in (found.alternate, found.reference)]
    return sides[0] - sides[1]


@torch.inference_mode()
def _states(model: Model, codes: npt.NDArray[np.uint8]) -> Floats:
    views = [codes] if isinstance(model, DuplexModel) else [codes, reverse_complement(codes)]
    means = []
    for view in views:
        out = []
        for part in np.array_split(view, max(1, len(view) // BATCH)):
            encoding = model.encode([decode(row) for row in part])
            states = model.states(encoding).float().cpu().numpy()
            middle = encoding.spans.mean(axis=2)
            near = (np.abs(middle - FLANK) <= AROUND) & (encoding.spans[..., 1] > 0)
            out.append(np.einsum("btc,bt->bc", states, near) / np.maximum(near.sum(axis=1, keepdims=True), 1))
        means.append(np.concatenate(out))
    mean = np.mean(means, axis=0)
    return symmetric(mean.astype(np.float32), model.width).astype(np.float64) if len(views) == 1 else mean


def _changed_words(found: Measured) -> Floats:
    """Shares of words of 3 to 5 bases, alternate minus reference."""
    near = slice(FLANK - AROUND, FLANK + AROUND + 1)
    alternate, reference = (word_shares(codes[:, near], (3, 4, 5)) for codes in (found.alternate, found.reference))
    return np.asarray(alternate - reference, dtype=np.float64)


def _left_out(features: Floats, found: Measured) -> tuple[Floats, Floats]:
    """Return the chance of an effect and the predicted effect (n,), learned without each group in turn."""
    chance, effect = np.zeros(len(features)), np.zeros(len(features))
    groups = np.unique(found.group)
    for number, group in enumerate(groups):
        test = found.group == group
        # Every fourth of the other elements is there to choose the penalty on.
        tuned = np.isin(found.group, np.roll(groups, -number)[1::4])
        learn = ~test & ~tuned
        labels = found.significant.astype(np.int64)
        logistic = tuned_logistic(features[learn], labels[learn], 2, (features[tuned], labels[tuned]))
        logits = logistic(features[test])
        chance[test] = logits[:, 1] - logits[:, 0]
        ridge = tuned_ridge(features[learn], found.effect[learn], (features[tuned], found.effect[tuned]))
        effect[test] = ridge(features[test])[:, 0]
    return chance, effect


def _figures(
    found: Measured, sizes: Mapping[str, Floats], signs: Mapping[str, Floats], rivals: Sequence[str]
) -> list[Figure]:
    names = np.unique(found.element)
    units = np.array([found.group[found.element == name][0] for name in names])
    draws = unit_draws(int(units.max()) + 1)[:, units]
    measures: dict[str, tuple[Mapping[str, Floats], Callable[[Floats, Mask, Floats], float]]] = {
        MEASURES[0]: (sizes, lambda score, hit, _: _average_precision(score, hit) / hit.mean()),
        MEASURES[1]: (sizes, lambda score, hit, _: _first(score, hit) / hit.mean()),
        MEASURES[2]: (sizes, lambda score, hit, _: auroc(score, hit)),
        MEASURES[3]: (signs, lambda score, _, effect: _spearman(score, effect)),
    }
    out = []
    for measure, (scores, value) in measures.items():
        each = {who: np.array([_of(found, name, score, value) for name in names]) for who, score in scores.items()}
        for who, values in each.items():
            for number, name in enumerate(names):
                single = Estimate(float(values[number]), np.nan, np.nan)
                size = int((found.element == name).sum())
                out.append(Figure("CAGI5", str(name), who, measure, size, single))
            mean = Figure("CAGI5", "mean over elements", who, measure, len(values), _mean(values, draws))
            beside = [rival for rival in rivals if rival in each and rival != who]
            out += _beside(mean, values, each, beside, draws) or [mean]
    return out


def _of(found: Measured, name: str, score: Floats, value: Callable[[Floats, Mask, Floats], float]) -> float:
    own = found.element == name
    return value(score[own], found.significant[own], found.effect[own])


def _beside(
    figure: Figure, values: Floats, each: Mapping[str, Floats], rivals: Sequence[str], draws: Floats
) -> list[Figure]:
    found = []
    for rival in rivals:
        gap = values - each[rival]
        samples = (draws @ gap) / draws.sum(axis=1)
        found.append(
            replace(figure, against=rival, difference=interval(float(gap.mean()), samples), p=two_sided(samples))
        )
    corrected = holm([one.p for one in found])
    return [replace(one, p_holm=float(p)) for one, p in zip(found, corrected, strict=True)]


def _mean(values: Floats, draws: Floats) -> Estimate:
    return interval(float(values.mean()), (draws @ values) / draws.sum(axis=1))


def _average_precision(score: Floats, hit: Mask) -> float:
    order = np.argsort(-score, kind="stable")
    hits = hit[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()) if hits.any() else float("nan")


def _first(score: Floats, hit: Mask) -> float:
    """Share of hits among the tenth with the highest scores."""
    count = max(1, round(PART * len(score)))
    return float(hit[np.argsort(-score, kind="stable")[:count]].mean())


def _spearman(score: Floats, effect: Floats) -> float:
    both = ranks(score), ranks(effect)
    return float(np.corrcoef(*both)[0, 1]) if all(each.std() > 0 for each in both) else 0.0


def _page(figures: Sequence[Figure], rivals: Sequence[str], out: Path, command: str, found: Measured) -> None:
    sections = []
    for measure in MEASURES:
        mine = [each for each in figures if (each.metric, each.part) == (measure, "mean over elements")]
        kept: dict[str, Figure] = {}
        for each in mine:
            kept.setdefault(each.who, each)
        ranked = sorted(kept.values(), key=lambda each: -each.value.mean)
        rows = []
        for each in ranked:
            others = [other for other in mine if other.who == each.who and other.against]
            told = [f"{verdict(other)} ({signed(other.difference.mean)})" for other in others]
            rows.append((each.who, shown(each.value), "; ".join(told) if each.who not in rivals else ""))
        picture = out / f"{''.join(c if c.isalnum() else '-' for c in measure)}.png"
        chance = {"AUROC": 0.5, "signed Spearman": 0.0}.get(measure, 1.0)
        bars = [plots.Bar(each.who, each.value, each.who in rivals) for each in ranked]
        plots.forest(picture, [(f"{measure}, mean over elements", bars)], measure, chance)
        pictures = ((f"{measure}: mean over elements, 95% over elements", picture.read_bytes()),)
        columns = ("who", "mean [95%]", "beside the rivals")
        sections.append(Section(measure, (), (), columns, tuple(rows), frozenset(columns[1:2]), pictures))
    names, rate = len(np.unique(found.element)), found.significant.mean()
    lead = (
        f"{len(found.effect):,} substitutions in {names} elements, {rate:.0%} of them with an effect. "
        "No score has seen a measured variant of the element that it is judged on."
    )
    page = Page("Case study 13.1: human regulatory elements", lead, tuple(sections), {"command": command})
    write_page(page, out / "index.html")
