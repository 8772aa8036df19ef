"""Sequences in, a table of tokens out: `dnalect tokenize`."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from dnalect.core.errors import InputError
from dnalect.core.files import check_outputs, written_whole
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import read_regions
from dnalect.genome.streams import open_lines
from dnalect.jobs.options import TokenizeOptions
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.tokenizer import Tokenizer

COLUMNS = ("sequence", "start", "end", "token", "id", "index")
_BASES = frozenset("ACGTUNRYSWKMBDHVacgtunryswkmbdhv-")
_BLOCK = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A sequence to tokenize. start: where it begins on the contig `name`, 0-based."""

    name: str
    start: int
    letters: npt.NDArray[np.uint8]


@dataclass(slots=True)
class Tally:
    """How much was tokenized. tokens: without special ones and padding."""

    sequences: int = 0
    bases: int = 0
    tokens: int = 0


def tokenize(options: TokenizeOptions) -> Tally:
    """Write one line a token: sequence, start, end, token, id, and its place in what a model reads.

    start and end are those of BED, 0-based half-open, "." for special tokens; index counts
    from 0 with the special tokens. Raises InputError for inputs that are no sequences.
    """
    inputs, regions, named = options.inputs, options.regions, options.tokenizer
    chosen = _chosen(named, options.model)
    if regions and (len(inputs) != 1 or not os.path.isfile(inputs[0])):
        raise InputError("regions are parts of one FASTA file; give that file and no other input")
    check_outputs([options.output], [*inputs, *regions, *([named] if isinstance(named, str) else [])])
    tally = Tally()
    # Nothing is written before every input is known to be one.
    pieces = [piece for number, text in enumerate(inputs, 1) for piece in read_pieces(text, number, regions)]
    with _opened(options.output) as out:
        out.write("\t".join(COLUMNS) + "\n")
        for piece in pieces:
            tally.sequences += 1
            tally.bases += len(piece.letters)
            tally.tokens += _write(piece, chosen, options.special, out)
    return tally


def _chosen(tokenizer: Tokenizer | str | None, model: str | None) -> Tokenizer:
    """Return a tokenizer, that of a name or file, or of a model, or DNABERT's of 6-mers where neither is given."""
    if tokenizer is not None and not isinstance(tokenizer, str):
        return tokenizer
    if model:
        from dnalect.models.reader import tokenizer_of

        return tokenizer_of(model)
    return open_tokenizer(tokenizer or "dnabert-6")


def read_pieces(text: str, number: int = 1, regions: Sequence[str] = ()) -> Iterator[Piece]:
    """Yield the sequences of one input: "-", a FASTA file, or the bases themselves.

    number: names a bare sequence. Raises InputError for what is none of these.
    """
    if text == "-":
        yield from _from_stdin()
    elif os.path.exists(text):  # unlike Path.exists, False for a sequence that is too long for a name
        genome = open_genome(text)
        for region in read_regions(genome, regions or genome.names):
            yield Piece(
                genome.names[region.contig], region.start, genome.fetch(region.contig, region.start, region.end)
            )
    elif text and not set(text) - _BASES:
        yield Piece(f"sequence{number}", 0, _letters(text))
    else:
        shown = text if len(text) < 60 else f"{text[:57]}..."
        raise InputError(f"{shown!r} is neither a file nor a sequence of A, C, G, T and N")


def _from_stdin() -> Iterator[Piece]:
    name, count = "", 0
    parts: list[str] = []
    with open_lines("-", "sequences") as lines:
        for number, raw in enumerate(lines, 1):
            line = raw.decode("ascii", errors="replace").strip()
            if line.startswith(">"):
                if name:
                    yield Piece(name, 0, _letters("".join(parts)))
                name, parts = (line[1:].split() or [f"line{number}"])[0], []
                continue
            if strange := set(line) - _BASES:
                raise InputError(f"line {number} of standard input holds {min(strange)!r}, which is no base")
            if name:
                parts.append(line)
            elif line:
                count += 1
                yield Piece(f"sequence{count}", 0, _letters(line))
    if name:
        yield Piece(name, 0, _letters("".join(parts)))
    elif not count:
        raise InputError("standard input holds no sequence")


def _letters(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8)


@contextmanager
def _opened(output: str) -> Iterator[TextIO]:
    if output == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    with written_whole(Path(output)) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file


def _write(piece: Piece, tokenizer: Tokenizer, special: bool, out: TextIO) -> int:
    """Write the tokens of a sequence; return how many of them are no special ones."""
    encoding = tokenizer.encode([piece.letters])
    ids, spans = encoding.input_ids[0], encoding.spans[0]
    covering = spans[:, 1] > 0
    places = np.arange(len(ids)) if special else np.flatnonzero(covering)
    for low in range(0, len(places), _BLOCK):
        part = places[low : low + _BLOCK]
        starts, ends = (spans[part, side].astype(np.int64) + piece.start for side in (0, 1))
        rows = zip(part.tolist(), ids[part].tolist(), starts.tolist(), ends.tolist(), covering[part], strict=True)
        for place, word, start, end, held in rows:
            span = f"{start}\t{end}" if held else ".\t."
            out.write(f"{piece.name}\t{span}\t{tokenizer.words[word]}\t{word}\t{place}\n")
    return int(covering.sum())
