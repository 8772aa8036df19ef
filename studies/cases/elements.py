"""Effects on expression in human: which measured variants of regulatory elements have an effect?

Every score is made without the element that it is judged on: zero-shot, from conservation, from a
model that learned something else, or learned from the variants of the other elements.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dnalect.baselines import word_shares
from dnalect.core import Figure, track
from dnalect.inference import site_states, strategy_for
from dnalect.models import Model, language_model, use_threads
from dnalect.tokens import decode
from studies.cases.compared import learned
from studies.cases.element_figures import (
    FIRST,
    MEAN,
    MEASURES,
    OTHER_CELLS,
    RANDOM,
    SHARE,
    TENTH,
    cell_type_figures,
    first_figures,
    mean_figures,
)
from studies.cases.haplotypes import Changed, all_changes
from studies.cases.measured import FLANK, Measured, read_measured
from studies.cases.page import Case, Panel, publish
from studies.options import Human

# Bases on each side of the site whose states are averaged.
AROUND = 8
BATCH = 64
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def run_elements(options: Human) -> list[Figure]:
    """Score, measure per element, and write OUT/figures.tsv, plots and index.html.

    Raises InputError where a file is missing, ModelError for folders of other models.
    """
    use_threads(options.threads)
    found = read_measured(options.data)
    tuned = all_changes(options.tuned, found.genome, found.variants, options.device)
    sizes, signs, sets = _scores(language_model(options.model, options.device), found, tuned)
    for who, features in track(sets.items(), "leaving elements out"):
        sizes[who], signs[who] = learned(features, found.significant, found.effect, _left_out(found))
    rivals = [*found.tracks, "conservation, learned", "words of 3-5, learned"]
    figures = mean_figures(found, sizes, signs, rivals) + first_figures(found, sizes) + cell_type_figures(found)
    return publish(_told(found, rivals, figures), figures, options.out, options.command)


def _scores(
    model: Model, found: Measured, tuned: Sequence[Changed]
) -> tuple[dict[str, Floats], dict[str, Floats], dict[str, Floats]]:
    """Return how large an effect is said to be, its direction where one is said, and features to learn from."""
    ratio, change = _ratio(model, found), _changed_states(model, found)
    name, conserved = model.card.id, np.stack(list(found.tracks.values()), axis=1)
    spelled = _changed_words(found)
    own = [change, np.abs(change), ratio, np.abs(ratio)]
    sets: dict[str, Floats] = {
        f"{name}: states and likelihood": np.column_stack(own),
        f"{name} and conservation": np.column_stack([*own, conserved]),
        "conservation, learned": conserved,
        "words of 3-5, learned": np.column_stack([spelled, np.abs(spelled)]),
    }
    sizes: dict[str, Floats] = {f"{name}: |LLR|, zero-shot": np.abs(ratio), **found.tracks}
    signs: dict[str, Floats] = {f"{name}: |LLR|, zero-shot": ratio}
    for each in tuned:
        told = f"{each.name}: |change|, zero labels of the assay"
        sizes[told] = each.size
        if each.signal:
            signs[told] = each.values[:, 0]
        sets[f"{each.name}: change, learned"] = each.features
    if tuned:
        everything = [*own, *[each.features for each in tuned], conserved]
        sets[f"{name}, predictors and conservation"] = np.column_stack(everything)
    return sizes, signs, sets


def _ratio(model: Model, found: Measured) -> Floats:
    """LLR (n,) of each substitution, over both strands."""
    # Alternates of one site share their window.
    windows, back = np.unique(found.reference, axis=0, return_inverse=True)
    log_probs = strategy_for(model, BATCH).log_probs(list(windows), np.full(len(windows), FLANK, dtype=np.int64))
    rows, known = back.ravel(), log_probs.astype(np.float64)
    return np.asarray(known[rows, found.alt] - known[rows, found.ref])


def _changed_states(model: Model, found: Measured) -> Floats:
    """Mean states around the site, alternate minus reference, over both strands (n, C)."""
    windows, back = np.unique(found.reference, axis=0, return_inverse=True)
    alternate, reference = (
        site_states(model, [decode(row) for row in codes], [FLANK] * len(codes), AROUND, BATCH)
        for codes in (found.alternate, windows)
    )
    return alternate - reference[back.ravel()]


def _changed_words(found: Measured) -> Floats:
    """Shares of words of 3 to 5 bases, alternate minus reference."""
    near = slice(FLANK - AROUND, FLANK + AROUND + 1)
    alternate, reference = (word_shares(codes[:, near], (3, 4, 5)) for codes in (found.alternate, found.reference))
    return np.asarray(alternate - reference, dtype=np.float64)


def _left_out(found: Measured) -> Iterator[tuple[Mask, Mask]]:
    """Each group in turn; every fourth of the others is there to choose the penalty on."""
    groups = np.unique(found.group)
    for number, group in enumerate(groups):
        yield found.group == group, np.isin(found.group, np.roll(groups, -number)[1::4])


def _told(found: Measured, rivals: Sequence[str], figures: Sequence[Figure]) -> Case:
    chances = {"AUPRC over base rate": 1.0, "precision at 10% over base rate": 1.0, "signed Spearman": 0.0}
    over = "95% over elements"
    panels = [Panel(f"{name}, mean over elements", MEAN, name, chances.get(name, 0.5), name, over) for name in MEASURES]
    rate = found.significant.mean()
    pooled = (
        "Elements differ in how many of their variants have an effect, "
        f"from {_rates(found).min():.0%} to {_rates(found).max():.0%}: "
        "who is first among all has often found an element rather than a variant. The first tenth of each element is "
        "free of that."
    )
    tenth = "With an effect among the first 10% of each element"
    panels += [
        Panel("With an effect among the 50 ranked first", FIRST, SHARE, rate, "first-50", over, (pooled,)),
        Panel(tenth, TENTH, SHARE, rate, "first-10-percent", over),
    ]
    for part in sorted({each.part for each in figures if each.who.startswith(OTHER_CELLS)}):
        heading = f"The most that a score without a cell type can reach: {part}"
        same = "The same variants, measured in two cell types: how well one measurement predicts the other."
        over = "95% over blocks of 10 bases"
        panels.append(Panel(heading, part, "signed Spearman", 0.0, f"cell types {part}", over, (same,)))
    lead = (
        f"{len(found.effect):,} substitutions in {len(np.unique(found.element))} elements, {rate:.0%} of them with an "
        "effect. No score has seen a measured variant of the element that it is judged on."
    )
    return Case("Effects on expression: human regulatory elements", lead, [*rivals, RANDOM], panels)


def _rates(found: Measured) -> Floats:
    return np.array([found.significant[found.element == name].mean() for name in np.unique(found.element)])
