"""A scan out: Parquet, one file a contig in a folder, and bigWig, one file a track."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from dnalect.core.errors import OutputError
from dnalect.core.records import Codes
from dnalect.core.stored import piece_crcs
from dnalect.genome.bigwig import BigWig
from dnalect.genome.fasta import Genome
from dnalect.inference.precomputed import MANIFEST, PIECE, RATIOS, digest
from dnalect.inference.scan import Ratios, information, log_probs_of, lowest, reference_probability
from dnalect.jobs.scan.plan import Chunk, Plan
from dnalect.tokens.bases import encode

SUFFIXES = (".parquet", ".bw")
TRACKS = ("information", "reference", "minimum")
LETTERS = pa.array(list("ACGTN"))
SCHEMA = pa.schema(
    [
        pa.field("contig", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("ref", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        *(pa.field(name, pa.float16()) for name in RATIOS),
    ]
)
LONGEST_NAME = 200


@dataclass(frozen=True)
class Piece:
    """A finished chunk with what the outputs need. ratios: (n, 4)."""

    chunk: Chunk
    genome: Genome
    ratios: Ratios

    @cached_property
    def positions(self) -> npt.NDArray[np.int64]:
        """0-based (n,)."""
        return self.chunk.positions

    @cached_property
    def ref(self) -> Codes:
        """Base codes of the reference (n,)."""
        return encode(self.genome.contig(self.genome.names[self.chunk.contig])[self.positions])

    @cached_property
    def tracks(self) -> dict[str, npt.NDArray[np.float32]]:
        """The values of each of TRACKS (n,), NaN at unknown bases."""
        log_probs = log_probs_of(self.ratios)
        values = (information(log_probs), reference_probability(log_probs, self.ratios), lowest(self.ratios))
        return dict(zip(TRACKS, values, strict=True))


class Output(Protocol):
    """Takes every chunk, in order; `finish` completes the files and `close` gives them up."""

    def add(self, piece: Piece) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


def paths_of(output: str) -> list[Path]:
    """Return what -o makes: a folder for .parquet, a file a track for .bw. OutputError for other suffixes."""
    path = Path(output)
    if path.suffix not in SUFFIXES or path.name in SUFFIXES:
        raise OutputError(f"the output {output} has none of the suffixes {', '.join(SUFFIXES)} after a name")
    if path.suffix == ".parquet":
        return [path]
    return [path.with_name(f"{path.stem}.{track}.bw") for track in TRACKS]


def open_output(path: Path, plan: Plan, facts: dict[str, str]) -> Output:
    """Begin one of the paths above. facts: provenance, name -> value."""
    if path.suffix == ".parquet":
        return ParquetOutput(path, plan, facts)
    return TrackOutput(path, plan, path.stem.rpartition(".")[2])


class ParquetOutput:
    """A folder with a file a contig and a manifest."""

    def __init__(self, folder: Path, plan: Plan, facts: dict[str, str]):
        self.folder, self.plan, self.facts = folder, plan, facts
        self.schema = SCHEMA.with_metadata({f"dnalect_{name}": value for name, value in facts.items()})
        self.files = file_names([plan.genome.names[n] for n in plan.contigs])
        self.rows = dict.fromkeys(plan.contigs, 0)
        self.contig = -1
        self.writer: pq.ParquetWriter | None = None
        folder.mkdir()

    def add(self, piece: Piece) -> None:
        if piece.chunk.contig != self.contig:
            self.close()
            self.contig = piece.chunk.contig
            path = self.folder / self.files[self.plan.genome.names[self.contig]]
            self.writer = pq.ParquetWriter(
                path,
                self.schema,
                compression="zstd",
                use_dictionary=["contig", "ref"],
                column_encoding={"position": "DELTA_BINARY_PACKED"},
            )
        assert self.writer is not None
        table = _table(piece, self.schema)
        self.writer.write_table(table, row_group_size=max(1, len(table)))
        self.rows[self.contig] += len(table)

    def finish(self) -> None:
        self.close()
        names, lengths = self.plan.genome.names, self.plan.genome.lengths
        contigs = [
            {
                "name": names[n],
                "length": int(lengths[n]),
                "file": (file := self.files[names[n]]),
                "rows": rows,
                "crc32": piece_crcs(self.folder / file, PIECE),
            }
            for n, rows in self.rows.items()
        ]
        manifest: dict[str, Any] = {"plan": self.plan.identity, "contigs": contigs, "provenance": self.facts}
        text = json.dumps(manifest | {"sha256": digest(manifest)}, indent=1, ensure_ascii=False) + "\n"
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None


def _table(piece: Piece, schema: pa.Schema) -> pa.Table:
    count = len(piece.positions)
    name = pa.array([piece.genome.names[piece.chunk.contig]])
    missing = np.isnan(piece.ratios)
    columns = [
        pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), name),
        pa.array((piece.positions + 1).astype(np.int32)),
        pa.DictionaryArray.from_arrays(pa.array(piece.ref.astype(np.int8)), LETTERS),
        *(pa.array(np.ascontiguousarray(piece.ratios[:, n]), mask=missing[:, n]) for n in range(4)),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


class TrackOutput:
    """One bigWig. kind: which of TRACKS."""

    def __init__(self, path: Path, plan: Plan, kind: str):
        self.kind = kind
        sizes = {n: int(length) for n, length in enumerate(plan.genome.lengths) if length}
        self.numbers = {n: number for number, n in enumerate(sizes)}
        self.file = BigWig(path, {plan.genome.names[n]: length for n, length in sizes.items()})

    def add(self, piece: Piece) -> None:
        values, at = piece.tracks[self.kind], 0
        for start, end in piece.chunk.spans:
            self.file.add(self.numbers[piece.chunk.contig], start, values[at : at + end - start])
            at += end - start

    def finish(self) -> None:
        self.file.finish()

    def close(self) -> None:
        self.file.close()


def file_names(contigs: list[str]) -> dict[str, str]:
    """Return a file name for every contig, safe on any system and unique in any case of letters.

    A plain name is kept (chrI.parquet); other characters are written as in a URL (%3A).
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for number, contig in enumerate(contigs):
        # A dot or underscore in front would hide the file from readers of the folder.
        safe = re.sub(r"^[._]|~", lambda found: f"%{ord(found[0]):02X}", quote(contig, safe=""))
        if len(safe) > LONGEST_NAME or safe.lower() in taken:
            safe = f"{safe[:LONGEST_NAME]}~{number}"
        taken.add(safe.lower())
        names[contig] = f"{safe}.parquet"
    return names
