"""Byte pairs: words of many lengths, merged from frequent pairs. DNABERT-2, GROVER, GENA-LM."""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import TokenizerError
from dnalect.tokens.bpe_tables import Tables, build_tables
from dnalect.tokens.tokenizer import Bytes, Ints, Special, Texts, Tokenizer, as_bytes, flat_codes, letter_table

SPECIAL = ("[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
# N in a row that are one word to a tokenizer with a gap.
GAP = 10
_LONG = re.compile(rb"[Nn]{%d,}" % GAP)
_PARTS = re.compile(rb"[Nn]{%d,}|(?:(?![Nn]{%d}).)+" % (GAP, GAP), re.DOTALL)
# Pieces of more bases than this are taken for one kind when the densest text is sought.
_SHORT = 3


class BytePairs(Tokenizer):
    """Byte-pair encoding of DNA, as HF `tokenizers` does it, on sequences of any length.

    words: the text of every id; empty ones have no use. merges: pairs of words in their
    order. unknown: the id of a letter that is no word; None: such letters have no token, and
    the bases around them are merged as if they were neighbours, as HF does it. gap: the id that
    stands for a run of at least GAP N (GENA-LM), None where such a run is nothing special.
    Raises TokenizerError where a merge uses or makes a word that does not exist yet, and
    where a word of several letters is made by no merge.
    """

    def __init__(
        self,
        words: Sequence[str],
        merges: Sequence[tuple[str, str]],
        special: Special | None = None,
        unknown: int | None = None,
        head: tuple[int, ...] = (),
        tail: tuple[int, ...] = (),
        name: str = "byte pairs",
        gap: int | None = None,
    ):
        # GROVER's file lists an empty word after the last row of the model's embeddings.
        end = max((number + 1 for number, word in enumerate(words) if word), default=0)
        super().__init__(name, words[:end], special or Special(), head, tail)
        self.merges = tuple((left, right) for left, right in merges if left and right)
        self.unknown, self.gap = unknown, gap
        taken = {getattr(self.special, role) for role in ("pad", "unk", "cls", "sep", "mask")} | {
            unknown,
            gap,
            *head,
            *tail,
        }
        self._letters = [word for number, word in enumerate(self.words) if len(word) == 1 and number not in taken]
        self._check({word for number, word in enumerate(self.words) if len(word) > 1 and number not in taken})

    def _check(self, wanted: set[str]) -> None:
        if not set(self._letters) & set("ACGT"):
            raise TokenizerError(f"{self.name} has none of the words A, C, G and T")
        if strange := [letter for letter in self._letters if not letter.isascii() or letter.islower()]:
            raise TokenizerError(f"{self.name} has the letter {strange[0]!r}; bases are read as upper-case ASCII")
        made = set(self._letters)
        for number, (left, right) in enumerate(self.merges, 1):
            for part in (left, right):
                if part not in made:
                    raise TokenizerError(f"merge {number} of {self.name} uses {part!r}, which nothing before it makes")
            if left + right not in self.index:
                raise TokenizerError(f"merge {number} of {self.name} makes {left + right!r}, which has no id")
            made.add(left + right)
        if len(set(self.merges)) < len(self.merges):
            raise TokenizerError(f"{self.name} lists a merge twice")
        if orphans := wanted - made:
            raise TokenizerError(
                f"{len(orphans):,} words of {self.name}, such as {min(orphans)!r}, are made by no merge: "
                "the merges are missing or cut short"
            )

    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        from dnalect.tokens import bpe_kernels as kernels

        if self.gap is not None:
            texts = as_bytes(sequences)
            if any(map(_LONG.search, texts)):
                return self._around_gaps(texts, special)
        t = self.tables
        flat, lengths = flat_codes(sequences, self._table)
        places = None
        if self.unknown is None and len(flat) and int(flat.max()) >= t.letters:
            places, flat, lengths = _without_unknown(flat, lengths, t.letters)
        pieces = np.empty(len(flat), dtype=np.int32)
        counts = np.zeros(len(lengths), dtype=np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        kernels.encode_rows(
            *(flat, offsets, t.letters, t.keys, t.values, t.lefts, t.rights),
            *(t.sizes, t.shorter, t.children, t.piece_at, t.known, pieces, counts),
        )
        frame = self._frame(counts, special)
        kernels.fill_rows(pieces, counts, t.ids, t.sizes, frame.ids, frame.spans)
        if places is not None:
            held, first = frame.content, np.repeat(offsets[:-1], counts)
            spans = frame.spans[held]
            frame.spans[held] = np.stack([places[first + spans[:, 0]], places[first + spans[:, 1] - 1] + 1], axis=-1)
        return frame.finished()

    def _around_gaps(self, texts: Sequence[bytes], special: bool) -> Encoding:
        """Encode what stands between long runs of N, each run being one word."""
        pieces = [[(each.start(), each.group()) for each in _PARTS.finditer(text)] for text in texts]
        between = self.encode([part for row in pieces for _, part in row if not _LONG.match(part)], special=False)
        found = zip(between.input_ids, between.spans, between.attention_mask, strict=True)
        rows: list[tuple[Ints, Ints]] = []
        for row in pieces:
            ids, spans = [np.empty(0, dtype=np.int64)], [np.empty((0, 2), dtype=np.int64)]
            for start, part in row:
                if _LONG.match(part):
                    ids.append(np.array([self.gap]))
                    spans.append(np.array([[start, start + len(part)]]))
                    continue
                numbers, covered, mask = next(found)
                ids.append(numbers[mask])
                spans.append(covered[mask] + start)
            rows.append((np.concatenate(ids), np.concatenate(spans)))
        frame = self._frame(np.array([len(ids) for ids, _ in rows]), special)
        frame.ids[frame.content] = np.concatenate([ids for ids, _ in rows])
        frame.spans[frame.content] = np.concatenate([spans for _, spans in rows])
        return frame.finished()

    def longest(self, tokens: int) -> int:
        """The most bases that surely fit: one fewer than the densest text of one more word.

        Any sequence of A, C, G and T of that length fits, however badly its bases merge; most
        texts of so many tokens are twice as long and more.
        """
        words = tokens - len(self.head) - len(self.tail)
        if words < 1:
            return 0
        reached = self._sizes
        for _ in range(words):
            reached = (reached[:, None] + self._steps).min(axis=0)
        return int(reached.min()) - 1

    def first(self, size: int) -> "BytePairs":
        """Return the tokenizer of the same training stopped at `size` words, special ones included.

        Raises TokenizerError where the words do not stand in the order of the merges, and for
        a size that is no size.
        """
        merges = [merge for merge in self.merges if self.index["".join(merge)] < size]
        words = self.words[:size]
        ordered = [left + right for left, right in merges] == list(words[len(words) - len(merges) :])
        if not ordered or len(words) < size:
            raise TokenizerError(f"{self.name} has {len(self.words):,} words; {size:,} of them make no vocabulary")
        return BytePairs(words, merges, self.special, self.unknown, self.head, self.tail, f"{self.name}, {size}")

    @cached_property
    def _table(self) -> bytes:
        return letter_table("".join(self._letters), unknown=len(self._letters))

    @cached_property
    def tables(self) -> Tables:
        """The merges as arrays, made on first use. Raises TokenizerError where their order is impossible."""
        made = build_tables(self._letters, self.merges, self.index, self.unknown or 0)
        if made is None:
            raise TokenizerError(f"{self.name} lists a merge before the merges that make its words")
        return made

    @cached_property
    def _short(self) -> npt.NDArray[np.int32]:
        t = self.tables
        return np.flatnonzero(t.usable & (t.sizes[:-1] <= _SHORT)).astype(np.int32)

    @cached_property
    def _sizes(self) -> Ints:
        """Bases of the short pieces, and of one longer one that stands for all others."""
        return np.array([*self.tables.sizes[self._short], _SHORT + 1], dtype=np.int64)

    @cached_property
    def _steps(self) -> Ints:
        """Bases that are added when one short piece follows another (a, b); huge where it can't."""
        from dnalect.tokens import bpe_kernels as kernels

        t = self.tables
        allowed = kernels.compatible(t.keys, t.values, t.lefts, t.rights, self._short, self._short)
        allowed = np.pad(allowed, (0, 1), constant_values=True)
        return np.where(allowed, self._sizes, 1 << 40)


def _without_unknown(flat: Bytes, lengths: Ints, letters: int) -> tuple[Ints, Bytes, Ints]:
    """Return where in its row each kept base stood, the kept codes, and how many each row keeps."""
    kept = flat < letters
    begins = np.cumsum(lengths) - lengths
    rows = np.repeat(np.arange(len(lengths)), lengths)
    places = (np.arange(len(flat)) - np.repeat(begins, lengths))[kept]
    return places, flat[kept], np.bincount(rows[kept], minlength=len(lengths))
