"""How likely a causal model says whole windows are, and a base after those to its left."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import ModelError
from dnalect.core.records import Codes
from dnalect.core.reporter import Phase, phase
from dnalect.genome.windows.junctions import Joint
from dnalect.inference.run import TOKENS, Batch, run
from dnalect.models.model import LOGITS, Ask, At, Model
from dnalect.tokens.bases import UNKNOWN, decode, reverse_complement
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.sixmers import SixMers

# Bases changed at once that a window leaves room for.
LONGEST_MNV = 16
# Logits of a batch: half a GB of them, however many words there are.
MOST_LOGITS = 1 << 27
OPPOSITE = [3, 2, 1, 0]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Causal:
    """The likelihoods of a model of this kind: see `Strategy`.

    flank: bases on each side of an allele, by default half of what the model reads or 256. batch: most windows of a
    forward. strands: 2 for the mean over both, 1 for the forward strand. phases: frames of words of a fixed length, 1
    to that length.
    """

    given: Literal["left"] = "left"

    def __init__(
        self,
        model: Model,
        batch: int | None = None,
        flank: int | None = None,
        strands: int = 2,
        phases: int | None = None,
    ):
        self.model, self.batch, self.ways = model, batch, strands
        self.flank = flank or max(1, min(256, (model.can.context_bases - LONGEST_MNV) // 2))
        self.paired = isinstance(model.tokenizer, BytePairs)
        self.words = model.tokenizer if isinstance(model.tokenizer, SixMers) else None
        self.phases = (phases or self.words.k) if self.words else 1

    def ratios(self, reference: Sequence[Codes], alternate: Sequence[Codes]) -> Floats:
        """Return ln p(alternate window) - ln p(reference window) (n, views), of every strand and frame.

        reference, alternate: n windows each. Unknown bases add nothing; pairs of haplotypes should have none.
        """
        windows = [*reference, *alternate]
        turned = [windows, [reverse_complement(codes) for codes in windows]][: self.ways]
        views = [[codes[frame:] for codes in each] for each in turned for frame in range(self.phases)]
        flat = [codes for each in views for codes in each]
        totals = self.totals(flat, phase("whole windows", len(flat), "windows")).reshape(len(views), 2, -1)
        return np.asarray((totals[:, 1] - totals[:, 0]).T)

    def ratio(self, reference: Sequence[Codes], alternate: Sequence[Codes], background: Floats) -> Floats:
        """Return how much likelier the alternate haplotypes are (n,), beside what the background says of their bases.

        That differs where the haplotypes have different lengths or bases; of the flanks, which both have, it is alike.
        """
        return np.asarray(self.ratios(reference, alternate).mean(axis=1) - by_chance(reference, alternate, background))

    def joined(self, joints: Sequence[Joint]) -> Floats:
        """Return what the kept bases on the left and the right of each joint gain (n, 2): ln p of all of a side.

        The right side is read after what comes before it on the forward strand, the left one on the other strand.
        """
        windows: list[Codes] = []
        places: list[tuple[int, int]] = []
        for number, joint in enumerate(joints):
            for side, reference in enumerate((joint.before, joint.after)):
                if kept := (joint.left, joint.right)[side]:
                    pair = [codes if side else reverse_complement(codes) for codes in (joint.joined, reference)]
                    windows += [each for codes in pair for each in (codes, codes[: len(codes) - kept])]
                    places.append((number, side))
        views = [codes[frame:] for codes in windows for frame in range(self.phases)]
        totals = self.totals(views, phase("junctions", len(views), "windows")).reshape(-1, 4, self.phases).mean(axis=2)
        out = np.zeros((len(joints), 2))
        for (number, side), (new, its_start, old, old_start) in zip(places, totals.tolist(), strict=True):
            out[number, side] = (new - its_start) - (old - old_start)
        return out

    def totals(self, windows: Sequence[Codes], progress: Phase | None = None) -> Floats:
        """Return ln p (n,) of whole windows of any lengths, on the strand that is given.

        The sum over their words of ln p(word | the words before). A word with an unknown base counts nothing; the first
        word of a tokenizer that puts nothing before it is given. Of 6-mers, the last bases that make no word count by
        all words that begin with them.
        """
        found = np.zeros(len(windows))

        def keep(batch: Batch) -> None:
            spelled = self._spelled(batch)
            for number, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
                logs, ids = spelled[row]
                rest = self._rest(windows[number], logs)
                found[number] = float(ids.sum()) + rest

        texts = [decode(codes) for codes in windows]
        run(self.model, texts, LOGITS, keep, tokens=self._tokens, rows=self.batch, progress=progress)
        return found

    @property
    def _tokens(self) -> int:
        return max(1, min(TOKENS, MOST_LOGITS // self.model.can.words))

    def _spelled(self, batch: Batch) -> list[tuple[Tensor, Floats]]:
        """Of each row: ln p of every word after its last token (V,), and of each of its words, known ones only."""
        assert batch.output.logits is not None
        encoding, logits = batch.encoding, batch.output.logits
        counted = encoding.covering & ~np.isin(encoding.input_ids, self.model.tokenizer.unknown_ids)
        ids = torch.from_numpy(np.ascontiguousarray(encoding.input_ids[:, 1:], dtype=np.int64)).to(logits.device)
        # Not log_softmax of all: one row of words at a time is enough.
        picked = logits[:, :-1].gather(-1, ids[..., None])[..., 0] - logits[:, :-1].logsumexp(-1)
        values = picked.cpu().numpy().astype(np.float64)
        out = []
        for row, mask in enumerate(encoding.attention_mask):
            last = int(np.flatnonzero(mask).max(initial=0))
            out.append((logits[row, last], values[row][counted[row, 1:]]))
        return out

    def _rest(self, codes: Codes, logits: Tensor) -> float:
        """ln p of the bases that are too few for a word: of all words that begin with them."""
        over = len(codes) % self.words.k if self.words else 0
        if not self.words or not over or (codes[-over:] == UNKNOWN).any():
            return 0.0
        first, last = self.words.beginning(decode(codes[-over:]))
        return float(logits[first:last].logsumexp(-1) - logits.logsumexp(-1))

    def log_probs(self, windows: Sequence[Codes], sites: Ints) -> Floats:
        """Return ln p(base | the bases before it) (m, 4) at one site of each window, normalised over the four bases.

        Of words of several bases, a site is asked for as the last base of a window that ends there: by the likelihoods
        of the four windows.
        """
        return self._one_sided([codes[: site + 1] for codes, site in zip(windows, sites.tolist(), strict=True)])

    def every(self, codes: Codes, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Return ln p (L, 4) of the wanted bases of a sequence, after up to the context before them."""
        out = np.full((len(codes), 4), np.log(0.25), dtype=np.float32)
        sites = np.flatnonzero(wanted & (codes != UNKNOWN))
        if self.whole:
            self._along(codes, sites, out)
        elif len(sites):
            lows = np.maximum(0, sites + 1 - self.model.can.context_bases)
            out[sites] = self._one_sided([codes[low : site + 1] for low, site in zip(lows, sites, strict=True)])
        return out

    def within(self, windows: Codes) -> npt.NDArray[np.float32]:
        """Return ln p (n, L, 4) of every base of windows (n, L), after those before it; of unknown ones ln 1/4."""
        self.model.encode([decode(windows[0])])  # which refuses what is too long
        return np.stack([self.every(codes, codes != UNKNOWN) for codes in windows])

    def both_sides(self, codes: Codes, sites: Ints) -> npt.NDArray[np.float32]:
        """Return ln p (m, 4) of a base after those on its left and, on the other strand, after those on its right.

        The mean of both, normalised. It is not p(base | the rest): neither strand reads both sides at once.
        """
        middle = self.each_side(codes, sites).mean(axis=1)
        return np.asarray(middle - np.logaddexp.reduce(middle, axis=1, keepdims=True), dtype=np.float32)

    def each_side(self, codes: Codes, sites: Ints) -> npt.NDArray[np.float32]:
        """Return ln p (m, strands, 4) of a base after those on its left and, on the other strand, on its right."""
        length, seen = len(codes), []
        for way in range(self.ways):
            wanted = np.zeros(length, dtype=np.bool_)
            wanted[length - 1 - sites if way else sites] = True
            logs = self.every(reverse_complement(codes) if way else codes, wanted)
            seen.append(logs[::-1][:, OPPOSITE][sites] if way else logs[sites])
        return np.stack(seen, axis=1)

    def substituted(self, codes: Codes, start: int, end: int, hidden: bool = False) -> npt.NDArray[np.float32]:
        """Raise ModelError: how the bases on both sides depend on each other is nothing that such a model says."""
        raise one_sided(self.model)

    @property
    def whole(self) -> bool:
        """Whether one pass gives every base of a window: where a base is a token."""
        return not self.words and not self.paired

    def _along(self, codes: Codes, sites: Ints, out: npt.NDArray[np.float32]) -> None:
        """Fill in ln p of sites, windows of the context's length after each other, each half read before it counts."""
        context, index = self.model.can.context_bases, self.model.tokenizer.index
        half = max(1, context // 2)
        starts = [0]
        while starts[-1] + context < len(codes):
            starts.append(starts[-1] + half)
        four = torch.tensor([index[base] for base in "ACGT"])
        begun = len(self.model.tokenizer.head)
        parts: list[Ints] = []
        for number, low in enumerate(starts):
            first = low + half if number else 0
            last = starts[number + 1] + half if number + 1 < len(starts) else len(codes)
            mine = sites[(sites >= first) & (sites < last)]
            # Without a token before it, nothing is said of the first base.
            parts.append(mine[mine - low + begun > 0])
        rows = np.repeat(np.arange(len(starts)), [*map(len, parts)])
        columns = np.concatenate([part - low + begun - 1 for part, low in zip(parts, starts, strict=True)])
        flat = np.concatenate(parts)
        edges = np.searchsorted(rows, np.arange(len(starts) + 1))

        def keep(batch: Batch) -> None:
            assert batch.output.logits is not None
            assert isinstance(batch.ask.logits, At)
            logs = torch.log_softmax(batch.output.logits[:, four.to(batch.output.logits.device)], -1).cpu().numpy()
            mine = np.searchsorted(batch.ask.logits.rows, np.arange(len(batch.encoding.input_ids) + 1))
            for number, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
                out[flat[edges[number] : edges[number + 1]]] = logs[mine[row] : mine[row + 1]]

        if len(flat):
            texts = [decode(codes[low : low + context]) for low in starts]
            run(self.model, texts, Ask(logits=At(rows, columns)), keep, rows=self.batch)

    def _one_sided(self, windows: Sequence[Codes]) -> Floats:
        """Return ln p (m, 4) of the last base of each window."""
        spelled = []
        for codes in windows:
            for base in range(4):
                new = codes.copy()
                new[-1] = base
                spelled.append(new)
        totals = self.totals(spelled).reshape(-1, 4)
        return np.asarray(totals - np.logaddexp.reduce(totals, axis=1, keepdims=True))


def by_chance(reference: Sequence[Codes], alternate: Sequence[Codes], background: Floats) -> Floats:
    """Return how much likelier the alternate bases are (n,) where every base is drawn by itself."""
    pairs = zip(reference, alternate, strict=True)
    return np.array([background[alt].sum() - background[ref].sum() for ref, alt in pairs])


def one_sided(model: Model) -> ModelError:
    """The error for what needs p(base | all others), asked of a causal model."""
    return ModelError(
        f"{model.card.id} is a causal model: it says p(base | the bases before it), not p(base | all others), which "
        "this needs. dnalect score compares whole windows with it; a duplex or a masked model answers this question"
    )
