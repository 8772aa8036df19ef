"""Windows of a real genome, laid out in folders as the public suites are when downloaded."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pyarrow
import pyarrow.parquet

URL = "http://ftp.example.org/pub/fasta/Saccharomyces_cerevisiae.R64.dna.toplevel.fa.gz"


@dataclass(frozen=True)
class Window:
    """start: 0-based, on chrI of yeast. label: number of the class."""

    start: int
    sequence: str
    label: int

    @property
    def end(self) -> int:
        return self.start + len(self.sequence)


def chromosome() -> str:
    """chrI of yeast, upper case."""
    with resources.files("dnalect.demo_data").joinpath("yeast_chrI.fa.gz").open("rb") as file:
        return gzip.decompress(file.read()).decode().partition("\n")[2].replace("\n", "").upper()


def windows(count: int, classes: int = 2, size: int = 60, step: int = 400) -> list[Window]:
    """Windows that don't overlap; the class is the rank of their share of G and C, so that it can be learned."""
    text = chromosome()
    starts = [30_000 + step * number for number in range(count)]
    shares = sorted((sum(map(text[start : start + size].count, "GC")), start) for start in starts)
    label = {start: rank * classes // count for rank, (_, start) in enumerate(shares)}
    return [Window(start, text[start : start + size], label[start]) for start in starts]


def dealt(rows: Sequence[Window], parts: Sequence[str]) -> dict[str, list[Window]]:
    """Four of six windows of each class are for train, the others for the parts after it, in turn."""
    found: dict[str, list[Window]] = {part: [] for part in parts}
    for label in {row.label for row in rows}:
        for number, row in enumerate(each for each in rows if each.label == label):
            turn = number % 6
            found[parts[0] if turn < 4 else parts[1 + turn % (len(parts) - 1)]].append(row)
    return found


def reference(path: Path, name: str = "chrI") -> Path:
    """Write the chromosome as a FASTA."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f">{name}\n{chromosome()}\n")
    return path


def gue(folder: Path, rows: Sequence[Window]) -> Path:
    """GUE/EMP/H3/{train,dev,test}.csv"""
    folder.mkdir(parents=True)
    for part, mine in dealt(rows, ("train", "dev", "test")).items():
        lines = ["sequence,label", *(f"{row.sequence},{row.label}" for row in mine)]
        (folder / f"{part}.csv").write_text("\n".join(lines) + "\n")
    return folder


def sequences(folder: Path, rows: Sequence[Window], classes: Sequence[str]) -> Path:
    """Genomic Benchmarks as download_dataset writes them: NAME/train/CLASS/ID.txt, without a newline."""
    for part, mine in dealt(rows, ("train", "test")).items():
        for name in classes:
            (folder / part / name).mkdir(parents=True)
        for row in mine:
            (folder / part / classes[row.label] / f"{row.start}.txt").write_text(row.sequence)
    return folder


def intervals(folder: Path, rows: Sequence[Window], classes: Sequence[str], urls: Sequence[str] = (URL, URL)) -> Path:
    """Genomic Benchmarks as its repository has them: NAME/metadata.yaml and NAME/train/CLASS.csv.gz."""
    folder.mkdir(parents=True)
    told = "".join(
        f"  {name}:\n    extra_processing: ENSEMBL_X\n    type: fa.gz\n    url: {url}\n"
        for name, url in zip(classes, urls, strict=True)
    )
    (folder / "metadata.yaml").write_text(f"classes:\n{told}version: 0\n")
    for part, mine in dealt(rows, ("train", "test")).items():
        (folder / part).mkdir()
        for label, name in enumerate(classes):
            strand = ("+", "", "-")[label]
            lines = ["id,region,start,end,strand"]
            lines += [f"{row.start},chrI,{row.start},{row.end},{strand}" for row in mine if row.label == label]
            (folder / part / f"{name}.csv.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return folder


def transformer(folder: Path, rows: Sequence[Window], forms: Sequence[str] = ("fna", "parquet")) -> Path:
    """A Nucleotide Transformer task, revised: TASK/{train,test}.{fna,parquet}, named by place."""
    folder.mkdir(parents=True)
    for part, mine in dealt(rows, ("train", "test")).items():
        names = [f"chrI:{row.start}-{row.end}" for row in mine]
        if "fna" in forms:
            records = [f">{name}|{row.label}\n{row.sequence}\n" for name, row in zip(names, mine, strict=True)]
            (folder / f"{part}.fna").write_text("".join(records))
        if "parquet" in forms:
            columns = {
                "sequence": [row.sequence for row in mine],
                "name": names,
                "label": [row.label for row in mine],
                "task": [folder.name] * len(mine),
            }
            pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"{part}.parquet")
    return folder
