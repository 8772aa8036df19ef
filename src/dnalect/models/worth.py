"""What was measured of the models that ship: the figures that `models list` and `models choose` show.

worth.tsv is results/worth/head.tsv, as `python -m studies worth --page` wrote it. bias.tsv holds the rows of
results/bias, which `dnalect evaluate bias` wrote, that compare with a Markov model.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

from dnalect.core.figures import Figure, against_chance, figures_of, shown, shown_difference

FILE, BIAS = "worth.tsv", "bias.tsv"
# Kinds of sequence that are told of a model, at most.
WORST = 3
# What only says that it is nothing of its kind.
REST = (": not", ": outside", ": neither")
HEADLINE = "Common over rare"


@dataclass(frozen=True)
class Known:
    """A figure of a model (task: the question, such as "Splice sites"; part: which items), and its best rival's."""

    figure: Figure
    rival: Figure | None

    def told(self) -> str:
        """Return the figure as text, with its interval and the best rival."""
        value, verdict = shown(self.figure.value, 2), against_chance(self.figure).partition(":")[0]
        rival = f"; {self.rival.who}: {self.rival.value.mean:.2f}" if self.rival else ""
        return f"{self.figure.part}: AUROC {value}, {verdict}{rival}"


@cache
def known() -> tuple[Known, ...]:
    """Return all figures, in the order of docs/worth.md's table; () where no table is shipped."""
    path = resources.files("dnalect.models") / FILE
    if not path.is_file():
        return ()
    every = figures_of(path.read_text(encoding="utf-8").splitlines(), FILE)
    found = {(each.task, each.part, each.who): each for each in every}
    rivals = {(each.task, each.part, each.against) for each in every}
    own = [each for key, each in found.items() if key not in rivals]
    return tuple(Known(each, found.get((each.task, each.part, each.against))) for each in own)


def of_model(model: str) -> dict[str, list[Known]]:
    """Return question -> figures of a model, {} where nothing was measured."""
    found: dict[str, list[Known]] = {}
    for each in known():
        if each.figure.who == model:
            found.setdefault(each.figure.task, []).append(each)
    return found


def headline(model: str) -> Known | None:
    """Return the figure by which models are listed and chosen: of the question that is asked of every species."""
    return next(iter(of_model(model).get(HEADLINE, ())), None)


@cache
def weak() -> tuple[Figure, ...]:
    """Return where models that ship are less ahead of a Markov model than elsewhere, surely; the worst first."""
    path = resources.files("dnalect.models") / BIAS
    every = figures_of(path.read_text(encoding="utf-8").splitlines(), BIAS) if path.is_file() else []
    surely = (each for each in every if each.difference.high < 0 and not each.part.endswith(REST))
    return tuple(sorted(surely, key=lambda each: each.difference.mean))


def worse_in(model: str) -> list[str]:
    """Return the kinds of sequence that a model is worst at, in words, with how much; [] where nothing was measured."""
    found = [each for each in weak() if each.who == model][:WORST]
    return [f"{each.part}, {shown_difference(each, 2)} bits" for each in found]
