"""What the models are meant to reach, and what was measured of it. A goal is a figure and a number, and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from dnalect.core import Estimate, Figure, plain, shown
from studies.worth.species import HUMAN, YEAST, Species


@dataclass(frozen=True)
class Goal:
    """what: for people. study, part, metric: of the figure, as its row has them. least: what it is to reach.

    against: name of the rival whose difference is meant, "" where it is the value itself.
    """

    what: str
    species: Species
    study: str
    part: str
    metric: str
    least: float
    against: str = ""

    def measured(self, rows: Sequence[Figure]) -> dict[str, Estimate]:
        """Return the figures that answer it, by model."""
        asked = (self.study, self.part, self.metric, self.species.name)
        own = [row for row in rows if (row.task, row.part, row.metric, row.species) == asked]
        if self.against:
            return {row.who: row.difference for row in own if row.against == self.against}
        return {row.who: row.value for row in own}

    def reached(self, value: Estimate) -> str:
        """Say whether a figure reaches it."""
        if value.mean < self.least:
            return "no"
        return "yes" if value.low >= self.least else "yes, but not with its whole interval"

    @property
    def asked(self) -> str:
        """The number in words."""
        return f"{plain(self.least, 2)} or more"


SAVED, FIT = "2 less the bits per base", "AUROC of LLR"
INTERPOLATED, MIXED = "Markov, interpolated, order 24", "Markov, mixed, order 24"
GOALS = (
    Goal(
        "Splice donors: G>A below G>A near by",
        *(HUMAN, "splice", "G>A at splice donors against other G within 3 kb", "AUROC of -LLR", 0.80),
    ),
    Goal(
        "Splice acceptors: G>A below G>A near by",
        *(HUMAN, "splice", "G>A at splice acceptors against other G within 3 kb", "AUROC of -LLR", 0.70),
    ),
    Goal(
        "CAGI5: changes with an effect above the rest of their substitution type",
        *(HUMAN, "human", "15 elements, within the substitution type", "mean AUROC of |LLR| over elements", 0.55),
    ),
    Goal(
        "The same, by what a change does to predictions around it (influence)",
        *(HUMAN, "influence", "15 elements, within the substitution type"),
        *("mean AUROC of influence (sum) over elements", 0.55),
    ),
    Goal(
        "Bits a base on chromosome XIV that the interpolated Markov model of order 24 needs more",
        *(YEAST, "likelihood", "all", SAVED, 0.13, INTERPOLATED),
    ),
    Goal(
        "Bits a base that the mixed Markov model of order 24 needs more in promoters",
        *(YEAST, "likelihood", "promoter", SAVED, 0.0, MIXED),
    ),
    Goal(
        "Bits a base that the mixed Markov model of order 24 needs more between genes",
        *(YEAST, "likelihood", "intergenic", SAVED, 0.0, MIXED),
    ),
    Goal(
        "Common promoter variants above singletons of their substitution type",
        *(YEAST, "promoters", "common over singletons, scores ranked within the type", FIT, 0.56),
    ),
    Goal(
        "The same, REF to ALT, with the bases of relatives beside the sequence, by a network of the other chromosomes",
        *(YEAST, "network-variants", "common over singletons, REF to ALT, within the type", "AUROC of network", 0.56),
    ),
    Goal(
        "A head that learns which promoter variants are common: model and relatives above relatives alone",
        *(YEAST, "effect", "common over singletons, within the type", "AUROC of head of model and relatives"),
        *(0.0, "head of relatives"),
    ),
    Goal("Synonymous above missense", YEAST, "strains", "synonymous over missense", FIT, 0.60),
    Goal(
        "The same, with the bases of relatives beside the sequence",
        *(YEAST, "network", "synonymous over missense", "AUROC of network", 0.60),
    ),
)


def goals_table(rows: Sequence[Figure]) -> str:
    """Return the goals in Markdown, a line for each model that was measured."""
    lines = ["| goal | to reach | model | measured | reached |", "|---|---|---|---|---|"]
    for goal in GOALS:
        head = f"| {goal.what}, *{goal.species.name}* | {goal.asked} "
        found = goal.measured(rows)
        lines += [f"{head}| `{who}` | {shown(value)} | {goal.reached(value)} |" for who, value in found.items()]
        lines += [] if found else [f"{head}| | | not measured |"]
    return "\n".join(lines) + "\n"
