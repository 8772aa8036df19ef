"""What every tokenizer has: words, special ids, `encode`, and the ways from tokens to bases and back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dnalect.core.encoding import Encoding
from dnalect.core.errors import InputError

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Text = str | bytes | Bytes
Texts = Sequence[Text] | Bytes
# Fills what lies beyond the end of a sequence; no table gives it to a letter.
BEYOND = 255


@dataclass(frozen=True, slots=True)
class Special:
    """Ids of the special tokens, None where a tokenizer has none."""

    pad: int | None = None
    unk: int | None = None
    cls: int | None = None
    sep: int | None = None
    mask: int | None = None


class Tokenizer(ABC):
    """Bases to ids and back.

    name: what `dnalect.tokens.names.named` knows it as, or the file that it came from.
    words: the text of every id. special: ids of the special tokens. head, tail: ids that
    `encode` puts before and after the words of a sequence.
    """

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        special: Special,
        head: tuple[int, ...] = (),
        tail: tuple[int, ...] = (),
    ):
        self.name = name
        self.words = tuple(words)
        self.special = special
        self.head, self.tail = head, tail

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {len(self):,} words>"

    @cached_property
    def index(self) -> dict[str, int]:
        """Text -> id."""
        return {word: number for number, word in enumerate(self.words) if word}

    @cached_property
    def unknown_ids(self) -> tuple[int, ...]:
        """Ids that say nothing of a base: that of the unknown word, and of N."""
        return tuple({number for number in (self.special.unk, self.index.get("N")) if number is not None})

    @abstractmethod
    def encode(self, sequences: Texts, special: bool = True) -> Encoding:
        """Return the ids of n sequences, padded on the right with the padding id.

        sequences: str, bytes or ASCII uint8 arrays, or one array (n, L). Lower case counts as
        upper case; IUPAC codes, gaps and all else count as N. special: put the special tokens
        around each sequence. A sequence may be empty.
        Raises InputError for anything that is no sequence.
        """

    @abstractmethod
    def longest(self, tokens: int) -> int:
        """Return the most bases that surely fit so many tokens, special ones included.

        Any sequence of A, C, G and T of at most this length fits; one with N may not.
        """

    def tokens_at(self, encoding: Encoding, length: int) -> Ints:
        """The same as the function `tokens_at`."""
        return tokens_at(encoding, length)

    def _frame(self, counts: Ints, special: bool, alike: bool = False, single: bool = False) -> "Frame":
        head, tail = (self.head, self.tail) if special else ((), ())
        return Frame(counts, head, tail, self.special.pad or 0, alike, single)


def tokens_at(encoding: Encoding, length: int) -> Ints:
    """Return which tokens cover each base: (n, length, 2), half-open ranges of columns.

    length: bases of the longest sequence. The range of a base that no token covers is empty
    (beyond the end of its sequence; the rest of an n-gram; N where a tokenizer drops it).
    """
    starts, ends = encoding.spans[..., 0], encoding.spans[..., 1]
    covering = ends > 0
    rows, columns = np.nonzero(covering)
    first = covering.argmax(axis=1)[:, None] if covering.shape[1] else np.zeros((len(covering), 1), dtype=np.int64)
    out = np.empty((len(covering), length, 2), dtype=np.int64)
    # Tokens stand in order, so those that cover base p are the begun less the ended ones.
    for side, edges in enumerate((ends, starts)):
        places = rows * (length + 1) + np.minimum(edges[rows, columns], length)
        reached = np.bincount(places, minlength=len(covering) * (length + 1)).reshape(-1, length + 1)
        np.add(np.cumsum(reached[:, :length], axis=1), first, out=out[..., side])
    return out


class Frame:
    """An Encoding that is being filled: write `ids` and `spans`, then call `finished`.

    counts: (n,) words of each sequence. ids: (n, W) and spans: (n, W, 2) are views of the
    part between the special tokens; what is written there beyond a row's count is wiped.
    alike: the words at one place cover the same bases in every row. Rows of equal counts then
    share one row of spans, (1, W, 2) here and a read-only view (n, T, 2) in the Encoding.
    single: each word is the base of its column, so no spans are filled in; there is no head then.
    """

    def __init__(
        self,
        counts: Ints,
        head: tuple[int, ...],
        tail: tuple[int, ...],
        pad: int,
        alike: bool = False,
        single: bool = False,
    ):
        self.counts, self.head, self.tail, self.pad, self.single = counts, head, tail, pad, single
        self.width = int(counts.max(initial=0))
        self.even = bool((counts == self.width).all())
        shape = (len(counts), len(head) + self.width + len(tail))
        self.rows = 0 if single else min(1, len(counts)) if alike and self.even else len(counts)
        size, spans = 8 * shape[0] * shape[1], 8 * self.rows * shape[1]
        # One block for all three: the larger, the more of it comes in huge pages, and the
        # system takes longer to hand out small ones than it takes to fill them.
        block = np.empty(size + spans + size // 8, dtype=np.uint8)
        self._ids = block[:size].view(np.int64).reshape(shape)
        self._spans = block[size : size + spans].view(np.int32).reshape(self.rows, shape[1], 2)
        self._mask = block[size + spans :].view(np.bool_).reshape(shape)
        self.ids = self._ids[:, len(head) : len(head) + self.width]
        self.spans = self._spans[:, len(head) : len(head) + self.width]

    @cached_property
    def content(self) -> npt.NDArray[np.bool_]:
        """Which places of `ids` hold a word (n, W)."""
        return np.asarray(np.arange(self.width) < self.counts[:, None])

    def cover(self, size: int, step: int = 1) -> None:
        """Give the word at each place of every row `size` bases, beginning `step` further than the one before."""
        if not len(self.counts):
            return
        edges = np.arange(0, self.width * step, step, dtype=np.int32)
        self.spans[0, :, 0] = edges
        edges += size
        self.spans[0, :, 1] = edges
        self.spans[1:] = self.spans[0]

    def finished(self) -> Encoding:
        """Add the special tokens, the padding and the mask."""
        before, after = len(self.head), len(self.tail)
        self._ids[:, :before] = self.head
        self._spans[:, :before] = 0
        self._spans[:, before + self.width :] = 0
        if self.even:
            self._ids[:, before + self.width :] = self.tail
            self._mask[:] = True
            whole = self._covered() if self.single else np.broadcast_to(self._spans, (*self._ids.shape, 2))
            return Encoding(self._ids, self._mask, whole)
        self.ids[~self.content] = self.pad
        if not self.single:
            self.spans[~self.content] = 0
        self._ids[:, before + self.width :] = self.pad
        rows = np.arange(len(self.counts))
        for number, word in enumerate(self.tail):
            self._ids[rows, before + self.counts + number] = word
        np.less(np.arange(self._ids.shape[1]), (before + self.counts + after)[:, None], out=self._mask)
        return Encoding(self._ids, self._mask, self._covered() if self.single else self._spans)

    def _covered(self) -> npt.NDArray[np.bool_]:
        """Which places hold a word (n, T)."""
        return np.pad(self.content, ((0, 0), (0, self._ids.shape[1] - self.width)))


def letter_table(letters: str, unknown: int) -> bytes:
    """Return the table that gives each of `letters`, in either case, its place and all else `unknown`."""
    table = bytearray([unknown]) * 256
    for code, letter in enumerate(letters):
        table[ord(letter)] = table[ord(letter.lower())] = code
    return bytes(table)


def flat_codes(sequences: Texts, table: bytes) -> tuple[Bytes, Ints]:
    """Return the codes of all sequences end to end by a letter table, and the lengths (n,)."""
    data, lengths = _joined(sequences)
    # bytes.translate: numpy would first turn every byte into an 8-byte index.
    return np.frombuffer(data.translate(table), dtype=np.uint8), lengths


def pack(sequences: Texts, table: bytes) -> tuple[Bytes, Ints]:
    """Return codes (n, L) by a letter table, BEYOND past the ends, and the lengths (n,)."""
    flat, lengths = flat_codes(sequences, table)
    width = int(lengths.max(initial=0))
    if len(flat) == width * len(lengths):
        return flat.reshape(len(lengths), width), lengths
    codes = np.full((len(lengths), width), BEYOND, dtype=np.uint8)
    codes[np.arange(width) < lengths[:, None]] = flat
    return codes, lengths


def as_bytes(sequences: Texts) -> list[bytes]:
    """Return every sequence as bytes. Raises InputError for what is none."""
    data, lengths = _joined(sequences)
    ends = np.cumsum(lengths).tolist()
    return [data[low:high] for low, high in zip([0, *ends], ends, strict=False)]


def _joined(sequences: Texts) -> tuple[bytes, Ints]:
    if isinstance(sequences, (str, bytes)) or (isinstance(sequences, np.ndarray) and sequences.ndim != 2):
        raise InputError("encode takes a list of sequences, not one sequence: put it in brackets")
    if isinstance(sequences, np.ndarray):
        _check_letters(sequences)
        return sequences.tobytes(), np.full(len(sequences), sequences.shape[1], dtype=np.int64)
    if not isinstance(sequences, Sequence):
        raise InputError(f"encode takes a list of sequences, not {type(sequences).__name__}")
    for sequence in sequences:
        if not isinstance(sequence, str | bytes | np.ndarray):
            _as_bytes(sequence)
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    if all(type(sequence) is str for sequence in sequences):
        text = "".join(sequences)  # type: ignore[arg-type]
        return text.encode("ascii", errors="replace"), lengths
    return b"".join(_as_bytes(sequence) for sequence in sequences), lengths


def _as_bytes(sequence: Text) -> bytes:
    if isinstance(sequence, str):
        return sequence.encode("ascii", errors="replace")
    if isinstance(sequence, bytes):
        return sequence
    if not isinstance(sequence, np.ndarray) or sequence.ndim != 1:
        raise InputError(f"a sequence is str, bytes or a one-dimensional uint8 array, not {type(sequence).__name__}")
    _check_letters(sequence)
    return sequence.tobytes()


def _check_letters(sequence: Bytes) -> None:
    if sequence.dtype != np.uint8:
        raise InputError(f"a sequence as an array holds ASCII letters as uint8, not {sequence.dtype}")
    if sequence.size and int(sequence.max()) < ord(" "):
        raise InputError("this array holds base codes, not ASCII letters; use dnalect.tokens.bases.decode first")
