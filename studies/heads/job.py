"""How good the heads of a multi-task model are on regions that it did not learn from, beside simple rivals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, Genome
from dnalect.baselines import MarkovModel
from dnalect.core import NOTHING, Figure, say
from dnalect.genome import Region, first_bases, information
from dnalect.stats import Draws, agreement, means, paired, tuned_logistic, tuned_ridge
from dnalect.tokens import encode
from dnalect.training import Task, Tracks
from studies.heads.items import Bench, Items, open_bench, token_items, window_items
from studies.options import Heads

# Bases around a token that its rivals count words in, and the lengths of these words.
AROUND = 201
WORDS = (1, 2, 3, 4, 5)
# What the Markov rival counts, and tunes on, at most.
COUNTED, TUNED, ORDER = 8_000_000, 400_000, 12
HEAD = "head"
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Singles = npt.NDArray[np.floating]
Sets = dict[str, Items]


def evaluate_heads(options: Heads) -> list[Figure]:
    """Return the figures of every head on the regions of a part of the model's card.

    Of the held-out tokens a sample is judged, and rivals learn from three times as many, on the training regions; they
    are tuned on the validation regions. Intervals come from blocks of 10 kb drawn with replacement.
    Raises ModelError without heads, ConfigError where a head has no label in the part.
    """
    part = options.part
    bench = open_bench(options.model, options.data)
    rows: list[Figure] = []
    for name, spec in bench.heads.specs.items():
        genome, regions = bench.genome_of(str(spec.source["genome"]))
        say(f"{name}: reads labels and {part} regions")
        task = bench.task(name, genome, regions["train"])
        told = {"train": regions["train"], "validate": regions["validate"], "held": regions[part]}
        groups: list[tuple[Sets, int]] = []
        if not isinstance(task, Tracks) or task.bases:
            groups.append((_tokens(bench, task, genome, told, options.sample), AROUND))
        if isinstance(task, Tracks) and task.windows is not None:
            windows = {each: window_items(bench, task, genome, told[each], each == "held") for each in told}
            groups.append((windows, 0))
        for sets, width in groups:
            if not len(sets["held"].places):
                raise ConfigError(f"the head {name} has no label in the {part} regions; judge another part")
            say(f"{name}: {len(sets['held'].places):,} items; rivals learn")
            if spec.kind == "classes":
                rows += _classes(name, spec.outputs, spec.shares, genome, sets, width)
            elif spec.kind == "tracks":
                rows += _tracks(name, spec.outputs, genome, sets, width)
            else:
                rows += _signal(name, genome, sets, width, regions, regions[part])
    return [_named(row, bench.model.card.id, part, options.command) for row in rows]


def _named(figure: Figure, model: str, part: str, command: str) -> Figure:
    """Of an output of a head the part is `test/OUTPUT`; the head goes by the model's name."""
    where = f"{part}/{figure.part}" if figure.part else part
    return replace(figure, part=where, who=model if figure.who == HEAD else figure.who, command=command)


def _tokens(bench: Bench, task: Task, genome: Genome, told: dict[str, list[Region]], sample: int) -> Sets:
    sizes = {"train": 3 * sample, "validate": sample, "held": sample}
    return {
        each: token_items(bench, task, genome, told[each], count, each == "held", seed)
        for seed, (each, count) in enumerate(sizes.items())
    }


def _classes(
    name: str, outputs: Sequence[str], shares: Sequence[float], genome: Genome, sets: Sets, width: int
) -> list[Figure]:
    """Accuracy, balanced accuracy and AUROCs of classes beside word counts and the most frequent class.

    Balanced accuracy is that of the class whose probability exceeds its share in training most.
    """
    held, truth = sets["held"], sets["held"].truth.argmax(axis=1)
    features = {each: items.words(genome, WORDS, width) for each, items in sets.items()}
    labels = {each: items.truth.argmax(axis=1) for each, items in sets.items()}
    parts = [(features[each], labels[each]) for each in ("train", "validate")]
    logits = tuned_logistic(*parts[0], len(outputs), parts[1])(features["held"])
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    said = {HEAD: held.said, "words of 1-5": odds / odds.sum(axis=1, keepdims=True)}
    frequent = np.full(len(truth), int(np.argmax(shares)))
    # A class that training never showed is never chosen.
    prior = np.where(np.array(shares) > 0, shares, np.inf)
    draws, count = Draws.of(held.blocks), len(outputs)
    rows = []
    for metric, scale in (("accuracy", np.ones_like(prior)), ("balanced accuracy", prior)):
        chosen = {who: (table / scale).argmax(axis=1) for who, table in said.items()} | {"most frequent": frequent}
        samples = {who: agreement(metric, draws.confusions(mine, truth, count)) for who, mine in chosen.items()}
        rows += paired(Figure(name, "", "", metric, len(truth), NOTHING), samples)
    kept = [number for number in range(len(outputs)) if (truth == number).any() and (truth != number).any()]
    each = {outputs[number]: (draws, truth == number) for number in kept}
    columns = {who: [table[:, number] for number in kept] for who, table in said.items()}
    return rows + _aurocs(name, each, columns)


def _tracks(name: str, outputs: Sequence[str], genome: Genome, sets: Sets, width: int) -> list[Figure]:
    """AUROC of every track beside a logistic regression on words of 3 to 5 bases of the same windows."""
    features = {each: items.words(genome, (3, 4, 5), width) for each, items in sets.items()}
    told: dict[str, tuple[Draws, Mask]] = {}
    columns: dict[str, list[Singles]] = {HEAD: [], "words of 3-5": []}
    for number, output in enumerate(outputs):
        known = {each: ~np.isnan(items.truth[:, number]) for each, items in sets.items()}
        labels = {each: np.asarray(items.truth[known[each], number] > 0.5) for each, items in sets.items()}
        if any(len(set(each.tolist())) < 2 for each in labels.values()):
            continue
        fit, tune = ((features[each][known[each]], labels[each].astype(np.int64)) for each in ("train", "validate"))
        logits = tuned_logistic(*fit, 2, tune)(features["held"][known["held"]])
        # Among the blocks of all items, so that every track's resamples are the same.
        draws = Draws.of(sets["held"].blocks[known["held"]], among=sets["held"].blocks)
        told[output] = draws, labels["held"]
        columns[HEAD].append(sets["held"].said[known["held"], number])
        columns["words of 3-5"].append(logits[:, 1] - logits[:, 0])
    return _aurocs(name, told, columns)


def _aurocs(name: str, outputs: dict[str, tuple[Draws, Mask]], columns: dict[str, list[Singles]]) -> list[Figure]:
    """Figures of each output and of their mean. outputs: draws and which of their items are positive.

    columns: who -> scores of each output's own items.
    """
    if not outputs:
        return []
    each = {
        who: [draws.auroc(one, positive) for one, (draws, positive) in zip(scores, outputs.values(), strict=True)]
        for who, scores in columns.items()
    }
    rows = []
    for at, (output, (_, positive)) in enumerate(outputs.items()):
        bare = Figure(name, output, "", "AUROC", len(positive), NOTHING)
        rows += paired(bare, {who: samples[at] for who, samples in each.items()})
    most = max(len(positive) for _, positive in outputs.values())
    mean = {who: means(samples) for who, samples in each.items()}
    return rows + paired(Figure(name, "mean", "", "AUROC", most, NOTHING), mean)


def _signal(
    name: str, genome: Genome, sets: Sets, width: int, regions: dict[str, list[Region]], held_in: Sequence[Region]
) -> list[Figure]:
    """Spearman beside ridge regression on word counts, GC content and the information of a Markov model."""
    held = sets["held"]
    truth = {each: items.truth[:, 0].astype(np.float64) for each, items in sets.items()}
    features = {each: items.words(genome, WORDS, width) for each, items in sets.items()}
    ridge = tuned_ridge(features["train"], truth["train"], (features["validate"], truth["validate"]))
    said: dict[str, Singles] = {
        HEAD: held.said[:, 0],
        "words of 1-5": ridge(features["held"])[:, 0],
        "GC content": features["held"][:, 1] + features["held"][:, 2],
        "Markov information": _markov_information(genome, regions, held_in, held),
    }
    draws = Draws.of(held.blocks)
    samples = {who: draws.spearman(mine, truth["held"]) for who, mine in said.items()}
    return paired(Figure(name, "", "", "Spearman", len(held.places), NOTHING), samples)


def _markov_information(
    genome: Genome, regions: dict[str, list[Region]], held_in: Sequence[Region], held: Items
) -> Singles:
    """Mean of 2 - entropy (bits) over the bases of each item, by a two-sided Markov model of order 12."""
    count, tune = (
        [encode(genome.fetch(each.contig, each.start, each.end)) for each in first_bases(regions[part], limit)]
        for part, limit in (("train", COUNTED), ("validate", TUNED))
    )
    model = MarkovModel("two", ORDER).fit(count, tune)
    out = np.full(len(held.places), np.nan)
    for region in held_in:
        bits = information(model.log_probs(encode(genome.fetch(region.contig, region.start, region.end))))
        sums = np.concatenate([[0.0], np.cumsum(bits, dtype=np.float64)])
        contig, start, end = held.places.T
        mine = (contig == region.contig) & (start >= region.start) & (end <= region.end)
        low, high = start[mine] - region.start, end[mine] - region.start
        out[mine] = (sums[high] - sums[low]) / (high - low)
    return out
