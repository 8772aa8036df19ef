"""The seam: the name of a view -> what computes it. A new kind of explanation is one line of VIEWS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dnalect.core.errors import ConfigError, ModelError
from dnalect.core.nearest import did_you_mean
from dnalect.core.reporter import track
from dnalect.core.views import View
from dnalect.models.model import Abilities
from dnalect.why import attention_view, dependency, gradient_view, influence, substitutions
from dnalect.why.motifs import view as motifs
from dnalect.why.nulls import nulls_of
from dnalect.why.subject import Subject

Compute = Callable[[], View]


@dataclass(frozen=True)
class Entry:
    """A kind of view.

    text: one sentence for the help. compute: gives it. refuses: says why a model can't have it, "" where it can.
    longest: most bases of a place. needs_variant: whether it is of a variant alone. settled: gives the subject that
    nulls are made of, with whatever `compute` chooses by itself.
    """

    text: str
    compute: Callable[[Subject], View]
    refuses: Callable[[Abilities], str] = lambda can: ""
    longest: int = 2_000
    needs_variant: bool = False
    settled: Callable[[Subject], Subject] = lambda subject: subject


def _says_nothing(can: Abilities) -> str:
    return "" if can.likelihood or can.targets else "it neither says how likely bases are nor predicts anything"


def _says_one_side(can: Abilities) -> str:
    return dependency.refuses(can) if can.likelihood == "causal" else _says_nothing(can)


def _looks_at_nothing(can: Abilities) -> str:
    return "" if can.attentions else "it has no attention; transformers have (dnalect models list)"


VIEWS: dict[str, Entry] = {
    "substitutions": Entry("what every substitution of a base changes", substitutions.view, _says_nothing),
    "influence": Entry(
        "what a variant changes in the predictions around it", influence.view, dependency.refuses, needs_variant=True
    ),
    "dependency": Entry(
        "how a substitution at each base moves what is expected at each other",
        dependency.view,
        dependency.refuses,
        1_000,
    ),
    "motifs": Entry("stretches that stand out, and the known motifs that they are", motifs.view, _says_nothing, 1_000),
    "gradients": Entry("what each base adds to what the model says", gradient_view.view, _says_one_side, 500),
    "attention": Entry(
        "which bases each base looks at; it is no mechanism",
        attention_view.view,
        _looks_at_nothing,
        400,
        settled=attention_view.settled,
    ),
}


# What is shown unless somebody says: of a place, and of a variant where one pass tells of all bases.
OF_PLACES = ("substitutions",)
OF_VARIANTS = ("substitutions", "influence", "dependency")


def usual(can: Abilities, variants: bool) -> tuple[str, ...]:
    """Return the views that a model shows unless somebody says which. variants: whether there are only these."""
    return OF_VARIANTS if variants and can.likelihood == "leave_one_out" else OF_PLACES


def names_of(text: str | Sequence[str]) -> tuple[str, ...]:
    """Return the views that texts with commas name, each once, in that order. Raises ConfigError for another."""
    given = [text] if isinstance(text, str) else list(text)
    names = [part.strip() for each in given for part in each.split(",") if part.strip()]
    for name in names:
        if name not in VIEWS:
            hint = did_you_mean(name, VIEWS) or f" There are {', '.join(VIEWS)}."
            raise ConfigError(f"there is no view {name!r}.{hint}")
    if not names:
        raise ConfigError(f"name what to show: {', '.join(VIEWS)}, or several with commas between them")
    return tuple(dict.fromkeys(names))


def check(subject: Subject, names: Sequence[str]) -> None:
    """Raise ModelError for a view that the model can't give, ConfigError for a place or subject that it is not of."""
    card, length = subject.model.card, len(subject.place)
    for name in names:
        entry = VIEWS[name]
        if why := entry.refuses(subject.model.can):
            raise ModelError(f"{card.id} has no view {name!r}: {why}")
        if entry.needs_variant and subject.variant is None:
            raise ConfigError(f"the view {name!r} is of a variant: give one (--variant chrI:1001:A:G), or leave it out")
        if length > entry.longest:
            raise ConfigError(
                f"the view {name!r} takes places of up to {entry.longest:,} bases, and this one has {length:,}: name a "
                "shorter one (dnalect scan has every substitution of a genome)"
            )


def views_of(
    subject: Subject, names: Sequence[str], nulls: bool = True, kept: Callable[[str, Compute], View] | None = None
) -> tuple[View, ...]:
    """Return the views of a place, each beside its nulls unless these are not wanted. Raises as `check` does.

    kept: gives the view of a name from where it was kept, or computes it.
    """
    check(subject, names)
    found = []
    for name in track(list(names), "explaining", "views"):
        compute = partial(_view_of, subject, VIEWS[name], nulls)
        found.append(kept(name, compute) if kept else compute())
    known = {view.name: view for view in found}
    if {"attention", "dependency"} <= known.keys():
        known["attention"] = attention_view.beside(known["attention"], known["dependency"])
    return tuple(known.values())


def _view_of(subject: Subject, entry: Entry, nulls: bool) -> View:
    view = entry.compute(subject)
    return replace(view, nulls=nulls_of(entry.compute, entry.settled(subject), view)) if nulls else view
