"""What a head is asked in a batch: ranges of tokens, and the answers that are known.

Shapes: B windows, L bases, T tokens, K outputs of a head, m questions.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import ConfigError
from dnalect.genome.fasta import Genome
from dnalect.genome.regions import Region
from dnalect.models.heads import HeadSpec
from dnalect.training.corpus import Batch
from dnalect.training.head_config import HeadConfig
from dnalect.training.labels import BaseLabels, WindowLabels, bed_labels, class_labels, signal_labels, window_labels

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Spans = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Asked:
    """Questions to one head.

    rows, begins, ends (m,): the window, and the range of its tokens whose mean state is asked.
    truth (m, K) float32, NaN where the answer is unknown; of classes 1 for the right one and 0
    for the others. Every question has an answer to one output at least.
    """

    rows: Numbers
    begins: Numbers
    ends: Numbers
    truth: Floats


class Task(ABC):
    """A head's source of answers. genome: number in the config. weight: of its loss."""

    def __init__(self, config: HeadConfig, genome: int, spec: HeadSpec):
        self.weight, self.genome, self.spec = config.weight, genome, spec

    @property
    def name(self) -> str:
        """Name of the head."""
        return self.spec.name

    def asked(self, batch: Batch, encoding: Encoding) -> list[Asked]:
        """Return the questions that a batch has answers to, without those that have none."""
        if batch.places is None:
            return []
        rows = np.flatnonzero(batch.places[:, 0] == self.genome)
        if not len(rows):
            return []
        places, spans = batch.places[rows, 1:], encoding.spans[rows]
        found = (self.of_tokens(batch, rows, places, spans), self.of_windows(batch, rows, places, spans))
        return [each for each in found if each is not None and len(each.rows)]

    @abstractmethod
    def of_tokens(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        """Return the questions about tokens of the windows `rows`, which are of the head's genome.

        None if there are none. places (n, 2): contig and start of these windows. spans (n, T, 2): of their tokens.
        """

    def of_windows(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        """Return the questions about labelled windows, None if the head has none."""
        return None


class Classes(Task):
    """Every token is of the class of most of its bases."""

    def __init__(self, config: HeadConfig, number: int, genome: Genome, train: Sequence[Region], data: Path):
        names, self.labels = class_labels(config, genome, data)
        counts = np.bincount(self.labels.within(train), minlength=len(names))
        _must_have(config, bool(counts.sum()))
        shares = tuple((counts / counts.sum()).round(6).tolist())
        super().__init__(config, number, HeadSpec(config.name, config.kind, names, shares, source=_source(config)))

    def of_tokens(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        codes = self.labels.windows(places, batch.target.shape[1])
        chosen = majority(codes, spans, len(self.spec.outputs))
        truth = np.eye(len(self.spec.outputs), dtype=np.float32)[np.maximum(chosen, 0)]
        return _of_tokens(rows, truth, chosen >= 0)


class Tracks(Task):
    """Tracks of bases: the mean over a token's bases. Tracks of windows: the window's label."""

    def __init__(self, config: HeadConfig, number: int, genome: Genome, train: Sequence[Region], data: Path):
        bigwigs = config.bigwig if isinstance(config.bigwig, dict) else {}
        within = data / config.within if config.within else None
        self.bases: dict[str, BaseLabels[np.float16]] = {
            **{track: bed_labels(data / file, within, genome) for track, file in config.bed.items()},
            **{track: signal_labels(data / file, genome, config.above) for track, file in bigwigs.items()},
        }
        placed = {track: data / file for track, file in config.placed.items()}
        self.windows: WindowLabels | None = window_labels(placed, genome) if placed else None
        averages = [_mean(labels.within(train)) for labels in self.bases.values()]
        if self.windows is not None:
            averages += _known_means(self.windows.labels[self.windows.within(train)])
        outputs = (*self.bases, *placed)
        for track, mean in zip(outputs, averages, strict=True):
            _must_have(config, not np.isnan(mean), f" of {track}")
        found = self.windows.found if self.windows is not None else ()
        shares = tuple(round(mean, 6) for mean in averages)
        spec = HeadSpec(config.name, config.kind, outputs, shares, source=_source(config), found=found)
        super().__init__(config, number, spec)

    def of_tokens(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        if not self.bases:
            return None
        length = batch.target.shape[1]
        each = [means(labels.windows(places, length), spans) for labels in self.bases.values()]
        truth = np.full((*spans.shape[:2], len(self.spec.outputs)), np.nan, dtype=np.float32)
        truth[..., : len(each)] = np.stack(each, axis=-1)
        return _of_tokens(rows, truth, np.asarray(~np.isnan(truth).all(axis=-1)))

    def of_windows(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        if self.windows is None:
            return None
        lengths = np.full(len(rows), batch.target.shape[1]) if batch.lengths is None else batch.lengths[rows]
        ranges, numbers = [], []
        for row, (contig, start), own, length in zip(rows, places.tolist(), spans, lengths.tolist(), strict=True):
            for number in self.windows.near(contig, start, start + length).tolist():
                low, high = int(self.windows.starts[number]) - start, int(self.windows.ends[number]) - start
                if (found := token_range(own, low, high)) is not None:
                    ranges.append((row, *found))
                    numbers.append(number)
        table = np.array(ranges, dtype=np.int64).reshape(-1, 3)
        return Asked(table[:, 0], table[:, 1], table[:, 2], self.truth_of(np.array(numbers, dtype=np.int64)))

    def truth_of(self, numbers: Numbers) -> Floats:
        """Return the answers (m, K) about labelled windows, NaN for the tracks of bases."""
        assert self.windows is not None
        truth = np.full((len(numbers), len(self.spec.outputs)), np.nan, dtype=np.float32)
        truth[:, len(self.bases) :] = self.windows.labels[numbers]
        return truth


class Signal(Task):
    """The mean of a signal over a token's bases."""

    def __init__(self, config: HeadConfig, number: int, genome: Genome, train: Sequence[Region], data: Path):
        assert isinstance(config.bigwig, str)
        self.labels = signal_labels(data / config.bigwig, genome)
        known = self.labels.within(train).astype(np.float32)
        _must_have(config, bool(len(known)))
        centre, spread = float(known.mean(dtype=np.float64)), float(known.std(dtype=np.float64))
        if not spread > 0:
            raise ConfigError(f"[[heads]] {config.name}: {config.bigwig} has one value only; there is nothing to learn")
        spec = HeadSpec(config.name, config.kind, (config.name,), (), centre, spread, _source(config))
        super().__init__(config, number, spec)

    def of_tokens(self, batch: Batch, rows: Numbers, places: Numbers, spans: Spans) -> Asked | None:
        values = means(self.labels.windows(places, batch.target.shape[1]), spans)
        return _of_tokens(rows, values[..., None], ~np.isnan(values))


def open_tasks(
    heads: Sequence[HeadConfig], genomes: dict[str, tuple[Genome, Sequence[Region]]], data: Path
) -> list[Task]:
    """Read the labels of all heads. genomes: name -> genome and regions to learn from, in the config's order.

    Raises InputError for files that can't be used, ConfigError for a head without labels there.
    """
    kinds: dict[str, Any] = {"classes": Classes, "tracks": Tracks, "signal": Signal}
    numbers = {name: number for number, name in enumerate(genomes)}
    return [kinds[head.kind](head, numbers[head.genome], *genomes[head.genome], data) for head in heads]


def token_range(spans: Spans, low: int, high: int) -> tuple[int, int] | None:
    """Return the half-open range of the tokens (T, 2) that lie wholly in the bases [low, high), None without any."""
    inside = np.flatnonzero((spans[:, 0] >= low) & (spans[:, 1] <= high) & (spans[:, 1] > spans[:, 0]))
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else None


def means(values: npt.NDArray[np.floating], spans: Spans) -> Floats:
    """Return the mean of the known values (B, L) over the bases of each token (B, T), NaN without any."""
    known = ~np.isnan(values)
    total = _summed(np.where(known, values, 0).astype(np.float64), spans)
    count = _summed(known.astype(np.float64), spans)
    found: Floats = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0).astype(np.float32)
    return found


def majority(codes: npt.NDArray[np.uint8], spans: Spans, classes: int) -> Numbers:
    """Return the class of most of a token's bases (B, T), the first of equals, -1 where none has one."""
    counts = np.stack([_summed((codes == number).astype(np.float64), spans) for number in range(classes)], axis=-1)
    return np.where(counts.any(axis=-1), counts.argmax(axis=-1), -1)


def _summed(values: npt.NDArray[np.float64], spans: Spans) -> npt.NDArray[np.float64]:
    sums = np.pad(np.cumsum(values, axis=1), ((0, 0), (1, 0)))
    row = np.arange(len(values))[:, None]
    return np.asarray(sums[row, spans[..., 1]] - sums[row, spans[..., 0]])


def _of_tokens(rows: Numbers, truth: Floats, known: npt.NDArray[np.bool_]) -> Asked:
    at, columns = np.nonzero(known)
    return Asked(rows[at], columns, columns + 1, truth[at, columns])


def _mean(labels: npt.NDArray[np.float16]) -> float:
    return float(labels.mean(dtype=np.float64)) if len(labels) else float("nan")


def _known_means(labels: Floats) -> list[float]:
    known = ~np.isnan(labels)
    sums, counts = np.where(known, labels, 0).sum(axis=0), known.sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).tolist()  # type: ignore[no-any-return]


def _must_have(config: HeadConfig, any_label: bool, track: str = "") -> None:
    if not any_label:
        raise ConfigError(
            f"[[heads]] {config.name}: no label{track} lies in the training regions of the genome {config.genome}; "
            "give labels of these contigs, or train on contigs that have some"
        )


def _source(config: HeadConfig) -> dict[str, Any]:
    """The fields that are not empty, so that HeadConfig(**source) is the same again."""
    return {name: value for name, value in asdict(config).items() if value not in ("", {})}
