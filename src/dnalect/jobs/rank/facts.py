"""What a ranking says of itself, in words."""

from dnalect import __version__
from dnalect.jobs.rank.ranking import Ranked

# Picks that the terminal shows, and letters of an allele.
FIRST, LONGEST = 10, 20


def provenance(ranked: Ranked) -> dict[str, str]:
    """Return what a reader needs to repeat the ranking, weights among it, in the order to show."""
    options, settings = ranked.options, ranked.settings
    sources = [f"{each.name} {each.weight:g} ({each.direction}; {each.origin})" for each in ranked.evidence]
    calibration = ranked.calibration
    facts = {
        "rank_version": __version__,
        "rank_command": options.command,
        "rank_weights": "; ".join(sources),
        "rank_regions": ", ".join(f"{name} {value:g}" for name, value in settings.regions.items())
        if any(each.name == "region" for each in ranked.evidence)
        else "",
        "rank_pip": f"column {options.pip}; odds times (odds(pip) / odds(mean pip)) ^ {settings.weights['pip']:g}"
        if options.pip
        else "",
        "rank_group_by": ranked.loci.by,
        "rank_budget": f"{options.budget} picks, {options.spread}" if options.budget else "",
        "rank_calibration": f"{calibration.verdict} {hits_sentence(ranked)}".strip() if calibration else "",
    }
    return {name: " ".join(value.split()) for name, value in facts.items() if value}


def first_picks(ranked: Ranked) -> list[str]:
    """Return a line for each of the first picks: number, variant, score, reason."""
    lines = []
    for number, (row, why) in enumerate(zip(ranked.picks[:FIRST], ranked.why, strict=False), 1):
        contig, position, ref, alt = ranked.scored.keys[row]
        change = f"{shortened(ref)}>{shortened(alt)}"
        lines.append(f"{number:>4}  {contig}:{position:,} {change}  {ranked.combined.score[row]:.3f}  {why}")
    if (more := len(ranked.picks) - FIRST) > 0:
        lines.append(f"      and {more:,} more, in the order of their number in the column `pick`")
    return lines


def shortened(allele: str) -> str:
    """Return an allele as it is, or its beginning and its length where it is long."""
    return allele if len(allele) <= LONGEST else f"{allele[:8]}…({len(allele):,})"


def hits_sentence(ranked: Ranked) -> str:
    """Return how many of the picks will be hits, "" where that isn't known."""
    expected = ranked.calibration.expected if ranked.calibration else None
    if expected is None:
        return ""
    hits, random, gain = expected.hits, expected.random, expected.gain
    more = f"; gain {gain.mean:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})" if round(gain.mean, 1) else ""
    return (
        f"Expected hits among the {len(ranked.picks):,} picks: {hits.mean:.1f} (95% interval {hits.low:.0f} to "
        f"{hits.high:.0f}); among as many random ones: {random.mean:.1f} ({random.low:.0f} to {random.high:.0f}){more}."
    )
