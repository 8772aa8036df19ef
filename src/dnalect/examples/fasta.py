"""FASTA whose headers hold the labels, as a table: `>id label=1`, `>id|1` or `>id 1`."""

import re

from dnalect.core.errors import FastaError
from dnalect.examples.loci import NAME
from dnalect.examples.table import Table, of_rows

_PAIR = re.compile(r"""([A-Za-z_][\w.\-]*)=("[^"]*"|'[^']*'|\S*)""")
_PARTS = ("train", "training", "validation", "valid", "dev", "test", "testing")
PLACE = ("contig", "start", "end", "strand")
_NO_LABELS = ("id", "sequence", "split", *PLACE)


def is_fasta(lines: list[bytes]) -> bool:
    """Whether the first line that is not blank begins a record."""
    return next((line for line in lines if not line.isspace()), b"").startswith(b">")


def fasta(source: str, lines: list[bytes]) -> Table:
    """Return a FASTA as a table with the columns id, sequence and those that its headers give.

    `key=value` words, or `key="several words"`, become columns named by their keys, several of them several labels; a
    single word after the name, or the last field between bars, becomes the column label; a
    last field train or test becomes split. A name `contig:start-end` gives the place. A key
    that a record lacks is an empty cell. Raises FastaError where it is no FASTA.
    """
    heads: list[dict[str, str]] = []
    bodies: list[list[str]] = []
    at: list[int] = []
    for number, line in enumerate(lines, 1):
        text = line.decode("utf-8", errors="replace").strip()
        if text.startswith(">"):
            heads.append(_header(text[1:].strip()))
            bodies.append([])
            at.append(number)
        elif text:
            if not heads:
                raise FastaError(f"{source} is no FASTA: its first record does not begin with '>'")
            bodies[-1].append(text)
    keys = [key for key in dict.fromkeys(key for head in heads for key in head) if key != "id"]
    names = ("id", "sequence", *keys)
    rows = [
        [head["id"], "".join(body), *(head.get(key, "") for key in keys)]
        for head, body in zip(heads, bodies, strict=True)
    ]
    labels = tuple(key for key in keys if key.lower() not in _NO_LABELS)
    return of_rows(source, names, rows, at, labels=labels, mend="write labels into the headers, as in >id label=1")


def _header(text: str) -> dict[str, str]:
    name, rest = [*text.split(maxsplit=1), "", ""][:2]
    found = {key: value.strip("\"'") for key, value in _PAIR.findall(rest)}
    if not found and rest.strip() and len(rest.split()) == 1:
        found["label"] = rest.strip()
    fields = name.split("|")
    if not found and len(fields) > 1:
        if fields[-1].lower() in _PARTS:
            found["split"] = fields.pop()
        if len(fields) > 1:
            found["label"] = fields.pop()
    if place := NAME.fullmatch(fields[0]):
        found |= dict(zip(PLACE, (text or "." for text in place.groups()), strict=True))
    return {"id": "|".join(fields), **found}
