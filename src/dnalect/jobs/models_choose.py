"""Which model to take: what was measured, what answers better, and what fits licence, context and hardware."""

from collections.abc import Callable
from dataclasses import dataclass

from dnalect.jobs.options import Wishes
from dnalect.models.card import Card
from dnalect.models.catalogue import PUBLISHED, PublishedCard, embedded_cards
from dnalect.models.worth import known, of_model

# What answers a question about human variants better than a language model of one genome. question: as in worth.tsv.
BETTER = (
    ("does it break a splice site?", "SpliceAI, Pangolin", "Splice sites"),
    ("how likely is it to be deleterious, anywhere in the genome?", "CADD, GPN-MSA", "Common over rare"),
    ("is a missense variant pathogenic?", "AlphaMissense, CADD", ""),
    ("does it change expression or chromatin?", "AlphaGenome, Borzoi, Enformer", "Reporter assays (MPRA)"),
)
HUMAN = "H. sapiens"
# Beside the weights: activations of a batch and the libraries.
WORK = 1.2
SHOWN = 3
CAUSAL = ("decoder", "hyenadna", "evo", "evo2")


@dataclass(frozen=True)
class Candidate:
    """A model that has a name, as the choice sees it. cost: parameters that read one base.

    ships: inside the package, and knows its own species alone. one_pass: it predicts every base from all others in one.
    """

    name: str
    family: str
    parameters: int
    cost: float
    context: int
    species: str
    many_species: bool
    commercial: bool | None
    ships: bool = False
    one_pass: bool = False

    def gigabytes(self, bytes_each: int) -> float:
        """Memory that it takes at work."""
        return WORK * self.parameters * bytes_each / 1e9


@dataclass(frozen=True)
class Verdict:
    """A candidate with the reasons for it and against it; ruled out where `against` is not empty."""

    candidate: Candidate
    points: float
    reasons: tuple[str, ...]
    against: tuple[str, ...]


def candidates() -> list[Candidate]:
    """Return all models that have a name."""
    return [*map(_embedded, embedded_cards()), *map(_published, PUBLISHED.values())]


def _embedded(card: Card) -> Candidate:
    return Candidate(
        name=card.id,
        family=card.family,
        parameters=card.parameters,
        cost=card.parameters,
        context=card.context_bases,
        species=card.species,
        many_species=len(card.genomes) > 1,
        commercial=True,
        ships=True,
        one_pass=card.one_pass,
    )


def _published(card: PublishedCard) -> Candidate:
    return Candidate(
        name=card.name,
        family=card.family,
        parameters=card.parameters,
        cost=(card.parameters - card.tables) * card.context_tokens / card.context_bases,
        context=card.context_bases,
        species=card.species,
        many_species=card.many_species,
        commercial=card.commercial,
    )


def judged(wishes: Wishes) -> list[Verdict]:
    """Return all candidates, those that are not ruled out first, each kind by points."""
    verdicts = [_verdict(candidate, wishes) for candidate in candidates()]
    return sorted(verdicts, key=lambda verdict: (bool(verdict.against), -verdict.points, verdict.candidate.cost))


def _verdict(candidate: Candidate, wishes: Wishes) -> Verdict:
    against = tuple(_ruled_out(candidate, wishes))
    given = [JUDGES[goal](candidate) for goal in wishes.goals]
    if wishes.species:
        given.append(_knows(candidate, wishes.species))
    reasons = [reason for _, reason in given if reason]
    return Verdict(candidate, sum(points for points, _ in given), tuple(reasons), against)


def _ruled_out(candidate: Candidate, wishes: Wishes) -> list[str]:
    out = []
    if wishes.context > candidate.context:
        out.append(f"reads about {candidate.context:,} bases at once")
    if wishes.commercial and candidate.commercial is False:
        out.append("its licence forbids commercial use")
    if wishes.commercial and candidate.commercial is None:
        out.append("its licence is not known here")
    if wishes.memory is not None and candidate.gigabytes(2) > wishes.memory:
        out.append(f"needs about {candidate.gigabytes(2):.1f} GB even in bfloat16")
    if candidate.ships and wishes.species and not _same(candidate.species, wishes.species):
        out.append(f"knows {candidate.species} only")
    return out


def _knows(candidate: Candidate, species: str) -> tuple[float, str]:
    if _same(candidate.species, species):
        return 2, f"learned from {candidate.species}"
    if candidate.many_species:
        return 1, f"learned from many species ({candidate.species})"
    return 0, f"learned from {candidate.species}, not from {species}: an extrapolation"


def _same(known: str, wanted: str) -> bool:
    alias = {"human": "homo sapiens", "yeast": "saccharomyces cerevisiae"}
    return alias.get(wanted.lower(), wanted.lower()) in known.lower()


def _accuracy(candidate: Candidate) -> tuple[float, str]:
    if candidate.family == "nucleotide_transformer" and not candidate.ships:
        version = "2" if "v2" in candidate.name else "1"
        points = 2.0 if candidate.many_species and candidate.parameters > 2e8 else 1.0
        best = ": GUE average 66.93, 0.13 above DNABERT-2 at 22 times its size" if candidate.parameters > 2e9 else ""
        return points, f"Nucleotide Transformer {version}{best if candidate.many_species else ''}"
    if candidate.family == "dnabert2":
        return 2, "GUE average 66.80, within 0.13 of a Nucleotide Transformer of 22 times its size"
    if candidate.name == "dnabert-3":
        return 0, "GUE average 61.62, 5 below DNABERT-2"
    return 0, ""


def _speed(candidate: Candidate) -> tuple[float, str]:
    points = 3 if candidate.cost < 2e6 else 2 if candidate.cost < 25e6 else 1 if candidate.cost < 60e6 else 0
    return points, f"{candidate.cost / 1e6:.1f} million parameters read each base"


def _variants(candidate: Candidate) -> tuple[float, str]:
    if candidate.one_pass:
        return 3, "gives the probabilities of every base in one pass, nothing has to be masked"
    if candidate.ships:
        return 1, "one token is one base, in a masked pass for each site"
    if candidate.family == "logo":
        return 0, "as published it reads to the left only, and no checkpoint has its regulatory heads"
    if candidate.family in ("grover", "dnabert2"):
        return 1, "one masked pass for each count of tokens; most SNVs change the tokens around them"
    if candidate.family == "nucleotide_transformer":
        return 1.5, "one token holds the site, in one masked pass for each of its six frames"
    if candidate.family == "caduceus":
        return 1.5, "one token is the site, in one masked pass, which reads the bases of both sides"
    if candidate.family in CAUSAL:
        return 1, "causal: a pass over the whole window for each allele and strand"
    return 0.5, "a site lies in k tokens, which are hidden together"


def _resources(candidate: Candidate) -> tuple[float, str]:
    small = 1.5 if candidate.gigabytes(4) < 0.3 else 1 if candidate.gigabytes(4) < 0.7 else 0
    cheap = 1 if candidate.cost < 25e6 else 0
    return (
        small + cheap,
        f"about {candidate.gigabytes(4):.2f} GB in float32, {candidate.cost / 1e6:.1f} million per base",
    )


def _species(candidate: Candidate) -> tuple[float, str]:
    return (2, f"learned from {candidate.species}") if candidate.many_species else (0, "")


JUDGES: dict[str, Callable[[Candidate], tuple[float, str]]] = {
    "accuracy": _accuracy,
    "speed": _speed,
    "variants": _variants,
    "resources": _resources,
    "species": _species,
}


def advice(wishes: Wishes) -> str:
    """Return as text what was measured, what answers better, and which models fit, with the reasons."""
    lines = _measured(wishes) if {"variants", "accuracy"} & set(wishes.goals) else []
    verdicts = judged(wishes)
    fitting = [verdict for verdict in verdicts if not verdict.against]
    lines += ["Models that fit, by licence, context, hardware, species and what their authors state:"]
    if not fitting:
        lines += ["  no model that dnalect knows fits all of this" + _beyond(wishes)]
    for place, verdict in enumerate(fitting[:SHOWN]):
        arrow = "->" if place == 0 and not _human_variants(wishes) else "  "
        lines.append(f"  {arrow} {verdict.candidate.name}")
        lines += [f"       {reason}" for reason in verdict.reasons]
        lines += [f"       {reason}" for reason in _conditions(verdict.candidate, wishes)]
    if out := [verdict for verdict in verdicts if verdict.against]:
        lines += ["", "Ruled out:"]
        lines += [f"  {verdict.candidate.name}: {'; '.join(verdict.against)}" for verdict in out]
    lines += ["", "dnalect models show NAME tells more. Compare on data of your own before you rely on any."]
    return "\n".join(lines)


def _measured(wishes: Wishes) -> list[str]:
    """What is known of how well variants are judged: by the models that ship, and by whom better."""
    lines: list[str] = []
    human = _human_variants(wishes)
    if human:
        lines += ["For human variants none of the models here is good enough alone. Better, by question:"]
        for question, tools, measured in BETTER:
            own = [each for each in known() if (each.figure.task, each.figure.species) == (measured, HUMAN)]
            lines.append(f"  {question} {tools}")
            lines += [f"       {each.figure.who}, {each.told()}" for each in own]
        lines.append("")
    shipped = [card for card in embedded_cards() if not wishes.species or _same(card.species, wishes.species)]
    for card in shipped if not (human and wishes.species) else ():
        if figures := of_model(card.id):
            lines.append(f"What {card.id} was measured to know (0.5 is chance; docs/worth.md):")
            lines += [f"  {question}, {each.told()}" for question, all_ in figures.items() for each in all_]
            lines.append("")
    lines += [
        "Published checkpoints were not measured here: the order below does not say which judges variants best.",
        "",
    ]
    return lines


def _human_variants(wishes: Wishes) -> bool:
    return "variants" in wishes.goals and (not wishes.species or _same("Homo sapiens", wishes.species))


def _beyond(wishes: Wishes) -> str:
    longest = max(candidate.context for candidate in candidates())
    if wishes.context > longest:
        return (
            f": none reads more than {longest:,} bases at once. Cut the windows, or take a long-context model elsewhere"
        )
    return "; dnalect pretrain trains one of your own"


def _conditions(candidate: Candidate, wishes: Wishes) -> list[str]:
    out = []
    if wishes.memory is not None and candidate.gigabytes(4) > wishes.memory:
        out.append(f"fits {wishes.memory:g} GB in bfloat16 only (--dtype bfloat16)")
    if candidate.ships and not wishes.species:
        out.append(f"knows {candidate.species} only")
    if candidate.family == "logo":
        out.append("not on the hub, and pretrained to read to the left only: see dnalect models show")
    if candidate.commercial is False:
        out.append("its licence (CC BY-NC-SA 4.0) forbids commercial use")
    if candidate.commercial is None:
        out.append("its licence is not known here: read the hub's page first")
    return out
