"""What small models of each family, trained alike, reached on held-out yeast: the table that `models choose` weighs.

measured.tsv is results/recipes/recipes.tsv, as `dnalect evaluate recipes` wrote it.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from dnalect.core.figures import Estimate

FILE = "measured.tsv"


@dataclass(frozen=True)
class Measured:
    """A family's small model.

    bits: a base on held-out sequence, given all others. free: the same where nothing like it was
    trained on. auroc: common over singleton variants.
    rank: by `free` among the families, 1 the best; of: how many there are.
    """

    model: str
    bits: Estimate
    free: Estimate
    auroc: Estimate
    rank: int
    of: int


@cache
def measured() -> dict[str, Measured]:
    """Return family -> figures of its small model, {} where no table is shipped."""
    path = resources.files("dnalect.models") / FILE
    if not path.is_file():
        return {}
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    rows = [row for row in rows if row["family"]]
    best: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: float(row["free_bits"])):
        best.setdefault(row["family"], row)
    return {
        family: Measured(
            row["model"],
            _estimate(row, "bits", "low", "high"),
            _estimate(row, "free_bits", "free_low", "free_high"),
            _estimate(row, "auroc", "auroc_low", "auroc_high"),
            rank,
            len(best),
        )
        for rank, (family, row) in enumerate(best.items(), 1)
    }


def _estimate(row: dict[str, str], *names: str) -> Estimate:
    return Estimate(*(float(row[name]) for name in names))
