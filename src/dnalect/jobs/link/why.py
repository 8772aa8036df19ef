"""Why a gene is a candidate target of a variant, in a sentence."""

import math
from dataclasses import dataclass

from dnalect.jobs.rank.why import ordinal


@dataclass(frozen=True)
class Pair:
    """A variant and a gene near it.

    distance: from the gene's transcription start, negative upstream of it. nearest: 1 of the gene whose start is the
    nearest of `others` genes within reach. share: of the variant's contact with genes. enrichment: of the loop, NaN
    where its file doesn't count. domain: "same", "split" or "". active: activity of the element, and its share of the
    activity x contact of the gene.
    """

    gene: str
    distance: int
    nearest: int
    others: int
    share: float
    loop: str
    enrichment: float
    domain: str
    active: tuple[float, float] | None

    @property
    def evidence(self) -> str:
        """The strongest of what is known: loop, domain or distance."""
        return "loop" if self.loop else "domain" if self.domain == "same" else "distance"


def sentence(pair: Pair) -> str:
    """Return why a gene is a candidate, the strongest reason first."""
    parts = []
    if pair.loop:
        counts = f", {pair.enrichment:.1f} times the contacts expected" if math.isfinite(pair.enrichment) else ""
        parts.append(f"a loop joins it to the start of {pair.gene} ({pair.loop}{counts})")
    gap = abs(pair.distance)
    way = "upstream of" if pair.distance < 0 else "downstream of"
    far = f"{gap:,} bp {way} the start of {pair.gene}" if gap else f"at the start of {pair.gene}"
    nearest = "the nearest" if pair.nearest == 1 else f"the {ordinal(pair.nearest)} nearest"
    parts.append(f"{far}, {nearest} of {pair.others:,}" if pair.others > 1 else f"{far}, the only one within reach")
    if pair.domain:
        parts.append("in one domain" if pair.domain == "same" else "a domain's boundary lies between")
    if pair.active is not None:
        activity, share = pair.active
        parts.append(
            f"its element has {share:.1%} of the gene's activity x contact" if activity else "in no active element"
        )
    parts.append(f"{pair.share:.0%} of the variant's contact with genes")
    return "; ".join(parts)
