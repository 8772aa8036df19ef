"""`dnalect.tokenize`: how a model reads DNA, token by token."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.csv

from dnalect.api.table import Table
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

    inputs: sequences as text, or FASTA files, one or several. tokenizer: a name, a file, or a
    tokenizer. regions: parts of the one FASTA. special: list the special tokens too.
    Raises InputError for inputs that are no sequences.
    """
    given = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    places = [regions] if isinstance(regions, str) else list(regions)
    with TemporaryDirectory() as name:
        path = Path(name) / "tokens.tsv"
        chosen = str(tokenizer) if isinstance(tokenizer, os.PathLike) else tokenizer
        write_tokens([str(each) for each in given], chosen, str(path), places, special)
        convert = pyarrow.csv.ConvertOptions(column_types=KINDS, null_values=["."], strings_can_be_null=False)
        parse = pyarrow.csv.ParseOptions(delimiter="\t", quote_char=False)
        return Tokens(pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert))
