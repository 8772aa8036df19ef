"""Compiled: learning byte pairs from whole contigs. Import it late: numba takes half a second.

The text is one row of tokens. A token knows its id at its first and at its last base, so its
neighbours are found by their lengths. Every pair of neighbours belongs to a *kind*; the
occurrences of a kind are a doubly linked list over the first bases of their left tokens, so a
merge touches its own occurrences and nothing else. Kinds wait in a heap by (count, ids); a
count only ever falls, so an entry that is out of date is put back when it is reached.
"""

import numpy as np
import numpy.typing as npt

from dnalect.tokens.compiled import Whole, compiled

Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
NONE = -1


@compiled
def _before(counts: Longs, pairs: Longs, one: Whole, other: Whole) -> bool:
    """Whether one heap entry comes first: the higher count, then the lower pair of ids."""
    if counts[one] != counts[other]:
        return bool(counts[one] > counts[other])
    return bool(pairs[one] < pairs[other])


@compiled
def _sift_up(heap: Longs, counts: Longs, pairs: Longs, at: Whole) -> None:
    while at > 0:
        parent = (at - 1) // 2
        if not _before(counts, pairs, heap[at], heap[parent]):
            return
        heap[at], heap[parent] = heap[parent], heap[at]
        at = parent


@compiled
def _sift_down(heap: Longs, size: Whole, counts: Longs, pairs: Longs) -> None:
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and _before(counts, pairs, heap[child + 1], heap[child]):
            child += 1
        if not _before(counts, pairs, heap[child], heap[at]):
            return
        heap[at], heap[child] = heap[child], heap[at]
        at = child


@compiled
def _room() -> npt.NDArray[np.int64]:
    return np.empty(4096, dtype=np.int64)


@compiled
def _grown(old: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    new = np.empty(2 * len(old), dtype=old.dtype)
    for at in range(len(old)):
        new[at] = old[at]
    return new


@compiled
def _unlink(at: Whole, kinds: Ints, after: Ints, back: Ints, heads: Longs, counts: Longs) -> None:
    kind = kinds[at]
    if back[at] == NONE:
        heads[kind] = after[at]
    else:
        after[back[at]] = after[at]
    if after[at] != NONE:
        back[after[at]] = back[at]
    kinds[at] = NONE
    counts[kind] -= 1


@compiled
def _link(at: Whole, kind: Whole, kinds: Ints, after: Ints, back: Ints, heads: Longs, counts: Longs) -> None:
    first = heads[kind]
    kinds[at] = kind
    back[at] = NONE
    after[at] = first
    if first != NONE:
        back[first] = at
    heads[kind] = at
    counts[kind] += 1


@compiled
def _new_kind(left: Whole, right: Whole, used: Whole, heads: Longs, now: Longs, pairs: Longs) -> Whole:
    heads[used], now[used] = NONE, 0
    pairs[used] = np.int64(left) << 32 | np.int64(right)
    return used


@compiled
def _merge_at(
    at: Whole,
    made: Whole,
    lengths: Ints,
    begins: Ints,
    ends: Ints,
    kinds: Ints,
    after: Ints,
    back: Ints,
    heads: Longs,
    now: Longs,
    pairs: Longs,
    on_left: Longs,
    on_right: Longs,
    used: Whole,
) -> Whole:
    """Merge the token at `at` with the next one; return how many kinds there are then.

    on_left, on_right: token -> kind of its pair with `made`, where it stands left or right.
    """
    middle = at + lengths[begins[at]]
    following = at + lengths[made]
    _unlink(at, kinds, after, back, heads, now)
    neighbour = np.int64(ends[at - 1])
    if neighbour != NONE:
        place = at - lengths[neighbour]
        _unlink(place, kinds, after, back, heads, now)
        if on_left[neighbour] == NONE:
            on_left[neighbour] = _new_kind(neighbour, made, used, heads, now, pairs)
            used += 1
            if neighbour == made:
                on_right[made] = on_left[made]
        _link(place, on_left[neighbour], kinds, after, back, heads, now)
    neighbour = np.int64(begins[following])
    if neighbour != NONE:
        _unlink(middle, kinds, after, back, heads, now)
        if on_right[neighbour] == NONE:
            on_right[neighbour] = _new_kind(made, neighbour, used, heads, now, pairs)
            used += 1
            if neighbour == made:
                on_left[made] = on_right[made]
        _link(at, on_right[neighbour], kinds, after, back, heads, now)
    begins[middle], ends[middle - 1] = NONE, NONE
    begins[at], ends[following - 1] = made, made
    return used


@compiled
def learn_merges(codes: Bytes, letters: Whole, merges: Whole, fewest: Whole, places: Ints, sides: Longs) -> Longs:
    """Return up to `merges` merges (m, 3): ids of both parts, and how often they stood side by side.

    codes: letters end to end with a code >= letters before, between and after the contigs and
    for every unknown letter: nothing is merged across it. Letters are tokens 0 ..., merge n
    makes token letters + n. fewest: stop below this count, 1 or more. places: (5, len(codes))
    and sides: (2, letters + merges) are room to work in, all NONE.
    """
    begins, ends, kinds, after, back = places[0], places[1], places[2], places[3], places[4]
    on_left, on_right = sides[0], sides[1]
    lengths = np.ones(letters + merges, dtype=np.int32)
    # Of each kind: its list, its count, its count as the heap knows it, and its two ids.
    heads, now, counts, pairs, heap = _room(), _room(), _room(), _room(), _room()
    used = np.int64(0)
    for left in range(letters):
        for right in range(letters):
            used = _new_kind(left, right, used, heads, now, pairs) + 1
    for at in range(len(codes) - 1, -1, -1):
        if codes[at] < letters:
            begins[at] = ends[at] = codes[at]
            if codes[at + 1] < letters:
                _link(at, codes[at] * letters + codes[at + 1], kinds, after, back, heads, now)
    out = np.empty((merges, 3), dtype=np.int64)
    done, held, waiting = 0, np.int64(0), np.int64(0)
    while done < merges:
        for kind in range(waiting, used):
            on_left[pairs[kind] >> 32] = NONE
            on_right[pairs[kind] & 0xFFFFFFFF] = NONE
            if now[kind] >= fewest:
                counts[kind] = now[kind]
                heap[held] = kind
                held += 1
                _sift_up(heap, counts, pairs, held - 1)
        waiting = used
        while held > 0 and counts[heap[0]] != now[heap[0]]:
            counts[heap[0]] = now[heap[0]]
            _sift_down(heap, held, counts, pairs)
        if held == 0 or counts[heap[0]] < fewest:
            break
        kind = heap[0]
        held -= 1
        heap[0] = heap[held]
        _sift_down(heap, held, counts, pairs)
        left, right = pairs[kind] >> 32, pairs[kind] & 0xFFFFFFFF
        out[done, 0], out[done, 1], out[done, 2] = left, right, now[kind]
        made = letters + done
        lengths[made] = lengths[left] + lengths[right]
        done += 1
        while len(heads) < used + 2 * (letters + done):
            heads, now, counts, pairs, heap = _grown(heads), _grown(now), _grown(counts), _grown(pairs), _grown(heap)
        while heads[kind] != NONE:
            at = heads[kind]
            # In a run of one token the pairs overlap: merge them from the left of the run.
            while left == right and ends[at - 1] == left:
                at -= lengths[left]
            while kinds[at] == kind:
                used = _merge_at(
                    *(at, made, lengths, begins, ends, kinds, after, back),
                    *(heads, now, pairs, on_left, on_right, used),
                )
                at += lengths[made]
    return out[:done]
