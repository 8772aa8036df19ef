"""Merges as the arrays that the kernels of byte pairs read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect.tokens.tokenizer import letter_table

_NONE = -1


@dataclass(frozen=True)
class Tables:
    """The merges as the kernels read them; pieces are numbered by rank, the letters first.

    usable: which pieces can come out of an encoding. ids: piece -> id, with one more entry
    for an unknown letter. sizes: piece -> bases, likewise. known: pairs that were looked up, a cache.
    """

    letters: int
    keys: npt.NDArray[np.int64]
    values: npt.NDArray[np.int32]
    lefts: npt.NDArray[np.int32]
    rights: npt.NDArray[np.int32]
    usable: npt.NDArray[np.bool_]
    ids: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int32]
    shorter: npt.NDArray[np.int32]
    children: npt.NDArray[np.int32]
    piece_at: npt.NDArray[np.int32]
    known: npt.NDArray[np.int64]


def build_tables(
    letters: Sequence[str], merges: Sequence[tuple[str, str]], index: Mapping[str, int], unknown: int
) -> Tables | None:
    """Number the pieces by rank and lay them out; None where a merge stands before those that make its words.

    letters: the single bases. merges: in their order. index: text -> id. unknown: the id of a
    letter that is none of `letters`.
    """
    from dnalect.tokens import bpe_kernels as kernels

    texts = [*letters, *(left + right for left, right in merges)]
    number: dict[str, int] = {}
    text_of = np.array([number.setdefault(text, len(number)) for text in texts], dtype=np.int32)
    lefts = np.array([_NONE] * len(letters) + [number[left] for left, _ in merges], dtype=np.int32)
    rights = np.array([_NONE] * len(letters) + [number[right] for _, right in merges], dtype=np.int32)
    room = 1 << max(6, (4 * len(texts) - 1).bit_length())
    keys, values = np.full(room, _NONE, dtype=np.int64), np.zeros(room, dtype=np.int32)
    usable = kernels.usable_merges(lefts, rights, text_of, keys, values)
    if len(usable) < len(texts):
        return None
    sizes = np.array([len(text) for text in texts], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    table = letter_table("".join(letters), unknown=len(letters))
    codes = np.frombuffer("".join(texts).encode("ascii").translate(table), dtype=np.uint8)
    children = np.zeros((len(codes) + 1, len(letters)), dtype=np.int32)
    piece_at = np.full(len(codes) + 1, _NONE, dtype=np.int32)
    nodes = kernels.grow_trie(codes, offsets, usable, children, piece_at)
    children, piece_at = children[:nodes].copy(), piece_at[:nodes].copy()
    return Tables(
        letters=len(letters),
        keys=keys,
        values=values,
        lefts=lefts,
        rights=rights,
        usable=usable,
        ids=np.array([*(index[text] for text in texts), unknown], dtype=np.int64),
        sizes=np.append(sizes, np.int32(1)),
        shorter=kernels.shorter_pieces(codes, offsets, children, piece_at),
        children=children,
        piece_at=piece_at,
        known=np.zeros(1 << min(20, max(10, (16 * len(texts)).bit_length())), dtype=np.int64),
    )
