"""How good the heads of a multi-task model are on regions that it did not learn from, beside simple rivals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect.baselines.markov import MarkovModel
from dnalect.core.errors import ConfigError
from dnalect.core.files import write_text
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region, first_bases
from dnalect.genome.substitutions import information
from dnalect.stats.bootstrap import Estimate
from dnalect.stats.linear import tuned_logistic, tuned_ridge
from dnalect.stats.ranking import AurocBootstrap, SpearmanBootstrap, auroc, interval
from dnalect.stats.rates import LabelBootstrap
from dnalect.tokens.bases import encode
from dnalect.training.tasks import Task, Tracks
from studies.heads.items import Bench, Items, open_bench, token_items, window_items

SAMPLE = 8_000
# Bases around a token that its rivals count words in, and the lengths of these words.
AROUND = 201
WORDS = (1, 2, 3, 4, 5)
# What the Markov rival counts, and tunes on, at most.
COUNTED, TUNED, ORDER = 8_000_000, 400_000, 12
COLUMNS = (
    *("model", "part", "head", "output", "metric", "who", "items", "value", "low", "high"),
    *("minus_rival", "difference_low", "difference_high"),
)
Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.floating]
Sets = dict[str, Items]


@dataclass(frozen=True)
class Row:
    """One figure. who: "head" or a rival. minus: of a rival, the head's figure less its own, paired."""

    head: str
    output: str
    metric: str
    who: str
    items: int
    value: Estimate
    minus: Estimate | None = None


def evaluate_heads(
    folder: Path,
    data: Path,
    part: str = "test",
    sample: int = SAMPLE,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Return the figures of every head on the `part` (test or validate) regions of the model's card.

    data: folder that the card's files are relative to. sample: tokens that are judged, and
    three times as many that rivals learn from. Rivals learn on the training regions and are
    tuned on the validation regions; intervals come from blocks of 10 kb drawn with replacement.
    Raises ModelError without heads, ConfigError where a head has no label in the part.
    """
    bench = open_bench(folder, data)
    rows: list[Row] = []
    for name, spec in bench.heads.specs.items():
        genome, regions = bench.genome_of(str(spec.source["genome"]))
        notify(f"{name}: reads labels and {part} regions")
        task = bench.task(name, genome, regions["train"])
        told = {"train": regions["train"], "validate": regions["validate"], "held": regions[part]}
        groups: list[tuple[Sets, int]] = []
        if not isinstance(task, Tracks) or task.bases:
            groups.append((_tokens(bench, task, genome, told, sample), AROUND))
        if isinstance(task, Tracks) and task.windows is not None:
            windows = {each: window_items(bench, task, genome, told[each], each == "held") for each in told}
            groups.append((windows, 0))
        for sets, width in groups:
            if not len(sets["held"].places):
                raise ConfigError(f"the head {name} has no label in the {part} regions; judge another part")
            notify(f"{name}: {len(sets['held'].places):,} items; rivals learn")
            if spec.kind == "classes":
                rows += _classes(name, spec.outputs, spec.shares, genome, sets, width)
            elif spec.kind == "tracks":
                rows += _tracks(name, spec.outputs, genome, sets, width)
            else:
                rows += _signal(name, genome, sets, width, regions, regions[part])
    return rows


def _tokens(bench: Bench, task: Task, genome: Genome, told: dict[str, list[Region]], sample: int) -> Sets:
    sizes = {"train": 3 * sample, "validate": sample, "held": sample}
    return {
        each: token_items(bench, task, genome, told[each], count, each == "held", seed)
        for seed, (each, count) in enumerate(sizes.items())
    }


def told(row: Row) -> str:
    """Return a figure in words."""
    minus = ""
    if row.minus:
        minus = f"; the head is {row.minus.mean:+.4f} [{row.minus.low:+.4f}, {row.minus.high:+.4f}] better"
    name = f"{row.head} {row.output}".strip() if row.output != row.head else row.head
    value = f"{row.value.mean:.4f} [{row.value.low:.4f}, {row.value.high:.4f}]"
    return f"{name}, {row.metric} of {row.who}: {value}{minus}"


def write_rows(rows: Sequence[Row], model: str, part: str, path: Path) -> None:
    """Write a TSV of COLUMNS."""
    lines = ["\t".join(COLUMNS)]
    for row in rows:
        figures = [f"{each:.4f}" for each in (*row.value, *(row.minus or ()))]
        figures += [""] * (6 - len(figures))
        lines.append("\t".join([model, part, row.head, row.output, row.metric, row.who, str(row.items), *figures]))
    write_text(path, "\n".join(lines) + "\n")


def _classes(
    name: str, outputs: Sequence[str], shares: Sequence[float], genome: Genome, sets: Sets, width: int
) -> list[Row]:
    """Accuracy, balanced accuracy and AUROCs of classes beside word counts and the most frequent class.

    Balanced accuracy is that of the class whose probability exceeds its share in training most.
    """
    held, truth = sets["held"], sets["held"].truth.argmax(axis=1)
    features = {each: items.words(genome, WORDS, width) for each, items in sets.items()}
    labels = {each: items.truth.argmax(axis=1) for each, items in sets.items()}
    model = tuned_logistic(features["train"], labels["train"], len(outputs), (features["validate"], labels["validate"]))
    logits = model(features["held"])
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    said = {"head": held.said, "words of 1-5": odds / odds.sum(axis=1, keepdims=True)}
    frequent = np.full(len(truth), int(np.argmax(shares)))
    # A class that training never showed is never chosen.
    prior = np.where(np.array(shares) > 0, shares, np.inf)
    draws = LabelBootstrap(truth, len(outputs), held.blocks)
    rows = []
    for metric, scale in (("accuracy", np.ones_like(prior)), ("balanced accuracy", prior)):
        chosen = {who: (table / scale).argmax(axis=1) for who, table in said.items()} | {"most frequent": frequent}
        for who, mine in chosen.items():
            minus = None if who == "head" else draws.difference(metric, chosen["head"], mine)
            rows.append(Row(name, "", metric, who, len(truth), draws.value(metric, mine), minus))
    kept = [number for number in range(len(outputs)) if (truth == number).any() and (truth != number).any()]
    each = [AurocBootstrap(truth == number, held.blocks) for number in kept]
    columns = {who: [table[:, number] for number in kept] for who, table in said.items()}
    return rows + _aurocs(name, [outputs[number] for number in kept], each, columns)


def _tracks(name: str, outputs: Sequence[str], genome: Genome, sets: Sets, width: int) -> list[Row]:
    """AUROC of every track beside a logistic regression on words of 3 to 5 bases of the same windows."""
    features = {each: items.words(genome, (3, 4, 5), width) for each, items in sets.items()}
    told: list[str] = []
    draws: list[AurocBootstrap] = []
    columns: dict[str, list[Singles]] = {"head": [], "words of 3-5": []}
    for number, output in enumerate(outputs):
        known = {each: ~np.isnan(items.truth[:, number]) for each, items in sets.items()}
        labels = {each: np.asarray(items.truth[known[each], number] > 0.5) for each, items in sets.items()}
        if any(len(set(each.tolist())) < 2 for each in labels.values()):
            continue
        fit, tune = ((features[each][known[each]], labels[each].astype(np.int64)) for each in ("train", "validate"))
        logits = tuned_logistic(*fit, 2, tune)(features["held"][known["held"]])
        told.append(output)
        draws.append(AurocBootstrap(labels["held"], sets["held"].blocks[known["held"]], among=sets["held"].blocks))
        columns["head"].append(sets["held"].said[known["held"], number])
        columns["words of 3-5"].append(logits[:, 1] - logits[:, 0])
    return _aurocs(name, told, draws, columns)


def _aurocs(
    name: str, outputs: Sequence[str], draws: Sequence[AurocBootstrap], columns: dict[str, list[Singles]]
) -> list[Row]:
    """Rows of each output and of their mean. columns: who -> scores of each output's own items."""
    if not outputs:
        return []
    values = {
        who: [auroc(s, d.positive) for s, d in zip(scores, draws, strict=True)] for who, scores in columns.items()
    }
    samples = {who: [d.samples(s) for s, d in zip(scores, draws, strict=True)] for who, scores in columns.items()}
    groups = [(output, [at]) for at, output in enumerate(outputs)]
    rows = []
    for output, group in [*groups, ("mean", list(range(len(outputs))))]:
        items = max(len(draws[at].positive) for at in group)
        middle = {who: float(np.mean([each[at] for at in group])) for who, each in values.items()}
        spread = {
            who: np.nanmean([each[at] for at in group], axis=0) if len(group) > 1 else each[group[0]]
            for who, each in samples.items()
        }
        for who in columns:
            minus = interval(middle["head"] - middle[who], spread["head"] - spread[who]) if who != "head" else None
            rows.append(Row(name, output, "AUROC", who, items, interval(middle[who], spread[who]), minus))
    return rows


def _signal(
    name: str, genome: Genome, sets: Sets, width: int, regions: dict[str, list[Region]], held_in: Sequence[Region]
) -> list[Row]:
    """Spearman beside ridge regression on word counts, GC content and the information of a Markov model."""
    held = sets["held"]
    truth = {each: items.truth[:, 0].astype(np.float64) for each, items in sets.items()}
    features = {each: items.words(genome, WORDS, width) for each, items in sets.items()}
    ridge = tuned_ridge(features["train"], truth["train"], (features["validate"], truth["validate"]))
    said: dict[str, Singles] = {
        "head": held.said[:, 0],
        "words of 1-5": ridge(features["held"])[:, 0],
        "GC content": features["held"][:, 1] + features["held"][:, 2],
        "Markov information": _markov_information(genome, regions, held_in, held),
    }
    draws = SpearmanBootstrap(truth["held"], held.blocks)
    return [
        Row(
            *(name, name, "Spearman", who, len(held.places), draws.value(mine)),
            None if who == "head" else draws.difference(said["head"], mine),
        )
        for who, mine in said.items()
    ]


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
