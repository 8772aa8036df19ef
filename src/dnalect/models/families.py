"""All families that can be loaded. A new one is a folder beside those here, and a line below."""

from dnalect.core.errors import ModelError
from dnalect.models.dnabert.family import FAMILY as DNABERT
from dnalect.models.dnabert2.family import FAMILY as DNABERT2
from dnalect.models.family import Evidence, Family
from dnalect.models.grover.family import FAMILY as GROVER
from dnalect.models.logo.family import FAMILY as LOGO
from dnalect.models.nucleotide_transformer.family import FAMILY as NUCLEOTIDE_TRANSFORMER

FAMILIES: dict[str, Family] = {
    family.name: family for family in (DNABERT, DNABERT2, NUCLEOTIDE_TRANSFORMER, LOGO, GROVER)
}


def recognised(evidence: Evidence, where: object) -> Family:
    """Return the family that nothing in a folder speaks against.

    Raises ModelError where there is none, with what speaks against the likeliest.
    """
    doubts = {name: family.doubts(evidence) for name, family in FAMILIES.items() if family.keras == evidence.keras}
    fitting = [name for name, against in doubts.items() if not against]
    if len(fitting) == 1:
        return FAMILIES[fitting[0]]
    if fitting:
        raise ModelError(f"{where} could be any of {', '.join(fitting)}; its files contradict each other")
    likeliest = min(doubts, key=lambda name: len(doubts[name]))
    equal = [name for name in doubts if len(doubts[name]) == len(doubts[likeliest])]
    parts = [f"{FAMILIES[name].title}: {'; '.join(doubts[name])}" for name in equal]
    raise ModelError(f"{where} is no model of a known family.\n  " + "\n  ".join(parts))
