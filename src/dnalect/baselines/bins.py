"""Rivals of models of tracks: ridge regression on words around a bin. Shapes: n windows, N bins, K tracks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.baselines.kmers import sequence_words
from dnalect.core.reporter import track
from dnalect.stats.linear import Linear, RidgeSums
from dnalect.training.tracks import Windows

# Bases on each side of a bin whose words count, and of those whose composition does.
NEAR, WIDE = 16, 256
# Of words of 2 bases, which composition is made of.
PAIR = (2,)
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
# Windows that are read at once.
_AT_ONCE = 64
Singles = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BinWords:
    """name: of the rival. lengths: of the words of NEAR bases around a bin; () for the composition of WIDE alone.

    A word and its reverse complement are one.
    """

    name: str
    lengths: tuple[int, ...]

    def fit_predict(self, train: Windows, tune: Windows, test: Windows) -> Singles:
        """Learn every track from `train`, its penalty chosen on `tune`, and return what is said of `test` (n * N, K).

        A bin without a label of a track counts as its mean there.
        """
        means = np.array([each.centre for each in train.sizes.tracks], dtype=np.float32)
        sums: RidgeSums | None = None
        for x, y in self._pieces(train, "learning"):
            sums = sums or RidgeSums(x.shape[1], y.shape[1])
            sums.add(x, np.where(np.isfinite(y), y, means))
        assert sums is not None
        models = [sums.fit(penalty) for penalty in PENALTIES]
        best = self._best(models, tune)
        said = []
        for x, _ in self._pieces(test, "predicting"):
            each = np.stack([model(x) for model in models])
            said.append(each[best, :, np.arange(len(best))].T)
        return np.concatenate(said)

    def _best(self, models: list[Linear], tune: Windows) -> npt.NDArray[np.int64]:
        """Return which model errs least (K,), track by track."""
        errors = np.zeros((len(models), len(tune.sizes.tracks)))
        for x, y in self._pieces(tune, "choosing penalties"):
            for number, model in enumerate(models):
                errors[number] += np.nansum((model(x) - y) ** 2, axis=0)
        return np.asarray(errors.argmin(axis=0))

    def _pieces(self, windows: Windows, what: str) -> Iterator[tuple[Singles, Singles]]:
        pieces = [np.arange(low, min(low + _AT_ONCE, len(windows))) for low in range(0, len(windows), _AT_ONCE)]
        for rows in track(pieces, f"{self.name}: {what}"):
            truth = windows.truth(rows)
            yield self._features(windows, rows), truth.reshape(-1, truth.shape[-1])

    def _features(self, windows: Windows, rows: npt.NDArray[np.int64]) -> Singles:
        sizes, texts = windows.sizes, windows.texts(rows)
        parts = [sequence_words(self._around(texts, windows, WIDE), PAIR)]
        if self.lengths:
            parts.append(sequence_words(self._around(texts, windows, NEAR), self.lengths))
        out = np.concatenate(parts, axis=1)
        assert len(out) == len(rows) * sizes.bins
        return out

    def _around(self, texts: list[str], windows: Windows, more: int) -> list[str]:
        sizes = windows.sizes
        starts = [sizes.crop + number * sizes.stride for number in range(sizes.bins)]
        return [text[max(0, low - more) : low + sizes.stride + more] for text in texts for low in starts]


BIN_RIVALS = {"words": BinWords("words of 2-5", (2, 3, 4, 5)), "composition": BinWords("composition", ())}
