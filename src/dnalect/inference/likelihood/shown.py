"""p(base) from a masked model that sees all bases: one pass for a whole sequence, as da Silva et al. 2025 read it.

Nothing is hidden. Of each token that covers a base, every word counts by the base that it has there: p(base) is the sum
of their probabilities, and the mean over these tokens. A word that ends before (byte pairs) says nothing of the base: a
quarter of each.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import InputError
from dnalect.core.records import Codes
from dnalect.core.reporter import track
from dnalect.inference.likelihood.kmers import LETTERS
from dnalect.inference.run import Batch, run
from dnalect.models.model import Ask, At, Model
from dnalect.tokens.bases import BASES, UNKNOWN, encode, reverse_complement
from dnalect.tokens.tokenizer import tokens_at

# Bases that are read on each side of a place.
AROUND = 64
# Sequences that are read between two steps of the bar, and numbers of words that a batch may give.
TOGETHER, NUMBERS = 128, 1 << 25
OPPOSITE = [3, 2, 1, 0]
Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Shown:
    """What a masked model says of bases that it sees. batch: most sequences of a forward.

    strands: 2 for the mean of ln p over both, 1 for the forward one. phases: frames of words that stand side by side.
    """

    def __init__(self, model: Model, strands: int = 2, phases: int = 1, batch: int | None = None):
        self.model, self.phases, self.batch = model, phases, batch
        # Of the others both strands say the same.
        self.strands = strands if model.can.strands == "one" else 1

    def substituted(self, codes: Codes, start: int, end: int) -> npt.NDArray[np.float32]:
        """Return ln p (n, 4, n, 4) of the bases of [start, end), after each became each of four: see `Strategy`.

        Up to AROUND bases on each side are read. Raises InputError for a place that is longer than the context.
        """
        count, room = end - start, self.model.can.context_bases - (end - start)
        if room < 0:
            told = f"{self.model.card.id} reads {self.model.can.context_bases:,} bases at once"
            raise InputError(f"{told}, and the place has {count:,}: name a shorter one")
        low, high = max(0, start - min(AROUND, room // 2)), end + min(AROUND, room // 2)
        window, first = codes[low:high], start - low
        known = np.flatnonzero(window[first : first + count] != UNKNOWN)
        spots = [(int(row), base) for row in known for base in range(4) if base != window[first + row]]
        sequences = np.tile(window, (1 + len(spots), 1))
        for number, (row, base) in enumerate(spots, 1):
            sequences[number, first + row] = base
        parts = np.array_split(sequences, -(-len(sequences) // TOGETHER))
        logs = [self.log_probs(part, first, first + count) for part in track(parts, "substituting bases", "parts")]
        whole = np.concatenate([each.astype(np.float32) for each in logs])
        out = np.tile(whole[0], (count, 4, 1, 1))
        for log_p, (row, base) in zip(whole[1:], spots, strict=True):
            out[row, base] = log_p
        return out

    def log_probs(self, windows: Codes, start: int, end: int) -> Floats:
        """Return ln p (n, m, 4) of the m bases of [start, end) of windows (n, L); ln 1/4 where no word holds one."""
        length, seen = windows.shape[1], []
        for strand in range(self.strands):
            turned = reverse_complement(windows) if strand else windows
            low, high = (length - end, length - start) if strand else (start, end)
            for phase in range(self.phases):
                cut = min(phase, low)
                log_p = np.log(self._frame(turned[:, cut:], low - cut, high - cut))
                seen.append(log_p[:, ::-1, OPPOSITE] if strand else log_p)
        mean = np.mean(seen, axis=0)
        return np.asarray(mean - np.logaddexp.reduce(mean, axis=-1, keepdims=True))

    def _frame(self, windows: Codes, start: int, end: int) -> Floats:
        """Return p (n, m, 4), of one strand and frame of words."""
        count, encoding = end - start, self.model.tokenizer.encode(LETTERS[windows])
        ranges = tokens_at(encoding, windows.shape[1])[:, start:end].reshape(-1, 2)
        sizes = ranges[:, 1] - ranges[:, 0]
        # A row a base and token that covers it.
        at = np.repeat(np.arange(len(ranges)), sizes)
        columns = np.arange(len(at)) + np.repeat(ranges[:, 0] - np.cumsum(sizes) + sizes, sizes)
        spells = self._spells[encoding.input_ids[at // count, columns]]
        at, columns = at[spells], columns[spells]
        owner, base = at // count, at % count
        offset = start + base - encoding.spans[owner, columns, 0]
        tokens, number = np.unique(owner * encoding.input_ids.shape[1] + columns, return_inverse=True)
        rows, asked = np.divmod(tokens, encoding.input_ids.shape[1])
        firsts, pairs = (np.searchsorted(each, np.arange(len(windows) + 1)) for each in (rows, owner))
        table = self._table(int(offset.max(initial=0)) + 1)
        out = np.full((len(windows), count, 4), 0.25)

        def keep(batch: Batch) -> None:
            assert isinstance(batch.ask.logits, At)
            shares = _shares(batch.output.logits, self._words[0], table)
            edges = np.searchsorted(batch.ask.logits.rows, np.arange(len(batch.encoding.input_ids) + 1))
            for window, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
                mine = slice(*pairs[window : window + 2])
                picked = shares[edges[row] : edges[row + 1]][number[mine] - firsts[window], offset[mine]]
                total = np.zeros((count, 4))
                np.add.at(total, base[mine], picked)
                held = total.any(axis=1)
                out[window, held] = total[held] / total[held].sum(axis=1, keepdims=True)

        most = max(1, NUMBERS * len(windows) // max(1, len(tokens) * len(self.model.tokenizer)))
        run(self.model, encoding, Ask(logits=At(rows, asked)), keep, rows=min(most, self.batch or most))
        return np.asarray(np.maximum(out, np.finfo(np.float64).tiny))

    @cached_property
    def _words(self) -> tuple[Ids, npt.NDArray[np.uint8]]:
        """Ids of the words of bases (W,), and their codes (W, K), UNKNOWN beyond their end."""
        words = self.model.tokenizer.words
        ids = [number for number, word in enumerate(words) if word and set(word) <= set(BASES)]
        longest = max(len(words[number]) for number in ids)
        return np.array(ids), np.stack([encode(words[number].ljust(longest, "N")) for number in ids])

    @cached_property
    def _spells(self) -> npt.NDArray[np.bool_]:
        """Which ids are words of bases (V,)."""
        return np.isin(np.arange(self.model.can.words), self._words[0])

    def _table(self, places: int) -> Tensor:
        """What each word says of its first places (W, places, 4): 0 or 1 of the base, beyond its end a quarter."""
        codes = torch.from_numpy(self._words[1][:, :places].astype(np.int64))[..., None]
        return torch.where(codes == UNKNOWN, 0.25, (codes == torch.arange(4)).float()).to(self.model.device)


def _shares(logits: Tensor, ids: Ids, table: Tensor) -> Floats:
    """Return p (m, places, 4) of bases at places of m tokens, of logits (m, V)."""
    words = logits[:, torch.from_numpy(ids).to(logits.device)].softmax(-1)
    return np.asarray((words @ table.flatten(1)).view(-1, *table.shape[1:]).double().cpu().numpy())
