"""Labelled sequences: what a model learns from after pretraining, and what it is measured on."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
PARTS = ("train", "validate", "test")


@dataclass(frozen=True)
class Target:
    """What is to be predicted of a sequence.

    kind: "classes" (one of the outputs, at least two), "tracks" (each output by itself, yes or
    no) or "signal" (one number). outputs: their names; for a signal, its own.
    """

    name: str
    kind: str
    outputs: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns of its labels: one for each track, else one."""
        return len(self.outputs) if self.kind == "tracks" else 1


@dataclass(frozen=True)
class Examples:
    """n labelled sequences.

    sequences: upper-case A, C, G, T, N, of any lengths. targets: what the labels mean. labels:
    target's name -> (n, width) float32: number of the class, 0 or 1 of each track, or the
    value; NaN where there is none. ids: names of the rows, "" where they have none. contigs,
    starts, ends, strands: where each stands, 0-based half-open; "", -1, -1 and "." where that
    is not known. parts: "train", "validate", "test" as given, "" where not.
    notes: what reading them left out or found, in words. columns: what else a table says of each row, as far as it
    was asked for. signals: (n, S, K), what stands beside each sequence; NaN where one is missing.
    """

    sequences: tuple[str, ...]
    targets: tuple[Target, ...]
    labels: dict[str, Floats]
    ids: tuple[str, ...]
    contigs: tuple[str, ...]
    starts: Numbers
    ends: Numbers
    strands: tuple[str, ...]
    parts: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    signals: Floats | None = None

    @classmethod
    def of(cls, sequences: Sequence[str], targets: Sequence[Target], labels: dict[str, Floats]) -> "Examples":
        """Return examples without names, places or parts."""
        count = len(sequences)
        nowhere, blank = np.full(count, -1, dtype=np.int64), ("",) * count
        shaped = {name: np.asarray(each, dtype=np.float32).reshape(count, -1) for name, each in labels.items()}
        places = (blank, nowhere, nowhere.copy(), (".",) * count)
        return cls(tuple(sequences), tuple(targets), shaped, blank, *places, parts=blank)

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def placed(self) -> npt.NDArray[np.bool_]:
        """Which rows have a place (n,)."""
        return np.asarray(self.starts >= 0)

    def take(self, rows: Sequence[int] | Numbers | npt.NDArray[np.bool_]) -> "Examples":
        """Return some rows, in the order given. rows: numbers, or a mask (n,)."""
        at = np.asarray(rows)
        at = np.flatnonzero(at) if at.dtype == np.bool_ else at.astype(np.int64)

        def some(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(values[row] for row in at.tolist())

        return replace(
            self,
            sequences=some(self.sequences),
            labels={name: each[at] for name, each in self.labels.items()},
            ids=some(self.ids),
            contigs=some(self.contigs),
            starts=self.starts[at],
            ends=self.ends[at],
            strands=some(self.strands),
            parts=some(self.parts),
            columns={name: some(cells) for name, cells in self.columns.items()},
            signals=None if self.signals is None else self.signals[at],
        )
