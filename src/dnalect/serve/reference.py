"""A genome as a FASTA that igv.js reads by ranges, whatever the file is: out of the packed genome of the cache."""

import re

from fastapi import Response

from dnalect.core.errors import InputError
from dnalect.genome.fasta import Genome

RANGE = re.compile(r"bytes=(\d+)-(\d*)")
# Bases of one answer.
MOST = 1 << 22


def index_of(genome: Genome) -> str:
    """Return the index (.fai) of the bases, every contig on one line of its own and nothing between them."""
    rows = zip(genome.names, genome.lengths.tolist(), genome.offsets.tolist(), strict=True)
    return "".join(f"{name}\t{length}\t{offset}\t{length}\t{length}\n" for name, length, offset in rows)


def part_of(genome: Genome, asked: str | None) -> Response:
    """Return the bases that a Range header asks for. Raises InputError for one that isn't `bytes=FIRST-LAST`."""
    size, found = len(genome.bases), RANGE.fullmatch(asked or "")
    if not found:
        raise InputError("the bases are read by ranges: send a header Range: bytes=FIRST-LAST")
    first = int(found[1])
    last = min(int(found[2]) if found[2] else size - 1, size - 1, first + MOST - 1)
    if not first <= last:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    headers = {"content-range": f"bytes {first}-{last}/{size}", "accept-ranges": "bytes"}
    return Response(genome.bases.span(first, last + 1).tobytes(), 206, headers, "application/octet-stream")
