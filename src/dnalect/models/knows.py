"""What was measured of the models that ship: the figures that `models list` and `models choose` show.

worth.tsv is results/worth/head.tsv, as `python -m studies worth --page` wrote it.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

FILE = "worth.tsv"


@dataclass(frozen=True)
class Known:
    """One figure. question: such as "Splice sites". what: on which items. value: AUROC, 0.5 knows nothing.

    low, high: its 95% interval. verdict: in words, against chance. rival, rival_value: the best simple rival.
    """

    question: str
    model: str
    species: str
    what: str
    value: float
    low: float
    high: float
    verdict: str
    rival: str
    rival_value: float

    def told(self) -> str:
        """Return the figure as text, with its interval and the best rival."""
        rival = f"; {self.rival}: {self.rival_value:.2f}" if self.rival else ""
        return f"{self.what}: AUROC {self.value:.2f} [{self.low:.2f}, {self.high:.2f}], {self.verdict}{rival}"


@cache
def known() -> tuple[Known, ...]:
    """Return all figures, in the order of docs/worth.md's table; () where no table is shipped."""
    path = resources.files("dnalect.models") / FILE
    if not path.is_file():
        return ()
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return tuple(_known(row) for row in rows)


def _known(row: dict[str, str]) -> Known:
    value, low, high, rival = (float(row[name] or "nan") for name in ("value", "low", "high", "rival_value"))
    question, model, species, what = (row[name] for name in ("question", "model", "species", "what"))
    return Known(question, model, species, what, value, low, high, row["verdict"], row["rival"], rival)


def of_model(model: str) -> dict[str, list[Known]]:
    """Return question -> figures of a model, {} where nothing was measured."""
    found: dict[str, list[Known]] = {}
    for each in known():
        if each.model == model:
            found.setdefault(each.question, []).append(each)
    return found


def in_short(model: str) -> str:
    """Return a model's figures in a few words: `splice sites 0.42, 0.50; common over rare 0.54`."""
    return "; ".join(
        f"{question.lower()} {', '.join(f'{each.value:.2f}' for each in figures)}"
        for question, figures in of_model(model).items()
    )
