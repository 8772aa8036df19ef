"""`dnalect.tokenize`: how a model reads DNA, token by token."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.csv

from dnalect.api.given import options_of
from dnalect.api.table import Table
from dnalect.jobs.options import TokenizeOptions
from dnalect.jobs.tokenize import tokenize as write_tokens

KINDS = {"sequence": pa.string(), "start": pa.int64(), "end": pa.int64(), "token": pa.string()}


class Tokens(Table):
    """Tokens: sequence, start and end (0-based half-open; None of special ones), token, id, index."""


def tokenize(
    inputs: str | Path | Sequence[str | Path],
    tokenizer: Any = "dnabert-6",
    regions: str | Sequence[str] = (),
    special: bool = False,
) -> Tokens:
    """Return the tokens of sequences, with the bases that each covers: what `dnalect tokenize` does.

    Args:
        inputs: Sequences as text, or FASTA files, one or several.
        tokenizer: A name (`dnalect tokenize --help` lists them), a file, or a tokenizer.
        regions: Parts of the one FASTA: `chrI:1,001-2,000`, from 1, ends inside.
        special: List the special tokens too.

    Returns:
        `Tokens`, a row a token.

    Raises:
        InputError: An input is no sequence.
        TokenizerError: There is no such tokenizer.

    Examples:
        >>> import dnalect
        >>> tokens = dnalect.tokenize("ACGTACGNAC", "nt-v1")
        >>> list(zip(tokens["token"], tokens["start"], tokens["end"]))
        [('ACGTAC', 0, 6), ('G', 6, 7), ('N', 7, 8), ('A', 8, 9), ('C', 9, 10)]
    """
    with TemporaryDirectory() as name:
        path = Path(name) / "tokens.tsv"
        chosen = str(tokenizer) if isinstance(tokenizer, os.PathLike) else tokenizer
        told = {"inputs": inputs, "tokenizer": chosen, "output": path, "regions": regions, "special": special}
        write_tokens(options_of(TokenizeOptions, told))
        convert = pyarrow.csv.ConvertOptions(column_types=KINDS, null_values=["."], strings_can_be_null=False)
        parse = pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False)
        return Tokens(pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert))
