"""Draw pictures of the documentation: what the shipped models know, or those of tables in results/.

python scripts/pictures.py [--out docs/images]            the picture of the README, measured anew
python scripts/pictures.py --tables [--out docs/images]   those whose tables are in results/, without measuring
"""

import argparse
import csv
import runpy
from collections.abc import Callable
from pathlib import Path

from dnalect.core.figures import Estimate
from dnalect.jobs import vocabulary_compare
from dnalect.jobs.demo.job import knowledge
from dnalect.report.learning import pretraining_curve
from dnalect.training.logs import read_log
from studies.vocabulary import choose as vocabulary_choose

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"


def vocabularies(path: Path, out: Path) -> None:
    """Draw the sizes of vocabularies from their table."""
    with path.open(encoding="utf-8") as lines:
        found = list(csv.DictReader(lines, delimiter="\t"))
    rows = []
    for row in found:
        kmers = row["vocabulary"].endswith("-mers")
        label = "k = " + row["vocabulary"].removesuffix("-mers") if kmers else row["vocabulary"].removeprefix("BPE ")
        random = float(row["seen_in_random"]) if row["seen_in_random"] else None
        shares = [float(row[key]) for key in ("once", "rare", "mean_count", "compression")]
        size = (int(row["words"]), int(row["tokens"]), float(row["bases"]), float(row["seen"]))
        rows.append(vocabulary_compare.Cost("k-mers" if kmers else "byte pairs", label, *size, random, *shares))
    vocabulary_compare.draw(rows, out)


def choice(path: Path, out: Path) -> None:
    """Draw the choice of a vocabulary by bits from its table."""
    with path.open(encoding="utf-8") as lines:
        found = [row for row in csv.DictReader(lines, delimiter="\t") if row["k"] == "mean"]
    rows = [
        vocabulary_choose.Row(
            row["predictor"],
            int(row["words"]) if row["words"] else None,
            float(row["bases"]) if row["bases"] else None,
            0,
            Estimate(*(float(row[key]) for key in ("accuracy", "low", "high"))),
            Estimate(*(float(row[key]) for key in ("bits", "bits_low", "bits_high"))),
        )
        for row in found
    ]
    best = min((row for row in rows if row.words is not None), key=lambda row: row.bits.mean)
    vocabulary_choose.draw(rows, best.predictor, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--tables", action="store_true", help="those of the tables in results/; nothing is measured")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    if not options.tables:
        genes, learned = knowledge(out / "knows.png")
        print(f"{out / 'knows.png'}: {genes.count} genes, {learned.tested} windows")
        return
    search: Callable[[Path, Path], None] = runpy.run_path(str(ROOT / "scripts/search.py"))["draw"]
    search(RESULTS / "search/runs.tsv", out / "search.png")
    vocabularies(RESULTS / "vocabulary/compare/vocabulary.tsv", out / "vocabulary-compare.png")
    choice(RESULTS / "vocabulary/choice/choice.tsv", out / "vocabulary-choice.png")
    entries = read_log(RESULTS / "duplex-yeast-2/log.jsonl")
    pretraining_curve(entries, "duplex-yeast-2", out / "duplex-yeast-learning-curve.png")


if __name__ == "__main__":
    main()
