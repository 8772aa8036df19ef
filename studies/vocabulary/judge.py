"""Predicting the next bases: windows of a genome, a small model on any tokenizer, and its trivial rivals."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect import ConfigError
from dnalect.core import Codes
from dnalect.tokens import BASES, UNKNOWN, Tokenizer, reverse_complement
from dnalect.training import Course, fit

CONTEXT, AHEAD = 50, 6
SHORTEST = 2
BATCH = 256
KS = tuple(range(SHORTEST, AHEAD + 1))
_LETTERS = np.frombuffer(BASES.encode(), dtype=np.uint8)
_CHUNK, _BLOCK = 2048, 10_000
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """Folders of contigs without N around them.

    codes: (n, 56), 50 bases and the 6 after them, in A, C, G, T order. blocks: (n,) number of
    the 10,000 bases that each lies in.
    """

    codes: Codes
    blocks: npt.NDArray[np.int64]

    @property
    def before(self) -> npt.NDArray[np.uint8]:
        """The 50 bases as letters (n, 50)."""
        return np.asarray(_LETTERS[self.codes[:, :CONTEXT]])

    def target(self, k: int) -> npt.NDArray[np.int64]:
        """Numbers (n,) of the k-mers that follow, first base slowest."""
        number = np.zeros(len(self.codes), dtype=np.int64)
        for offset in range(k):
            number = number * 4 + self.codes[:, CONTEXT + offset]
        return number


def draw_windows(contigs: Sequence[Codes], count: int, rng: np.random.Generator, what: str) -> Windows:
    """Draw windows evenly from all places without N, either strand, in random order; with replacement.

    Raises ConfigError where there is no such place.
    """
    places = [_places(codes) for codes in contigs]
    begins = np.cumsum([0, *map(len, places)])
    if not begins[-1]:
        raise ConfigError(f"no {CONTEXT + AHEAD} bases without N stand together in {what}")
    joined, blocks, first = [], [], 0
    chosen = np.sort(rng.integers(0, begins[-1], count))
    for number, codes in enumerate(contigs):
        mine = chosen[(chosen >= begins[number]) & (chosen < begins[number + 1])] - begins[number]
        at = places[number][mine]
        if len(at):
            joined.append(np.lib.stride_tricks.sliding_window_view(codes, CONTEXT + AHEAD)[at])
            blocks.append(first + at // _BLOCK)
        first += len(codes) // _BLOCK + 1
    rows = np.concatenate(joined)
    turned = rng.random(len(rows)) < 0.5
    rows[turned] = reverse_complement(rows[turned])
    order = rng.permutation(len(rows))
    return Windows(rows[order], np.concatenate(blocks)[order])


def _places(codes: Codes) -> npt.NDArray[np.int64]:
    """Where a window without N begins."""
    strange = np.concatenate([[0], np.cumsum(codes == UNKNOWN)])
    size = CONTEXT + AHEAD
    return np.flatnonzero(strange[size:] == strange[:-size]) if len(codes) >= size else np.zeros(0, dtype=np.int64)


def shorter(log_probs: Tensor) -> list[Tensor]:
    """Return ln p of the next 2, 3, ... 6 bases from that of the next 6 (n, 4096)."""
    out = [log_probs]
    while out[0].shape[1] > 4**SHORTEST:
        out.insert(0, torch.logsumexp(out[0].reshape(len(log_probs), -1, 4), -1))
    return out


class NextBases(nn.Module):
    """A small transformer over the tokens of 50 bases: ln p of the 4096 6-mers that can follow.

    Tokens are numbered from the right, where the prediction is made, so that the same place
    means the same distance whatever the number of tokens.
    """

    def __init__(self, words: int, width: int = 64, layers: int = 2, heads: int = 4):
        super().__init__()
        self.heads = heads
        self.embed = nn.Embedding(words, width)
        self.place = nn.Embedding(CONTEXT, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2 * layers + 1))
        self.query = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.pair = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(layers))
        self.join = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.up = nn.ModuleList(nn.Linear(width, 4 * width) for _ in range(layers))
        self.down = nn.ModuleList(nn.Linear(4 * width, width) for _ in range(layers))
        self.head = nn.Linear(width, 4**AHEAD)
        for embedding in (self.embed, self.place):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, ids: Tensor, known: Tensor) -> Tensor:
        """Return (n, 4096). ids: (n, T), padded on the left. known: (n, T), False for padding."""
        length = ids.shape[1]
        x = self.embed(ids) + self.place(torch.arange(length - 1, -1, -1, device=ids.device))
        visible = known[:, None, None, :]
        last = len(self.query) - 1
        for layer, (query, pair, join, up, down) in enumerate(
            zip(self.query, self.pair, self.join, self.up, self.down, strict=True)
        ):
            read = self.norms[2 * layer](x)
            if layer == last:
                # Only the token before the place is asked for a prediction.
                x = x[:, -1:]
            keys, values = self._heads(pair(read), 2)
            (queries,) = self._heads(query(read[:, -x.shape[1] :]), 1)
            mixed = F.scaled_dot_product_attention(queries, keys, values, attn_mask=visible)
            x = x + join(mixed.transpose(1, 2).flatten(2))
            x = x + down(F.gelu(up(self.norms[2 * layer + 1](x))))
        return F.log_softmax(self.head(self.norms[-1](x[:, -1])), -1)

    def _heads(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """Split (n, T, parts * C) into parts of (n, heads, T, C / heads)."""
        return x.reshape(*x.shape[:2], parts, self.heads, -1).permute(2, 0, 3, 1, 4).unbind()


def tokens_of(tokenizer: Tokenizer, windows: Windows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return ids (n, T) of the 50 bases, padded on the left, and which are no padding.

    Only the bases before the place are tokenized: where a token ends would tell what follows.
    """
    encoding = tokenizer.encode(windows.before, special=False)
    length = encoding.input_ids.shape[1]
    shift = length - encoding.attention_mask.sum(axis=1)
    columns = np.arange(length) - shift[:, None]
    ids = np.take_along_axis(encoding.input_ids, np.maximum(columns, 0), axis=1)
    return ids, columns >= 0


def train_model(tokenizer: Tokenizer, train: Windows, steps: int, seed: int) -> NextBases:
    """Train on windows in their order, 256 a step; the loss is the mean over k = 2 to 6."""
    torch.manual_seed(seed)
    model = NextBases(len(tokenizer.words))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, steps // 20)
    targets = [torch.from_numpy(train.target(k)) for k in KS]

    def batches(step: int) -> Iterator[list[npt.NDArray[np.int64]]]:
        return ([np.arange(n * BATCH, (n + 1) * BATCH) % len(train.codes)] for n in range(step, steps))

    def loss(rows: npt.NDArray[np.int64]) -> Tensor:
        ids, known = tokens_of(tokenizer, Windows(train.codes[rows], train.blocks[rows]))
        log_probs = shorter(model(torch.from_numpy(ids), torch.from_numpy(known)))
        each = [F.nll_loss(mine, target[rows]) for mine, target in zip(log_probs, targets, strict=True)]
        return torch.stack(each).mean()

    def share(step: int) -> float:
        return min((step + 1) / warm, 0.02 + 0.98 * (1 - step / steps))

    fit(model, batches, loss, Course([optimiser], steps, share, clip=1.0))
    return model


@torch.inference_mode()
def model_log_probs(model: NextBases, tokenizer: Tokenizer, windows: Windows) -> Floats:
    """Return ln p (n, 4096) of the 6-mers after each window."""
    ids, known = tokens_of(tokenizer, windows)
    return model(torch.from_numpy(ids), torch.from_numpy(known)).numpy()  # type: ignore[no-any-return]


class Markov:
    """The next base from the n before it, and with them the next six; n = 0: the base frequencies.

    Counts of both strands; each order is blended with the shorter one, which weighs like 16
    observations.
    """

    def __init__(self, contigs: Sequence[Codes], longest: int):
        self.longest = longest
        blend = np.full((1, 4), 0.25)
        self.tables = []
        for order in range(longest + 1):
            counts = np.zeros((4**order, 4))
            for codes in (way for each in contigs for way in (each, reverse_complement(each))):
                counts += _base_counts(codes, order + 1).reshape(-1, 4)
            blend = np.tile(blend, (4, 1)) if order else blend
            blend = (counts + 16 * blend) / (counts.sum(axis=1, keepdims=True) + 16)
            self.tables.append(np.log(blend).astype(np.float32))

    def log_probs(self, order: int, windows: Windows) -> Floats:
        """Return ln p (n, 4096) of the 6-mers after each window."""
        last = windows.codes[:, CONTEXT - order : CONTEXT]
        state = np.zeros((len(last), 1), dtype=np.int64)
        for column in range(order):
            state = state * 4 + last[:, column : column + 1]
        out = np.zeros((len(last), 1), dtype=np.float32)
        for _ in range(AHEAD):
            out = (out[:, :, None] + self.tables[order][state]).reshape(len(last), -1)
            state = ((state[:, :, None] * 4 + np.arange(4)) % 4**order).reshape(len(last), -1)
        return out


def _base_counts(codes: Codes, k: int) -> npt.NDArray[np.int64]:
    width = max(0, len(codes) - k + 1)
    numbers, known = np.zeros(width, dtype=np.int32), np.ones(width, dtype=np.bool_)
    for offset in range(k):
        part = codes[offset : offset + width]
        known &= part != UNKNOWN
        numbers = numbers * 4 + (part & 3)
    return np.bincount(numbers[known], minlength=4**k)


class MostFrequent:
    """The same for every window: how often each 6-mer occurs on either strand."""

    def __init__(self, contigs: Sequence[Codes]):
        counts = np.ones(4**AHEAD)
        for codes in (way for each in contigs for way in (each, reverse_complement(each))):
            counts += _base_counts(codes, AHEAD)
        self.table = np.log(counts / counts.sum()).astype(np.float32)

    def log_probs(self, windows: Windows) -> Floats:
        """Return ln p (n, 4096)."""
        return np.broadcast_to(self.table, (len(windows.codes), len(self.table)))


@dataclass(frozen=True)
class Marks:
    """How each window was predicted. bits: (n, 5) a base of the next k; hits: (n, 5), 1 if the likeliest came."""

    bits: Floats
    hits: Floats


def mark(predict: Callable[[Windows], Floats], windows: Windows) -> Marks:
    """Compare predictions with what follows, part by part."""
    bits, hits = (np.zeros((len(windows.codes), len(KS)), dtype=np.float32) for _ in range(2))
    for low in range(0, len(windows.codes), _CHUNK):
        rows = slice(low, low + _CHUNK)
        part = Windows(windows.codes[rows], windows.blocks[rows])
        for column, log_probs in enumerate(shorter(torch.from_numpy(np.ascontiguousarray(predict(part))))):
            k, target = KS[column], torch.from_numpy(part.target(KS[column]))
            own = log_probs.gather(1, target[:, None])[:, 0]
            bits[rows, column] = (-own / (k * np.log(2))).numpy()
            hits[rows, column] = (log_probs.argmax(1) == target).float().numpy()
    return Marks(bits, hits)
