"""The study of links: which candidates tell pairs that a loop joins from pairs as far apart that none does?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from dnalect.core import NOTHING, Estimate, Figure, made_folder, say, write_figures
from dnalect.examples import matched, strata
from dnalect.genome import SPLIT
from dnalect.report import plots
from dnalect.stats import Draws, divided, estimate, means
from studies.links import candidates, learned
from studies.links.candidates import DISTANCE, LINK, Floats
from studies.links.options import Links
from studies.links.pairs import CELLS, OTHERS, Cell, Mask, Numbers, Pairs, pairs_of, read_cell

TASK, FIRST, ODDS = "pairs joined by a loop", "first promoter of an enhancer", "odds of a loop"
MATCHED, MEAN = "as far apart", "mean of four cells"
# Negatives of each positive, and bins of distance, within each of which there are as many.
MOST, BINS = 20, 10
BLOCKS, RANDOM = "held-out blocks", "random split"
ASKED_FIRST = (
    *(candidates.DISTANCE, candidates.SHARE, candidates.OTHER_DOMAINS, candidates.LOOPS.format(5), candidates.LINK),
)
Samples = dict[str, Floats]


def run(options: Links) -> list[Figure]:
    """Make the pairs of each cell, judge every candidate, and write figures and picture."""
    cells = {name: read_cell(options.data, name) for name in OTHERS}
    every = {name: pairs_of(options.data, cells[name], options.block) for name in CELLS}
    chosen = {name: each.take(matched_rows(each, options.seed)) for name, each in every.items()}
    blocks = np.unique(np.concatenate([each.blocks for each in every.values()]))
    vectors = learned.vectors_of(options, list(chosen.values())) if options.model else [np.zeros((0, 0))] * len(CELLS)
    scores: dict[str, dict[str, Floats]] = {}
    for (name, pairs), states in zip(chosen.items(), vectors, strict=True):
        say(f"{name}: {len(pairs):,} pairs as far apart, {int(pairs.joined.sum())} joined")
        others = [cells[each] for each in OTHERS if each != name]
        scores[name] = candidates.told(cells[name], others, pairs, every[name])
        scores[name] |= taught(options, cells[name], pairs, every[name], states)
    for name, each in pooled(options, cells, chosen, every).items():
        scores[name] |= each
    figures = pair_figures(chosen, scores, blocks) + first_figures(cells, every, blocks)
    figures += odds_figures(cells, chosen, blocks)
    figures = [replace(each, command=options.command) for each in figures]
    made_folder(options.out)
    write_figures(options.out / "figures.tsv", figures)
    draw(options, figures)
    return [each for each in figures if each.part.endswith(MEAN) or each.task == ODDS]


def matched_rows(pairs: Pairs, seed: int) -> Numbers:
    """Return rows with MOST others at most for each joined pair, as many in each bin of distance."""
    edges = np.quantile(pairs.distances[pairs.joined], np.arange(1, BINS) / BINS)
    within = pairs.distances <= pairs.distances[pairs.joined].max()
    within &= pairs.distances >= pairs.distances[pairs.joined].min()
    rows = np.flatnonzero(within)
    bins = np.searchsorted(edges, pairs.distances[rows])
    return np.asarray(rows[matched(pairs.joined[rows], strata(bins), seed, MOST)])


def taught(options: Links, cell: Cell, pairs: Pairs, every: Pairs, states: Floats) -> dict[str, Floats]:
    """Return who -> log-odds (n,) of models that learned from other blocks of the cell, and from a random split."""
    ends, window = candidates.features_of(cell, pairs, every)
    kinds = {"elements": ends, "window": window, "elements and window": np.concatenate([ends, window], axis=1)}
    found = {}
    for split, folds in splits(options, pairs).items():
        for kind, features in kinds.items():
            found[f"boosting on {kind}, {split}"] = learned.boosted(features, pairs.joined, folds, options.seed)
        found[f"regression on elements and window, {split}"] = learned.regressed(
            kinds["elements and window"], pairs.joined, folds
        )
        if len(states):
            found[f"vectors of {options.model}, {split}"] = learned.regressed(states, pairs.joined, folds)
    return found


def splits(options: Links, pairs: Pairs) -> dict[str, Numbers]:
    """Return the folds (n,) of both ways to hold pairs out."""
    return {
        BLOCKS: learned.block_folds(pairs.blocks, pairs.joined, options.folds),
        RANDOM: learned.random_folds(pairs.joined, options.folds, options.seed),
    }


def pooled(
    options: Links, cells: Mapping[str, Cell], chosen: Mapping[str, Pairs], every: Mapping[str, Pairs]
) -> dict[str, dict[str, Floats]]:
    """Return, of each cell, the log-odds of boosting that learned from other blocks of all four cells."""
    features = [np.concatenate(candidates.features_of(cells[c], chosen[c], every[c]), axis=1) for c in chosen]
    labels = np.concatenate([each.joined for each in chosen.values()])
    folds = learned.block_folds(np.concatenate([each.blocks for each in chosen.values()]), labels, options.folds)
    scores = learned.boosted(np.concatenate(features), labels, folds, options.seed)
    ends = np.cumsum([len(each) for each in chosen.values()])[:-1]
    who = f"boosting on elements and window of four cells, {BLOCKS}"
    return {cell: {who: part} for cell, part in zip(chosen, np.split(scores, ends), strict=True)}


def pair_figures(
    chosen: Mapping[str, Pairs], scores: Mapping[str, Mapping[str, Floats]], blocks: np.ndarray
) -> list[Figure]:
    """AUROC and AUPRC of everybody in each cell and their mean, each beside distance alone."""
    samples: dict[str, dict[str, Samples]] = {"AUROC": {}, "AUPRC": {}}
    for cell, pairs in chosen.items():
        draws = Draws.of(pairs.blocks, among=blocks)
        for who, each in scores[cell].items():
            for metric, values in zip(samples, draws.ranked(each, pairs.joined), strict=True):
                samples[metric].setdefault(who, {})[cell] = values
    counts = {cell: len(pairs) for cell, pairs in chosen.items()}
    shares = {cell: float(pairs.joined.mean()) for cell, pairs in chosen.items()}
    chances = {"AUROC": dict.fromkeys(chosen, 0.5), "AUPRC": shares}
    found = []
    for metric, drawn in samples.items():
        found += judged(Figure(TASK, MATCHED, "", metric, 0, NOTHING), drawn, counts, chances[metric])
    return found


def judged(
    bare: Figure, samples: Mapping[str, Samples], counts: Mapping[str, int], chances: Mapping[str, float]
) -> list[Figure]:
    """Return the figures of everybody in each cell, and of their mean, each beside distance alone."""
    found = []
    for part in (*counts, MEAN):
        cells = list(counts) if part == MEAN else [part]
        each = {who: means([values[cell] for cell in cells]) for who, values in samples.items()}
        n, chance = sum(counts[c] for c in cells), float(np.mean([chances[c] for c in cells]))
        for who, values in each.items():
            figure = replace(bare, part=f"{bare.part}, {part}", who=who, n=n, value=estimate(values), chance=chance)
            if who != DISTANCE:
                figure = replace(figure, against=DISTANCE, difference=estimate(values - each[DISTANCE]))
            found.append(figure)
    return found


def first_figures(cells: Mapping[str, Cell], every: Mapping[str, Pairs], blocks: np.ndarray) -> list[Figure]:
    """How often the first of all promoters around an enhancer is one that a loop joins, of enhancers that have one."""
    samples: dict[str, Samples] = {}
    counts, chances = {}, {}
    for cell, pairs in every.items():
        keys = np.stack([pairs.contigs == "X", pairs.enhancers[:, 0]], axis=1)
        _, group = np.unique(keys, axis=0, return_inverse=True)
        group = group.ravel()
        rows = np.flatnonzero(np.bincount(group, pairs.joined)[group] > 0)
        asked = pairs.take(rows)
        others = [cells[each] for each in OTHERS if each != cell]
        scores = candidates.told(cells[cell], others, asked, pairs)
        units, index = np.unique(group[rows], return_index=True)
        draws = Draws.of(asked.blocks[index], among=blocks)
        counts[cell], chances[cell] = len(units), float(np.mean(_hits(group[rows], np.zeros(len(rows)), asked.joined)))
        for who in ASKED_FIRST:
            samples.setdefault(who, {})[cell] = draws.mean(_hits(group[rows], scores[who], asked.joined))
    return judged(Figure(FIRST, "all within 10 kb to 2 Mb", "", "right", 0, NOTHING), samples, counts, chances)


def _hits(groups: Numbers, scores: Floats, joined: Mask) -> Floats:
    """Return for each group the share of joined pairs among those with the highest score."""
    _, group = np.unique(groups, return_inverse=True)
    best = np.full(group.max() + 1, -np.inf)
    np.maximum.at(best, group, scores)
    top = scores == best[group]
    return np.asarray(np.bincount(group, top & joined) / np.bincount(group, top))


def odds_figures(cells: Mapping[str, Cell], chosen: Mapping[str, Pairs], blocks: np.ndarray) -> list[Figure]:
    """The odds that a loop joins a pair that a domain's boundary splits, over those of others as far apart."""
    ways: dict[str, Callable[[str], Sequence[Cell]]] = {
        "domains of the cell itself (same map)": lambda name: [cells[name]],
        "domains of the other cells": lambda name: [cells[each] for each in OTHERS if each != name],
    }
    found = []
    for way, of in ways.items():
        split = {
            name: np.mean([candidates.domain_relations(c.domains, p) == SPLIT for c in of(name)], axis=0)
            for name, p in chosen.items()
        }
        whole = np.concatenate(list(split.values()))
        joined = np.concatenate([each.joined for each in chosen.values()])
        draws = Draws.of(np.concatenate([each.blocks for each in chosen.values()]), among=blocks)
        yes, no = (draws.take(mask).mean(whole[mask]) for mask in (joined, ~joined))
        ratio = divided(yes * (1 - no), (1 - yes) * no)
        found.append(Figure(ODDS, way, "split by a boundary", "odds ratio", len(joined), estimate(ratio), chance=1.0))
    return found


def draw(options: Links, figures: Sequence[Figure]) -> None:
    """Draw the means of everybody, those that learned by both ways to hold pairs out, and who is right first."""
    pairs = [each for each in figures if each.part.endswith(MEAN) and each.task == TASK and each.metric == "AUROC"]
    panels = [
        (
            "Nothing learned",
            [each for each in pairs if "," not in each.who or each.who.startswith(("loops", "activity", LINK))],
        ),
        ("Learned, whole blocks held out", [each for each in pairs if each.who.endswith(BLOCKS)]),
        (
            "Learned, pairs held out at random: a leak",
            [each for each in pairs if each.who.endswith(RANDOM)],
        ),
    ]
    bars = [(title, [_bar(each) for each in sorted(mine, key=lambda one: -one.value.mean)]) for title, mine in panels]
    plots.forest(options.out / "pairs.png", bars, "AUROC, mean of four cells, with 95% intervals", 0.5)
    first = [each for each in figures if each.part.endswith(MEAN) and each.task == FIRST]
    ranked = [_bar(each) for each in sorted(first, key=lambda one: -one.value.mean)]
    title = "Enhancers whose first promoter is one that a loop joins"
    plots.forest(options.out / "first.png", [(title, ranked)], "share, mean of four cells", first[0].chance)


def _bar(figure: Figure) -> plots.Bar:
    label = figure.who.replace(f", {BLOCKS}", "").replace(f", {RANDOM}", "")
    value = figure.value
    return plots.Bar(label, Estimate(value.mean, value.low, value.high), figure.who == DISTANCE)
