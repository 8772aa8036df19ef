"""A scored VCF as a table with the columns of a scored TSV."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from dnalect.core.numbers import whole_number
from dnalect.genome.vcf import PREFIX, Record, VcfHeader, read_header, read_records
from dnalect.scored.fields import COLUMNS, FIELDS

_NUMBERED = re.compile(rb"##INFO=<ID=([^,>]+),Number=([^,>]+),Type=([^,>]+)")
_OURS = re.compile(rb"##dnalect_(\w+)=(.*?)\r?\n")
# Our INFO keys whose columns have another name; all others are the key in lower case.
_RENAMED = {
    "PCT": "percentile",
    "PER_BASE": "llr_per_base",
    "REFP": "ref_probability",
    "STRAND": "strand_gap",
    "SPREAD": "llr_spread",
    "PROTEIN": "protein_change",
}
_TEXTS = ("reason", "flags", "tokens")
_HEAD = ("chrom", "pos", "id", "ref", "alt", "class")
_KINDS = {column.name: column.kind for column in COLUMNS}


def read_vcf(first: bytes, lines: Iterator[bytes], path: str) -> tuple[pa.Table, dict[str, str]]:
    """Return one row for each alternate allele, and what the header says of the scores.

    Columns: those of a scored TSV where the VCF has them, then every other INFO key under its
    own name, one value an allele where the header says Number=A or R (or, of numbers, `.`). Raises VcfError.
    """
    header = read_header(chain([first], lines), path)
    numbers = {m[1].decode(): (m[2].decode(), m[3].decode()) for line in header.meta if (m := _NUMBERED.match(line))}
    names = {f"{PREFIX}{field.key}": _RENAMED.get(field.key, field.key.lower()) for field in FIELDS}
    taken = {*_KINDS, *names.values()}
    rows: list[dict[str, Any]] = []
    for record in read_records(lines, path, len(header.meta) + 2):
        rows += _rows(record, numbers, names, taken)
    return _table(rows), _provenance(header)


def _provenance(header: VcfHeader) -> dict[str, str]:
    found = (_OURS.match(line) for line in header.meta)
    return {each[1].decode(): each[2].decode(errors="replace") for each in found if each}


def _rows(
    record: Record, numbers: dict[str, tuple[str, str]], names: dict[str, str], taken: set[str]
) -> list[dict[str, Any]]:
    alternates = record.alternates or (".",)
    info = record.line.split(b"\t", 8)[7].rstrip(b"\r\n").decode(errors="replace")
    shared: list[tuple[str, list[Any]]] = []
    for entry in info.split(";") if info != "." else ():
        key, mark, text = entry.partition("=")
        number, kind = numbers.get(key, ("1", "String"))
        name = names.get(key) or (f"INFO_{key}" if key in taken else key)
        values = [_value(text if mark else "True", kind) for text in _split(text, number, kind, len(alternates))]
        if key.startswith(PREFIX):
            values = [unquote(each) if isinstance(each, str) else each for each in values]
        shared.append((name, values))
    rows = []
    for at, alt in enumerate(alternates):
        row: dict[str, Any] = dict(
            zip(_HEAD, (record.contig, record.start + 1, record.identifier, record.ref, alt, None), strict=True)
        )
        row |= {name: values[at] for name, values in shared}
        row["class"] = _class(record.ref, alt) if row.get("llr") is not None else None
        row["allele_count"] = record.counts[at] if record.counts else None
        row["allele_frequency"] = record.frequencies[at] if record.frequencies else None
        rows.append(row)
    return rows


def _split(text: str, number: str, kind: str, alternates: int) -> list[str]:
    """One text for each alternate; as many numbers as alternates are one each, even where the header says Number=."""
    parts = text.split(",")
    if number == "R" and len(parts) == alternates + 1:
        return parts[1:]
    each = number == "A" or (number == "." and kind in ("Float", "Integer"))
    return parts if each and len(parts) == alternates else [text] * alternates


def _value(text: str, kind: str) -> Any:
    if text in (".", ""):
        return None
    try:
        if kind == "Integer":
            return whole_number(text, -(1 << 62), 1 << 62)
        return float(text) if kind == "Float" else text
    except ValueError:
        return text


def _class(ref: str, alt: str) -> str:
    if len(ref) != len(alt) or not alt.isalpha():
        return "insertion" if len(alt) > len(ref) else "deletion"
    return ("none", "snv", "mnv")[min(2, sum(a != b for a, b in zip(ref.upper(), alt.upper(), strict=True)))]


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    order = [*_HEAD, *(column.name for column in COLUMNS[len(_HEAD) :])]
    seen = dict.fromkeys(name for row in rows for name in row)
    names = [name for name in order if name in seen] + [name for name in seen if name not in order]
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if any(isinstance(value, str) for value in values):
            values = [None if value is None else str(value) for value in values]
            columns[name] = pa.array(values, pa.string())
        else:
            columns[name] = pa.array(values, _KINDS.get(name))
    return pa.table(columns)
