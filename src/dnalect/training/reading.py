"""Windows of a corpus as a model reads them: its tokens, what each weighs, and the species that they begin with."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.tokens.species import SpeciesKmers
from dnalect.tokens.tokenizer import Tokenizer
from dnalect.training.corpus import Batch

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)


class Reader:
    """Windows to tokens. species: of each genome, for a tokenizer that begins with one."""

    def __init__(self, tokenizer: Tokenizer, species: Sequence[str] = ()):
        self.tokenizer = tokenizer
        begun = isinstance(tokenizer, SpeciesKmers) and len(species) > 1
        self.first = np.array([tokenizer.index[name] for name in species]) if begun else None

    def __call__(self, batch: Batch) -> Encoding:
        """Return the tokens of the windows of a batch, each cut to its length."""
        encoding = self.tokenizer.encode(_texts(batch))
        if self.first is not None:
            assert batch.places is not None
            # Right behind [CLS].
            encoding.input_ids[:, 1] = self.first[batch.places[:, 0]]
        return encoding


def _texts(batch: Batch) -> list[npt.NDArray[np.uint8]]:
    texts = list(LETTERS[batch.target])
    if batch.lengths is None:
        return texts
    return [text[:length] for text, length in zip(texts, batch.lengths.tolist(), strict=True)]


def summed(
    weight: npt.NDArray[np.float32], spans: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Return the summed weight of the bases of each token, and how many they are (m,) each.

    weight (B, L): of the bases of windows. spans (m, 2): the bases of each token. rows (m,): its window.
    """
    sums = np.pad(np.cumsum(weight, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    low, high = spans.T
    return sums[rows, high] - sums[rows, low], high - low
