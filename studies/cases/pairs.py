"""Effects on expression, a second assay: which pairs of alleles differ in a reporter (CAGI4, Tewhey 2016)?

Every score sees the 150 bases of the construct and nothing of the assay, or learned from pairs of
other loci.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dnalect import InputError, embed
from dnalect.baselines import sequence_words
from dnalect.core import NOTHING, Figure, track
from dnalect.examples import deal
from dnalect.inference import scorer_for
from dnalect.models import Model, language_model, use_threads
from dnalect.stats import Draws, among_first, binary_measures
from studies.cases.compared import compared, learned
from studies.cases.haplotypes import Changed, all_changes
from studies.cases.page import Case, Panel, publish
from studies.cases.paired import Pairs, read_pairs
from studies.options import Human

TASK, ALL, ACTIVE = "CAGI4", "all pairs", "active pairs"
FIRST, SIGNED = "precision at 10% over base rate", "signed Spearman"
CHANGED_WORDS, WORDS, GC = "words of 3-5, change, learned", "words of 3-5 of the sequence, learned", "|GC change|"
RIVALS = (CHANGED_WORDS, WORDS, GC)
PREVALENCE = "prevalence"
PART, FOLDS = 0.1, 5
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def run_pairs(options: Human) -> list[Figure]:
    """Score, learn across loci, measure, and write OUT/figures.tsv, plots and index.html.

    Raises InputError where the file is missing or holds too few pairs, ModelError for folders of other models.
    """
    use_threads(options.threads)
    pairs = read_pairs(options.data)
    tuned = all_changes(options.tuned, pairs.genome, pairs.variants, options.device)
    loaded = language_model(options.model, options.device)
    sizes, signs = zero_shot(loaded, pairs, tuned)
    sets = _features(loaded, pairs, tuned)
    figures = []
    for part, rows in ((ALL, np.ones(len(pairs.skew), dtype=np.bool_)), (ACTIVE, pairs.active)):
        some = {who: each[rows] for who, each in sizes.items()}
        directed = {who: each[rows] for who, each in signs.items()}
        folds = fold_of(pairs.group[rows], pairs.significant[rows])
        for who, features in track(sets.items(), part):
            some[who], directed[who] = learned(
                features[rows], pairs.significant[rows], pairs.skew[rows], _in_turn(folds)
            )
        figures += pair_figures(part, pairs, rows, some, directed)
    return publish(_told(pairs), figures, options.out, options.command)


def zero_shot(model: Model, pairs: Pairs, tuned: Sequence[Changed]) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return how large a difference is said to be, and its direction where one is said, without labels of the assay."""
    name, scorer = model.card.id, scorer_for(model, pairs.genome)
    ratio = np.array([score.value or 0.0 for score in scorer.score(pairs.variants)])
    apart = scorer.distances(pairs.variants)
    balance = _gc(pairs.alternate) - _gc(pairs.reference)
    sizes = {
        f"{name}: |LLR|, zero-shot": np.abs(ratio),
        f"{name}: distance at the site, zero-shot": np.array([each.cosine_site for each in apart]),
        f"{name}: distance over the construct, zero-shot": np.array([each.cosine_window for each in apart]),
        GC: np.abs(balance),
    }
    signs = {f"{name}: |LLR|, zero-shot": ratio, GC: balance}
    for each in tuned:
        who = f"{each.name}: |change|, zero labels of the assay"
        sizes[who] = each.size
        if each.signal:
            signs[who] = each.values[:, 0]
            sizes[f"{each.name}: predicted activity, zero labels of the assay"] = each.levels[:, 0]
    return sizes, signs


def _features(model: Model, pairs: Pairs, tuned: Sequence[Changed]) -> dict[str, Floats]:
    """Return what is learned from: differences of the alleles, or the sequence itself."""
    spelled = [sequence_words(texts, (3, 4, 5)).astype(np.float64) for texts in (pairs.reference, pairs.alternate)]
    states = [embed(model, list(texts), strands=2).astype(np.float64) for texts in (pairs.reference, pairs.alternate)]
    sets = {
        f"{model.card.id}: change of states, learned": _both(states[1] - states[0]),
        f"{model.card.id}: states, learned": np.column_stack([sum(states) / 2, _both(states[1] - states[0])]),
        CHANGED_WORDS: _both(spelled[1] - spelled[0]),
        WORDS: spelled[0],
    }
    for each in tuned:
        sets[f"{each.name}: change, learned"] = each.features
        sets[f"{each.name}: prediction and change, learned"] = np.column_stack([each.levels, each.features])
    return sets


def pair_figures(
    part: str, pairs: Pairs, rows: Mask, sizes: Mapping[str, Floats], signs: Mapping[str, Floats]
) -> list[Figure]:
    """Return every measure of every score beside the rivals; intervals by drawing whole groups.

    rows (N,): which pairs the scores (n,) are of.
    """
    hit, skew = pairs.significant[rows], pairs.skew[rows]
    draws = Draws.of(pairs.group[rows])
    weights = draws.counts[:, draws.units].astype(np.float64)
    samples: dict[str, dict[str, Floats]] = {"AUROC": {}, "AUPRC": {}, FIRST: {}, SIGNED: {}}
    for who, size in sizes.items():
        found = binary_measures(size, hit, draws)
        samples["AUROC"][who], samples["AUPRC"][who] = found["AUROC"], found["AUPRC"]
        prevalence = found["prevalence"]
        first = among_first(size, hit, weights, PART * weights.sum(axis=1))
        samples[FIRST][who] = first / prevalence
    for who, sign in signs.items():
        samples[SIGNED][who] = draws.take(hit).spearman(sign[hit], skew[hit])
    out = []
    for metric, each in samples.items():
        count = int(hit.sum()) if metric == SIGNED else len(hit)
        out += compared(Figure(TASK, part, "", metric, count, NOTHING), each, RIVALS)
    bare = Figure(TASK, part, "", "AUPRC", len(hit), NOTHING)
    return out + compared(bare, {PREVALENCE: prevalence}, [])


def fold_of(group: npt.NDArray[np.int64], significant: Mask) -> npt.NDArray[np.int64]:
    """Return the fold (n,) of each pair: groups stay whole, and every fold has about as many significant pairs.

    Raises InputError where a fold would have none.
    """
    own = np.unique(group, return_inverse=True)[1]
    folds = deal(own, significant.astype(np.int64), [1 / FOLDS] * FOLDS, 1)
    met = [set(significant[folds == fold].tolist()) for fold in range(FOLDS)]
    if any(each != {True, False} for each in met):
        raise InputError(f"too few pairs to learn from: each of {FOLDS} parts needs some with and some without a skew")
    return folds


def _in_turn(folds: npt.NDArray[np.int64]) -> Iterator[tuple[Mask, Mask]]:
    """Each fold to predict, the next one to choose the penalty on."""
    for fold in range(FOLDS):
        yield folds == fold, folds == (fold + 1) % FOLDS


def _both(change: Floats) -> Floats:
    return np.column_stack([change, np.abs(change)])


def _gc(texts: Sequence[str]) -> Floats:
    return np.array([sum(map(text.count, "GC")) / max(1, len(text)) for text in texts])


def _told(pairs: Pairs) -> Case:
    panels = []
    for part, rows in ((ALL, slice(None)), (ACTIVE, pairs.active)):
        chances = {"AUROC": 0.5, "AUPRC": float(pairs.significant[rows].mean()), FIRST: 1.0, SIGNED: 0.0}
        for metric, chance in chances.items():
            heading = f"{metric}, {part if metric != SIGNED else part + ' with a skew'}"
            panels.append(Panel(heading, part, metric, chance, f"{metric} {part}", "95% over loci"))
    lead = (
        f"{len(pairs.skew):,} pairs of alleles in {int(pairs.group.max()) + 1:,} loci; {int(pairs.active.sum()):,} are "
        f"active, {int(pairs.significant.sum()):,} of them differ between the alleles (emVar). Only active pairs could "
        "become emVars: among all pairs, who knows what is active has half of the answer."
    )
    return Case("Effects on expression: pairs of alleles", lead, [*RIVALS, PREVALENCE], panels)
