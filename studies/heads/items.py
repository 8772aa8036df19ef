"""What the heads of a model say of held-out regions, item by item.

An item is a token, or a labelled window. Shapes: n items, K outputs of a head.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import ConfigError, Genome, ModelError, open_genome
from dnalect.baselines import word_shares
from dnalect.genome import Region, parse_regions
from dnalect.inference import once
from dnalect.models import LAST, Heads, Model, language_model, load_heads
from dnalect.stats import block_of
from dnalect.tokens import encode
from dnalect.training import Asked, Batch, HeadConfig, Task, Tracks, open_tasks, pooled, token_range

PART = 16
# Tokens that are judged of each window: neighbours say much the same.
ITEMS_A_WINDOW = 8
PARTS = ("train", "validate", "test")
Numbers = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Items:
    """Tokens or windows of a genome.

    places (n, 3): contig, start and end, 0-based half-open. truth (n, K), NaN where unknown.
    said (n, K): probabilities, or the signal in its own unit; empty where no model was asked.
    """

    places: Numbers
    truth: Singles
    said: Singles

    @property
    def blocks(self) -> Numbers:
        """Number of the 10-kb block of each item (n,)."""
        contigs, starts, ends = self.places.T
        return block_of(contigs, (starts + ends) // 2)

    def words(self, genome: Genome, lengths: Sequence[int], width: int = 0) -> Singles:
        """Return the word shares of the items' bases, or of `width` bases around their middles (n, F)."""
        contigs, starts, ends = self.places.T
        if not width:
            width = int((ends - starts).max())
        codes = encode(genome.windows(contigs, (starts + ends - width) // 2, width))
        return word_shares(codes, lengths)


@dataclass(frozen=True)
class Bench:
    """A model with heads, and what it was trained on. window: bases that it reads at once."""

    model: Model
    heads: Heads
    data: Path
    window: int

    def genome_of(self, name: str) -> tuple[Genome, dict[str, list[Region]]]:
        """Return the genome of a head and its regions by part. ConfigError where the file is another one."""
        told = next((each for each in self.model.card.genomes if each.name == name), None)
        if told is None:
            raise ConfigError(f"the card of {self.model.card.id} has no genome {name}")
        genome = open_genome(self.data / told.file)
        if told.reference and genome.checksum != told.reference:
            raise ConfigError(f"{genome.path} is not the genome {name} that {self.model.card.id} was trained on")
        return genome, {part: parse_regions(genome, getattr(told, part)) for part in PARTS}

    def task(self, head: str, genome: Genome, train: Sequence[Region]) -> Task:
        """Read the labels of a head again, as its training did."""
        config = HeadConfig(**self.heads.specs[head].source)
        return open_tasks([config], {config.genome: (genome, train)}, self.data)[0]


def open_bench(folder: Path, data: Path) -> Bench:
    """Load a model and its heads. Raises ModelError where it has none."""
    heads = load_heads(folder)
    model = language_model(folder)
    if model.can.likelihood != "masked":
        raise ModelError(f"{folder}: heads belong to a masked model")
    return Bench(model, heads, data, model.card.trained_length or model.card.window)


def token_items(
    bench: Bench, task: Task, genome: Genome, regions: Sequence[Region], count: int, ask: bool, seed: int = 0
) -> Items:
    """Return at most `count` labelled tokens of random windows of some regions. ask: also what the head says."""
    places = _tiles(regions, bench.window)
    rng = np.random.default_rng(seed)
    places = places[rng.permutation(len(places))[: -(-count // ITEMS_A_WINDOW)]]

    def questions(batch: Batch, spans: npt.NDArray[np.int32]) -> Asked | None:
        assert batch.places is not None
        found = task.of_tokens(batch, np.arange(len(batch.target)), batch.places[:, 1:], spans)
        if found is None or not len(found.rows):
            return None
        # The same number of each window, evenly drawn, so that no block outweighs another.
        order = rng.permutation(len(found.rows))
        ranked = order[np.argsort(found.rows[order], kind="stable")]
        first = np.searchsorted(found.rows[ranked], found.rows[ranked])
        kept = ranked[np.arange(len(ranked)) - first < ITEMS_A_WINDOW]
        return Asked(found.rows[kept], found.begins[kept], found.ends[kept], found.truth[kept])

    return _collect(bench, task, genome, places, questions, ask)


def window_items(bench: Bench, task: Tracks, genome: Genome, regions: Sequence[Region], ask: bool) -> Items:
    """Return all labelled windows within some regions, each in the middle of what the model reads."""
    windows = task.windows
    assert windows is not None
    numbers = windows.within(regions)
    middle = (windows.starts[numbers] + windows.ends[numbers]) // 2
    room = np.maximum(genome.lengths[windows.contigs[numbers]] - bench.window, 0)
    places = np.column_stack([windows.contigs[numbers], np.clip(middle - bench.window // 2, 0, room)])
    if not ask:
        spans = np.column_stack([windows.contigs[numbers], windows.starts[numbers], windows.ends[numbers]])
        return Items(spans, task.truth_of(numbers), np.zeros((0, 0), dtype=np.float32))
    at = iter(range(len(numbers)))

    def questions(batch: Batch, spans: npt.NDArray[np.int32]) -> Asked | None:
        assert batch.places is not None
        ranges = []
        for row, (start, own) in enumerate(zip(batch.places[:, 2].tolist(), spans, strict=True)):
            number = numbers[next(at)]
            low, high = int(windows.starts[number]) - start, int(windows.ends[number]) - start
            ranges.append((row, *(token_range(own, low, high) or (0, 1)), number))
        table = np.array(ranges, dtype=np.int64)
        return Asked(table[:, 0], table[:, 1], table[:, 2], task.truth_of(table[:, 3]))

    return _collect(bench, task, genome, places, questions, ask=True)


def _tiles(regions: Sequence[Region], window: int) -> Numbers:
    """Contig and start of windows laid end to end (n, 2)."""
    tiles = [(each.contig, start) for each in regions for start in range(each.start, each.end - window + 1, window)]
    return np.array(tiles, dtype=np.int64).reshape(-1, 2)


def _collect(
    bench: Bench,
    task: Task,
    genome: Genome,
    places: Numbers,
    questions: Callable[[Batch, npt.NDArray[np.int32]], Asked | None],
    ask: bool,
) -> Items:
    model, found = bench.model, []
    for low in range(0, len(places), PART):
        part = places[low : low + PART]
        text = genome.windows(part[:, 0], part[:, 1], bench.window)
        codes = encode(text)
        whole = np.column_stack([np.full(len(part), task.genome), part])
        encoding = model.encode(list(text))
        asked = questions(Batch(codes, codes, np.ones(codes.shape, dtype=np.float32), 0, whole), encoding.spans)
        if asked is None:
            continue
        said = np.zeros((0, 0), dtype=np.float32)
        if ask:
            (last,) = once(model, encoding, LAST).states or ()
            said = bench.heads.predict(task.name, pooled(last, asked)).detach().numpy()
        begin = encoding.spans[asked.rows, asked.begins, 0] + part[asked.rows, 1]
        end = encoding.spans[asked.rows, asked.ends - 1, 1] + part[asked.rows, 1]
        found.append(Items(np.column_stack([part[asked.rows, 0], begin, end]), asked.truth, said))
    if not found:
        none = np.zeros((0, len(task.spec.outputs)), dtype=np.float32)
        return Items(np.zeros((0, 3), dtype=np.int64), none, none)
    return Items(*(np.concatenate([getattr(each, name) for each in found]) for name in ("places", "truth", "said")))
