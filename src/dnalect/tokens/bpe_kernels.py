"""Compiled: byte-pair encoding in linear time. Import it late: numba takes half a second.

Pieces are numbered by rank: first the letters, then one piece a merge. A piece knows the two
that it was merged from. A sequence has exactly one encoding, and a row of pieces is it if and
only if every two neighbours are *compatible*: encoding the text of the two gives back the
two. So no merge is ever carried out: take the longest piece that fits, try a shorter one
where it is not compatible with the piece before, go back where nothing is. Every position is
given up at most once. (The idea is that of GitHub's `bpe` crate.)
"""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import Whole, compiled

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
NONE = -1


@compiled
def _spread(left: Whole, right: Whole) -> Whole:
    """Hash of a pair."""
    return (left * 0x9E3779B1 + right * 0x85EBCA6B) & 0x7FFFFFFF


@compiled
def _pair(left: Whole, right: Whole) -> Whole:
    return np.int64(left) << 32 | np.int64(right)


@compiled
def _merged(keys: Longs, values: Ints, left: Whole, right: Whole) -> Whole:
    """The piece that a pair is merged into, or NONE."""
    size = len(keys)
    wanted = _pair(left, right)
    at = _spread(left, right) & (size - 1)
    while keys[at] != NONE:
        if keys[at] == wanted:
            return values[at]
        at = (at + 1) & (size - 1)
    return NONE


@compiled
def _compatible(keys: Longs, values: Ints, lefts: Ints, rights: Ints, left: Whole, right: Whole, limit: Whole) -> bool:
    """Whether the merges of rank below `limit` leave the border between two pieces alone.

    Undoes merges on both sides of the border, latest first; if a pair across it would have
    been merged before the merge just undone, the border would not be there. Among merges of
    equal rank the one further left comes first.
    """
    while True:
        across = _merged(keys, values, left, right)
        if across != NONE and across < limit:
            return False
        if left > right and lefts[left] != NONE:
            limit = left
            left = rights[left]
        elif lefts[right] != NONE:
            limit = right + 1
            right = lefts[right]
        elif lefts[left] != NONE:
            limit = left
            left = rights[left]
        else:
            return True


@compiled
def usable_merges(lefts: Ints, rights: Ints, text_of: Ints, keys: Longs, values: Ints) -> npt.NDArray[np.bool_]:
    """Fill the table of pairs; return which pieces can ever come out of an encoding.

    text_of: (pieces,) number of each piece's text; several merges may make the same text.
    lefts, rights: (pieces,) texts that each is merged from, NONE for letters; they leave as
    pieces. keys, values: tables to fill, a power of two long, keys all NONE. The result is
    empty where a merge uses a text before the first merge that really makes it.
    """
    usable = np.zeros(len(text_of), dtype=np.bool_)
    maker = np.full(len(text_of), NONE, dtype=np.int32)
    missed = np.zeros(len(text_of), dtype=np.bool_)
    for piece in range(len(text_of)):
        if lefts[piece] == NONE:
            usable[piece] = True
        else:
            left, right = maker[lefts[piece]], maker[rights[piece]]
            if left == NONE or right == NONE:
                missed[lefts[piece]] |= left == NONE
                missed[rights[piece]] |= right == NONE
            elif maker[text_of[piece]] == NONE:
                usable[piece] = _compatible(keys, values, lefts, rights, left, right, piece)
            lefts[piece], rights[piece] = left, right
        if not usable[piece]:
            continue
        if missed[text_of[piece]]:
            return np.zeros(0, dtype=np.bool_)
        maker[text_of[piece]] = piece
        if lefts[piece] != NONE:
            at = _spread(lefts[piece], rights[piece]) & (len(keys) - 1)
            while keys[at] != NONE:
                at = (at + 1) & (len(keys) - 1)
            keys[at] = _pair(lefts[piece], rights[piece])
            values[at] = piece
    return usable


@compiled
def compatible(
    keys: Longs, values: Ints, lefts: Ints, rights: Ints, pieces: Ints, others: Ints
) -> npt.NDArray[np.bool_]:
    """Return which of `pieces` (a,) may stand before which of `others` (b,): (a, b)."""
    out = np.zeros((len(pieces), len(others)), dtype=np.bool_)
    for row in range(len(pieces)):
        for column in range(len(others)):
            out[row, column] = _compatible(keys, values, lefts, rights, pieces[row], others[column], len(lefts))
    return out


@compiled
def grow_trie(texts: Bytes, offsets: Longs, usable: npt.NDArray[np.bool_], children: Ints, piece_at: Ints) -> Whole:
    """Put the usable pieces into a trie; return its nodes. Raises nothing: the arrays are long enough.

    texts, offsets: letter codes of all pieces end to end. children: (nodes, letters), zeros.
    piece_at: (nodes,) NONE.
    """
    nodes = 1
    for piece in range(len(offsets) - 1):
        if not usable[piece]:
            continue
        node = 0
        for at in range(offsets[piece], offsets[piece + 1]):
            if children[node, texts[at]] == 0:
                children[node, texts[at]] = nodes
                nodes += 1
            node = children[node, texts[at]]
        if piece_at[node] == NONE:
            piece_at[node] = piece
    return nodes


@compiled
def shorter_pieces(texts: Bytes, offsets: Longs, children: Ints, piece_at: Ints) -> Ints:
    """Return for each piece the longest other piece that it begins with, or NONE."""
    out = np.full(len(offsets) - 1, NONE, dtype=np.int32)
    for piece in range(len(offsets) - 1):
        node = 0
        for at in range(offsets[piece], offsets[piece + 1] - 1):
            node = children[node, texts[at]]
            if node == 0:
                break
            if piece_at[node] != NONE:
                out[piece] = piece_at[node]
    return out


@compiled
def _longest(codes: Bytes, at: Whole, end: Whole, children: Ints, piece_at: Ints) -> Whole:
    node = 0
    found = NONE
    while at < end:
        node = children[node, codes[at]]
        if node == 0:
            break
        if piece_at[node] != NONE:
            found = piece_at[node]
        at += 1
    return found


@compiled
def encode_rows(
    codes: Bytes,
    offsets: Longs,
    letters: Whole,
    keys: Longs,
    values: Ints,
    lefts: Ints,
    rights: Ints,
    sizes: Ints,
    shorter: Ints,
    children: Ints,
    piece_at: Ints,
    known: Longs,
    out: Ints,
    counts: Longs,
) -> None:
    """Encode rows of letter codes, laid end to end in `codes`; a code >= letters is a piece of its own.

    offsets: (rows + 1,). known: a cache of compatible pairs, a power of two long, zeros at
    first. out: (len(codes),) receives pieces row after row, `len(lefts)` for an unknown
    letter. counts: (rows,) receives the pieces of each row.
    """
    longest_row = 0
    for row in range(len(offsets) - 1):
        longest_row = max(longest_row, offsets[row + 1] - offsets[row])
    dead = np.zeros(longest_row + 1, dtype=np.uint8)
    unknown = len(lefts)
    room = len(known) - 1
    done = 0
    for row in range(len(offsets) - 1):
        begun = done
        at, last = offsets[row], offsets[row + 1]
        while at < last:
            if codes[at] >= letters:
                out[done] = unknown
                done += 1
                at += 1
                continue
            low = at
            end = at
            while end < last and codes[end] < letters:
                end += 1
            first = done
            piece = _longest(codes, at, end, children, piece_at)
            while at < end:
                stop = at + sizes[piece]
                fits = dead[stop - low] == 0
                if fits and done > first:
                    # One word holds pair and verdict, so that threads can share the cache.
                    before = out[done - 1]
                    pair = _pair(before, piece) << 1
                    slot = _spread(before, piece) & room
                    if known[slot] >> 1 == pair >> 1 and known[slot] != 0:
                        fits = known[slot] & 1 == 1
                    else:
                        fits = _compatible(keys, values, lefts, rights, before, piece, unknown)
                        known[slot] = pair | np.int64(fits)
                if fits:
                    out[done] = piece
                    done += 1
                    at = stop
                    piece = _longest(codes, at, end, children, piece_at)
                elif shorter[piece] != NONE:
                    piece = shorter[piece]
                else:
                    dead[at - low] = 1
                    done -= 1
                    piece = out[done]
                    at -= sizes[piece]
            for place in range(end - low + 1):
                dead[place] = 0
        counts[row] = done - begun


@compiled
def fill_rows(
    pieces: Ints,
    counts: Longs,
    ids_of: Longs,
    sizes: Ints,
    ids: npt.NDArray[np.int64],
    spans: Ints,
) -> None:
    """Write the pieces of all rows as ids (rows, W) and spans (rows, W, 2)."""
    at = 0
    for row in range(len(counts)):
        start = 0
        for column in range(counts[row]):
            piece = pieces[at]
            size = sizes[piece]
            ids[row, column] = ids_of[piece]
            spans[row, column, 0] = start
            spans[row, column, 1] = start + size
            start += size
            at += 1
