"""Sequences as vectors: the hidden states of a model, pooled over each sequence or spread to its bases.

Shapes: n sequences, T tokens, C channels (`model.can.width`), L bases.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from torch import Tensor

from dnalect.core.errors import ConfigError, InputError
from dnalect.core.reporter import phase
from dnalect.genome.windows.alleles import SPECIAL_TOKENS
from dnalect.inference.run import Batch, run
from dnalect.models.load import load
from dnalect.models.model import Ask, Model, Named
from dnalect.models.pooled import POOLS, Reading, check_reading, cut, pool_states, symmetric
from dnalect.tokens.bases import decode, encode, opposite, texts
from dnalect.tokens.tokenizer import tokens_at

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def embed(
    model: Named,
    sequences: str | Sequence[str],
    pool: str = "mean",
    layer: int | None = None,
    strands: int = 1,
    batch: int | None = None,
    quiet: bool = False,
) -> Floats:
    """Return one vector a sequence: (n, C) float32, in order; (n, 2 * C) for "mean-max".

    model: a name, a folder, or what `dnalect.load` gave; of a fine-tuned predictor, its language model.
    sequences: texts of any length, a text by itself being one sequence; IUPAC codes and gaps count as N.
    pool: "mean", every token that covers bases counting once; "max" over these tokens;
    "mean-max", both side by side; "summary", the state of the special token at the beginning.
    layer: 0 for the embedding, 1 to `model.can.layers`, None for the last, after its norm.
    strands: 1, or 2 for the mean of the vectors of the sequence and of its reverse complement.
    The halves of a duplex model, one a strand, change places in the reverse complement, so over
    both strands its halves are equal. batch: most sequences of a forward, None for as
    many as its budget of tokens holds; numbers depend on it by rounding only. quiet: no progress bar, which
    else is shown on a terminal.

    A sequence longer than the model's context is cut into the fewest adjacent pieces of near-equal
    length and pooled over the tokens of all. A sequence of which no token covers a base (empty,
    or N only where the model drops it) is the zero vector. Equal sequences are read once.
    Raises ConfigError for another pool or strands, ModelError for a layer or a summary token that
    the model doesn't have, InputError for a summary of more than one piece and for what is no sequence.
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
    views = _views(reader, [text for parts in pieces for text in parts], strands)
    vectors, counts = _pooled(reader, [text for view in views for text in view], Reading(pool, layer), batch, quiet)
    edges = np.cumsum([0, *map(len, pieces)] * len(views)).reshape(len(views), -1)
    out = np.zeros((len(pieces), vectors.shape[1]), dtype=np.float32)
    for view in edges:
        for row, (low, high) in enumerate(pairwise(view.tolist())):
            out[row] += _joined(vectors[low:high], counts[low:high], pool)
    out /= np.float32(len(views))
    return symmetric(out, reader.can.width) if len(views) < strands else out


def read_states(
    model: Model, reading: Reading, sequences: Sequence[str], batch: int | None = None, quiet: bool = True
) -> Floats:
    """Return what heads read of sequences: pooled states (n, P), averaged over strands where the reading says so.

    Of a sequence that is longer than `reading.longest` or the context the middle is read. batch, quiet: see `embed`.
    """
    views = _views(model, cut(model, reading, sequences), reading.strands)
    vectors, _ = _pooled(model, [text for view in views for text in view], reading, batch, quiet)
    mean: Floats = vectors.reshape(len(views), len(sequences), -1).mean(axis=0, dtype=np.float32)
    turned = reading.pool == "eighths"
    return symmetric(mean, model.can.width, turned) if len(views) < reading.strands else mean


def per_base(
    model: Named,
    sequences: str | Sequence[str],
    layer: int | None = None,
    strands: int = 1,
    batch: int | None = None,
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
    views = _views(reader, [text for parts in pieces for text in parts], strands)
    every = [text for view in views for text in view]
    spread = [(np.zeros((len(text), reader.can.width), np.float32), np.zeros(len(text), np.bool_)) for text in every]

    def keep(batch: Batch) -> None:
        ranges = tokens_at(batch.encoding, max(len(every[n]) for n in batch.windows.tolist()))
        states = _states(batch).cpu().numpy()
        for n, row in zip(batch.windows.tolist(), batch.rows.tolist(), strict=True):
            spread[n] = _spread(states[row], ranges[row, : len(every[n])])

    _ask(reader, every, layer, keep, batch, quiet)
    out, begin = [], 0
    for parts in pieces:
        total = np.zeros((sum(map(len, parts)), reader.can.width), dtype=np.float32)
        seen = np.zeros((len(total), 1), dtype=np.float32)
        for number, turn in zip(range(len(views)), (1, -1), strict=False):
            first = begin + number * len(views[0])
            mine = spread[first : first + len(parts)]
            total += np.concatenate([states[::turn] for states, _ in mine])
            seen += np.concatenate([known[::turn] for _, known in mine])[:, None]
        begin += len(parts)
        mean: Floats = (total / np.maximum(seen, 1)).astype(np.float32)
        out.append(symmetric(mean, reader.can.width) if len(views) < strands else mean)
    return out


def site_states(
    model: Model, sequences: Sequence[str], sites: Sequence[int], around: int = 8, batch: int | None = None
) -> npt.NDArray[np.float64]:
    """Return the mean of the last states around a site of each sequence, over both strands.

    Args:
        model: A language model.
        sequences: n texts, of any lengths up to the model's context.
        sites: (n,), 0-based.
        around: Bases: the tokens count whose middle lies so near to the beginning of the site.
        batch: Most sequences of a forward; None for as many as its budget of tokens holds.

    Returns:
        (n, C); zeros where no token lies so near.

    Raises:
        InputError: A sequence needs more tokens than the model reads.
    """
    once = model.can.strands == "halves"
    views = [(text, site) for text, site in zip(sequences, sites, strict=True)]
    if not once:
        views += [(opposite(text), len(text) - 1 - site) for text, site in views]
    means, at = np.zeros((len(views), model.can.width)), np.array([site for _, site in views])

    def keep(batch: Batch) -> None:
        spans = batch.encoding.spans[batch.rows]
        near = (np.abs(spans.mean(axis=2) - at[batch.windows, None]) <= around) & (spans[..., 1] > 0)
        sums = np.einsum("btc,bt->bc", _states(batch).cpu().numpy()[batch.rows], near)
        means[batch.windows] = sums / np.maximum(near.sum(axis=1, keepdims=True), 1)

    run(model, [text for text, _ in views], Ask(states=(None,)), keep, rows=batch)
    if once:
        return symmetric(means.astype(np.float32), model.can.width).astype(np.float64)
    return np.asarray(means.reshape(2, len(sequences), -1).mean(axis=0))


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


def _views(model: Model, texts: list[str], strands: int) -> list[list[str]]:
    """Return the texts, and for both strands their reverse complements, unless the model has read both in one pass."""
    if strands == 1 or model.can.strands == "halves":
        return [texts]
    return [texts, [opposite(text) for text in texts]]


def _ask(
    model: Model, texts: list[str], layer: int | None, keep: Callable[[Batch], None], batch: int | None, quiet: bool
) -> None:
    shown = phase("embedding", len(texts), "sequences", quiet=quiet)
    run(model, texts, Ask(states=(layer,)), keep, rows=batch, progress=shown)


def _pooled(model: Model, texts: list[str], reading: Reading, batch: int | None, quiet: bool) -> tuple[Floats, Numbers]:
    """Return pooled states (n, P), zeros where no token covers a base, and how many do (n,)."""
    vectors = np.zeros((len(texts), reading.width(model.can.width)), dtype=np.float32)
    counts = np.zeros(len(texts), dtype=np.int64)

    def keep(batch: Batch) -> None:
        covering = batch.encoding.covering.sum(axis=1)
        pooled = pool_states(_states(batch), batch.encoding, reading.pool).cpu().numpy()
        # A network may give NaN for a window of which it reads nothing.
        pooled[covering == 0] = 0
        vectors[batch.windows], counts[batch.windows] = pooled[batch.rows], covering[batch.rows]

    _ask(model, texts, reading.layer, keep, batch, quiet)
    return vectors, counts


def _states(batch: Batch) -> Tensor:
    assert batch.output.states is not None
    return batch.output.states[0]


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
