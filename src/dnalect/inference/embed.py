"""Sequences as vectors: the hidden states of a model, pooled over each sequence or spread to its bases.

Shapes: n sequences, T tokens, C channels (`model.can.width`), L bases.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.records import Encoding
from dnalect.core.reporter import phase
from dnalect.genome.windows.alleles import SPECIAL_TOKENS
from dnalect.inference.batches import by_length
from dnalect.models.model import Model, Named
from dnalect.models.pooled import POOLS, Reading, check_reading, pool_states, symmetric
from dnalect.models.registry import load
from dnalect.tokens.bases import decode, encode, opposite, texts
from dnalect.tokens.tokenizer import tokens_at

BATCH = 32
# Pieces that are turned into tokens at once.
BLOCK = 256
Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def embed(
    model: Named,
    sequences: str | Sequence[str],
    pool: str = "mean",
    layer: int | None = None,
    strands: int = 1,
    batch: int = BATCH,
    quiet: bool = False,
) -> Floats:
    """Return one vector a sequence: (n, C) float32, in order; (n, 2 * C) for "mean-max".

    model: a name, a folder, or what `dnalect.load` gave; of a fine-tuned predictor, its language model.
    sequences: texts of any length, a text by itself being one sequence; other letters than A, C, G, T count as N.
    pool: "mean", every token that covers bases counting once; "max" over these tokens;
    "mean-max", both side by side; "summary", the state of the special token at the beginning.
    layer: 0 for the embedding, 1 to `model.can.layers`, None for the last, after its norm.
    strands: 1, or 2 for the mean of the vectors of the sequence and of its reverse complement.
    The halves of a duplex model, one a strand, change places in the reverse complement, so over
    both strands its halves are equal. batch: sequences a forward; numbers depend on it by
    rounding only. quiet: no progress bar, which else is shown on a terminal.

    A sequence longer than the model's context is cut into the fewest adjacent pieces of near-equal
    length and pooled over the tokens of all. A sequence of which no token covers a base (empty,
    or N only where the model drops it) is the zero vector. Equal sequences are read once.
    Raises ConfigError for another pool or strands, ModelError for a layer or a summary token that
    the model doesn't have, InputError for a summary of more than one piece.
    """
    if pool not in POOLS:
        raise ConfigError(f"there is no pool {pool!r}: give one of {', '.join(POOLS)}, or use per_base")
    reader = _reader(model, Reading(pool, layer, strands))
    pieces = [_pieces(reader, text) for text in _texts(sequences)]
    if pool == "summary" and (longest := max(map(len, pieces), default=1)) > 1:
        raise InputError(
            f"a sequence needs {longest} windows of {reader.card.id}, and a summary token is of one: "
            f"cut the sequences to {reader.can.context_bases:,} bases, or pool with mean or max"
        )
    views = _views(reader, pieces, strands)
    distinct = _numbered(views)
    vectors = np.zeros((len(distinct), Reading(pool).width(reader.can.width)), dtype=np.float32)
    counts = np.zeros(len(distinct), dtype=np.int64)
    for rows, encoding, states in _passes(reader, list(distinct), layer, batch, quiet):
        vectors[rows] = pool_states(states, encoding, pool).cpu().numpy()
        counts[rows] = _covering(encoding).sum(axis=1)
    out = np.zeros((len(pieces), vectors.shape[1]), dtype=np.float32)
    for view in views:
        for row, parts in enumerate(view):
            numbers = [distinct[text] for text in parts]
            out[row] += _joined(vectors[numbers], counts[numbers], pool)
    out /= np.float32(len(views))
    return symmetric(out, reader.can.width) if len(views) < strands else out


def per_base(
    model: Named,
    sequences: str | Sequence[str],
    layer: int | None = None,
    strands: int = 1,
    batch: int = BATCH,
    quiet: bool = False,
) -> list[Floats]:
    """Return a vector for every base: n arrays (L, C) float32.

    A base has the state of the token that covers it; of several (overlapping k-mers), their mean;
    of none (N that a tokenizer drops; N at the ends, for a duplex model), zeros. strands: 2 for the
    mean with the reverse complement, turned back to the order of the sequence, over the strands
    that have a vector there. Long sequences, the other parameters and the errors are as in `embed`.
    """
    reader = _reader(model, Reading("mean", layer, strands))
    pieces = [_pieces(reader, text) for text in _texts(sequences)]
    views = _views(reader, pieces, strands)
    distinct = _numbered(views)
    texts = list(distinct)
    spread = [np.zeros((len(text), reader.can.width), dtype=np.float32) for text in texts]
    known = [np.zeros(len(text), dtype=np.bool_) for text in texts]
    for rows, encoding, states in _passes(reader, texts, layer, batch, quiet):
        ranges = tokens_at(encoding, max(len(texts[row]) for row in rows.tolist()))
        for row, state, at in zip(rows.tolist(), states.float().cpu().numpy(), ranges, strict=True):
            spread[row], known[row] = _spread(state, at[: len(texts[row])])
    out = []
    for number in range(len(pieces)):
        total = np.zeros((sum(map(len, pieces[number])), reader.can.width), dtype=np.float32)
        seen = np.zeros((len(total), 1), dtype=np.float32)
        for view, turn in zip(views, (1, -1), strict=False):
            at = [distinct[text] for text in view[number]]
            total += np.concatenate([spread[row][::turn] for row in at])
            seen += np.concatenate([known[row][::turn] for row in at])[:, None]
        mean: Floats = (total / np.maximum(seen, 1)).astype(np.float32)
        out.append(symmetric(mean, reader.can.width) if len(views) < strands else mean)
    return out


def _reader(model: Named, reading: Reading) -> Model:
    loaded = load(model)
    base = loaded.language
    check_reading(base, reading)
    return base


def _texts(sequences: str | Sequence[str]) -> list[str]:
    return [decode(encode(each)) for each in texts(sequences)]


def _pieces(model: Model, text: str) -> list[str]:
    """Return a sequence in the fewest near-equal pieces that the model surely takes, at least one."""
    pieces = _cut(text, model.can.context_bases)
    if model.can.positions is None or "N" not in text:
        return pieces
    # Words begin anew at N: such a piece may need a token for every base.
    room = max(1, model.can.positions - SPECIAL_TOKENS)
    return [part for each in pieces for part in (_cut(each, room) if _crowded(model, each, room) else [each])]


def _crowded(model: Model, text: str, room: int) -> bool:
    if len(text) <= room or "N" not in text:
        return False
    return bool(model.tokenizer.encode([text]).input_ids.shape[1] > (model.can.positions or 0))


def _cut(text: str, longest: int) -> list[str]:
    count = max(1, -(-len(text) // longest))
    edges = [number * len(text) // count for number in range(count + 1)]
    return [text[low:high] for low, high in pairwise(edges)]


def _views(model: Model, pieces: list[list[str]], strands: int) -> list[list[list[str]]]:
    """Return the pieces, and for both strands their reverse complements, in the order of the pieces.

    A duplex model has read both strands in one pass: see `symmetric`.
    """
    if strands == 1 or model.can.strands == "halves":
        return [pieces]
    return [pieces, [[opposite(text) for text in texts] for texts in pieces]]


def _numbered(views: list[list[list[str]]]) -> dict[str, int]:
    every = (text for view in views for texts in view for text in texts)
    return {text: number for number, text in enumerate(dict.fromkeys(every))}


def _passes(
    model: Model, texts: Sequence[str], layer: int | None, batch: int, quiet: bool
) -> Iterator[tuple[Numbers, Encoding, Tensor]]:
    """Yield (which texts (B,), encoding, states (B, T, C)) in batches of like length.

    Texts of which no token covers a base are left out: a network may give NaN for them.
    """
    order = np.argsort([len(text) for text in texts], kind="stable")
    with phase("embedding", len(texts), "sequences", quiet=quiet) as bar:
        for low in range(0, len(order), BLOCK):
            block = order[low : low + BLOCK]
            whole = model.encode([texts[row] for row in block.tolist()])
            held = np.flatnonzero(_covering(whole).any(axis=1))
            lengths = (whole.attention_mask * np.arange(1, whole.input_ids.shape[1] + 1)).max(axis=1, initial=0)
            for part in by_length(lengths[held], batch):
                rows = held[part]
                width = int(lengths[rows].max())
                ids, mask, spans = whole.input_ids, whole.attention_mask, whole.spans
                encoding = Encoding(ids[rows, :width], mask[rows, :width], spans[rows, :width])
                with torch.inference_mode():
                    states = model.states(encoding, layer)
                yield block[rows], encoding, states
            bar.update(len(block))


def _covering(encoding: Encoding) -> Mask:
    """Which tokens cover bases (n, T)."""
    return np.asarray(encoding.spans[..., 1] > encoding.spans[..., 0])


def _joined(vectors: Floats, counts: Numbers, pool: str) -> Floats:
    """Return the vector (P,) of a sequence from those of its pieces (k, P). counts: tokens that they pool (k,)."""
    if len(vectors) == 1 or not counts.any():
        return np.asarray(vectors[0])
    mean: Floats = np.average(vectors, axis=0, weights=counts).astype(np.float32)
    highest: Floats = vectors[counts > 0].max(axis=0)
    half = len(mean) // 2 if pool == "mean-max" else 0
    return np.concatenate([mean[:half], highest[half:]]) if half else highest if pool == "max" else mean


def _spread(states: Floats, ranges: Numbers) -> tuple[Floats, Mask]:
    """Return the vectors of bases (L, C) from those of tokens (T, C), and which bases have one (L,).

    ranges: half-open columns of the tokens that cover each base (L, 2).
    """
    first, last = ranges[:, 0], ranges[:, 1]
    count = last - first
    known = count > 0
    out = np.zeros((len(ranges), states.shape[1]), dtype=np.float32)
    if (count[known] == 1).all():
        out[known] = states[first[known]]
        return out, known
    # Differences of running sums: in double precision they are exact to the rounding of the states.
    sums = np.zeros((len(states) + 1, states.shape[1]))
    np.cumsum(states, axis=0, dtype=np.float64, out=sums[1:])
    out[known] = (sums[last[known]] - sums[first[known]]) / count[known, None]
    return out, known
