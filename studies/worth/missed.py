"""Why a goal is missed: the experiments that show it, their figures looked up in the rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dnalect.core import Figure, shown, shown_difference
from studies.worth.goals import INTERPOLATED, MIXED, SAVED
from studies.worth.species import HUMAN, YEAST, Species


@dataclass(frozen=True)
class At:
    """Where a figure stands. who: a rival's own figure. against: the difference of the model to this rival."""

    study: str
    part: str
    metric: str
    who: str = ""
    against: str = ""

    def found(self, species: Species, rows: Sequence[Figure]) -> str:
        """Return the figure with its interval, "" where it was not measured."""
        place = (self.study, self.part, self.metric, species.name)
        for row in (row for row in rows if (row.task, row.part, row.metric, row.species) == place):
            if self.against and row.against == self.against:
                return shown_difference(row)
            if not self.against and self.who in ("", row.who):
                return shown(row.value)
        return ""


@dataclass(frozen=True)
class Why:
    """goal: in a few words. text: with the names of its figures in braces; left out where one was not measured."""

    goal: str
    species: Species
    text: str
    figures: dict[str, At] = field(default_factory=dict)

    def told(self, rows: Sequence[Figure]) -> str:
        """Return the sentences with their figures."""
        found = {name: at.found(self.species, rows) for name, at in self.figures.items()}
        return f"**{self.goal}.** {self.text.format(**found)}" if all(found.values()) else ""


def _bits(part: str, rival: str) -> At:
    return At("likelihood", part, SAVED, against=rival)


REGULATORY, WITHIN = "15 elements, within the substitution type", "common over singletons, within the type"
LIKE = "bound over unbound motifs of like fit and GC"
WHYS = (
    Why(
        "Bits, in yeast",
        YEAST,
        "What is missing is copying: in repeats a Markov model of order 24 finds the very sequence again, and the "
        "difference is {repeats} bits (plus: the model needs fewer). On what shares no word of 24 bases with the "
        "training chromosomes it is {free}, which is the goal; beside the mixed rival there, {promoter} in promoters "
        "and {intergenic} between genes.",
        {
            "repeats": _bits("repeats", INTERPOLATED),
            "free": _bits("homology-free", INTERPOLATED),
            "promoter": _bits("promoter, homology-free", MIXED),
            "intergenic": _bits("intergenic, homology-free", MIXED),
        },
    ),
    Why(
        "Common over singletons",
        YEAST,
        "It can be told: a head that sees only the alignment of relatives reaches {relatives} within the type. The "
        "model sees one sequence, and its information agrees with conservation at a Spearman of {agreement} only: "
        "selection on promoters is written in relatives, hardly in the grammar of one genome of this size.",
        {
            "relatives": At("effect", WITHIN, "AUROC of head of relatives", who="head of relatives"),
            "agreement": At("conservation", "all", "Spearman of information with conservation"),
        },
    ),
    Why(
        "Synonymous above missense",
        YEAST,
        "Within a change of bases at a codon position, what keeps the amino acid is decided by the codon, so that the "
        "comparison ranks codons: codon usage alone has {usage}. Less its own log-ratio of the same three bases out of "
        "frame the model has {frame}: it knows little of the code itself. More is said below.",
        {
            "usage": At("codons", "synonymous over missense", "AUROC of codon usage", who="codon usage"),
            "frame": At("codons", "synonymous over missense", "AUROC of LLR less that out of frame"),
        },
    ),
    Why(
        "CAGI5, by the log-ratio",
        HUMAN,
        "The elements act through binding sites, and the model does not know these: motifs of factors in their peaks "
        "are hardly likelier to it than motifs that fit as well elsewhere, {bound}. Conservation, which it does not "
        "see, has {gerp} within the type. What a change does to the predictions around it tells more than what is said "
        "of the base itself: {influence}.",
        {
            "bound": At(
                "regulation",
                "bound over unbound motifs of like fit and GC",
                "AUROC of ln p(reference) less that near by",
            ),
            "gerp": At("human", REGULATORY, "mean AUROC of GERP over elements", who="GERP"),
            "influence": At("influence", REGULATORY, "mean AUROC of influence (sum) over elements"),
        },
    ),
)


def whys(rows: Sequence[Figure]) -> list[str]:
    """Return why goals are missed, a text each."""
    return [told for told in (why.told(rows) for why in WHYS) if told]
