"""Study: what a geneticist asks first. Are the changes that destroy splice sites disfavoured?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import Intervals, Region, bases_around, log_ratio
from dnalect.stats import block_of
from dnalect.tokens import BASES, UNKNOWN
from studies.worth.bench import Bench, Findings, Options, Panel, Plot, Reading
from studies.worth.compare import LLR, MARKOV, add_aurocs
from studies.worth.refseq import EXONS, genes_of, read_of
from studies.worth.species import HUMAN

NAME = "splice"
REGION = "20:60000001-62900000"
MOTIF = "splice motif"
# Controls lie this near to a site, and this far from all of them.
NEAR, APART = 3_000, 20
CONTROLS = 20
FLANK = 15
G, A = BASES.index("G"), BASES.index("A")

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Kind:
    """A kind of splice site. name: for people. partner: offset and base that make G a splice site's.

    low, high: the offsets from the G, on the gene's strand, that the motif reads.
    """

    name: str
    partner: tuple[int, int]
    low: int
    high: int


DONOR = Kind("donor", (1, BASES.index("T")), -3, 6)
ACCEPTOR = Kind("acceptor", (-1, A), -15, 2)
KINDS = (DONOR, ACCEPTOR)


@dataclass(frozen=True)
class Sites:
    """Bases of a contig with a strand: at (n,) 0-based, forward (n,)."""

    at: Numbers
    forward: Mask

    def __len__(self) -> int:
        return len(self.at)

    def take(self, which: Numbers | Mask) -> "Sites":
        """Return the entries `which`, numbers or a mask."""
        return Sites(self.at[which], self.forward[which])


def splice_sites(codes: Codes, exons: Intervals, genes: Intervals) -> dict[str, Sites]:
    """Return the G of every donor (first base of an intron) and acceptor (the last one) that is GT or AG.

    codes: of the contig. exons: without strands. genes: with them; exons that lie in genes of
    both strands or of none are left out, and so are the outer ends of genes.
    """
    found: dict[str, set[tuple[int, bool]]] = {kind.name: set() for kind in KINDS}
    outer = {*genes.starts.tolist(), *genes.ends.tolist()}
    for start, end in set(zip(exons.starts.tolist(), exons.ends.tolist(), strict=True)):
        around = genes.forward[(genes.starts <= start) & (genes.ends >= end)]
        if not len(around) or around.min() != around.max():
            continue
        forward = bool(around[0])
        after, before = (end, start - 1) if forward else (start - 1, end)
        for kind, at, edge in (
            (DONOR, after, end if forward else start),
            (ACCEPTOR, before, start if forward else end),
        ):
            if edge not in outer:
                found[kind.name].add((at, forward))
    return {kind.name: _canonical(codes, kind, sorted(found[kind.name])) for kind in KINDS}


def _canonical(codes: Codes, kind: Kind, found: Sequence[tuple[int, bool]]) -> Sites:
    sites = Sites(np.array([at for at, _ in found], dtype=np.int64), np.array([way for _, way in found], dtype=bool))
    return sites.take(is_site(codes, kind, sites))


def is_site(codes: Codes, kind: Kind, sites: Sites) -> Mask:
    """Whether the bases (n,) are G with the partner that a splice site has, on their strand."""
    around = oriented(codes, sites)
    offset, base = kind.partner
    return np.asarray((around[:, FLANK] == G) & (around[:, FLANK + offset] == base))


def oriented(codes: Codes, sites: Sites) -> Codes:
    """Return the bases (n, 2 * FLANK + 1) around sites, on their strand."""
    around = bases_around(codes, sites.at, FLANK)
    complement = np.where(around == UNKNOWN, UNKNOWN, 3 - around.astype(np.int64)).astype(np.uint8)[:, ::-1]
    return np.where(sites.forward[:, None], around, complement)


def motif_scores(codes: Codes, kind: Kind, learned: Sites, sites: Sites) -> npt.NDArray[np.float64]:
    """Return the log-odds (n,) of a position-weight matrix, in bits, that counted the sites `learned`."""
    columns = slice(FLANK + kind.low, FLANK + kind.high)
    known = oriented(codes, learned)[:, columns]
    counts = np.stack([(known == base).sum(axis=0) for base in range(4)], axis=1) + 1.0
    odds = np.log2(counts / counts.sum(axis=1, keepdims=True) * 4)
    odds = np.concatenate([odds, np.zeros((len(odds), 1))], axis=1)  # an unknown base says nothing
    return np.asarray(odds[np.arange(len(odds)), oriented(codes, sites)[:, columns]].sum(axis=1))


def controls(codes: Codes, region: Region, kind: Kind, sites: dict[str, Sites], alike: bool) -> Sites:
    """Return up to CONTROLS other G of the same strand within NEAR of each site, drawn with a seed, without doubles.

    Each is more than APART bases from any splice site. alike: with the partner of a splice site.
    """
    rng = np.random.default_rng(0)
    barred = np.zeros(region.end, dtype=bool)
    for at in np.concatenate([each.at for each in sites.values()]):
        barred[max(0, at - APART) : at + APART + 1] = True
    chosen: set[tuple[int, bool]] = set()
    for at, forward in zip(sites[kind.name].at.tolist(), sites[kind.name].forward.tolist(), strict=True):
        low, high = max(region.start, at - NEAR), min(region.end, at + NEAR + 1)
        near = low + np.flatnonzero((codes[low:high] == (G if forward else 3 - G)) & ~barred[low:high])
        if alike:
            near = near[is_site(codes, kind, Sites(near, np.full(len(near), forward)))]
        drawn = rng.choice(near, min(CONTROLS, len(near)), replace=False)
        chosen |= {(int(each), forward) for each in drawn}
    rows = sorted(chosen)
    return Sites(np.array([at for at, _ in rows], dtype=np.int64), np.array([way for _, way in rows], dtype=bool))


def run(options: Options) -> Findings:
    """Measure whether G>A at donors and acceptors is disfavoured beside G>A near by."""
    bench = Bench(options, HUMAN.reference, left_out=(REGION,))
    (region,) = bench.regions([REGION])
    whole = Region(region.contig, 0, int(bench.genome.lengths[region.contig]))
    codes = bench.model.codes(whole)
    every = splice_sites(codes, read_of(bench, region, EXONS), genes_of(bench, region))
    inside = {name: each.take((each.at >= region.start) & (each.at < region.end)) for name, each in every.items()}
    reading, table = bench.read(region), bench.table(NAME, HUMAN.name)
    panels: list[Panel] = []
    for kind in KINDS:
        away = (every[kind.name].at < region.start - NEAR) | (every[kind.name].at >= region.end + NEAR)
        learned, sites = every[kind.name].take(away), inside[kind.name]
        if not len(sites) or not len(learned):
            raise InputError(f"{options.file(EXONS)} has no {kind.name} in, or none outside of, {bench.told([region])}")
        for label, alike in (("other G", False), ("other GT" if kind is DONOR else "other AG", True)):
            others = controls(codes, region, kind, inside, alike)
            both = Sites(np.concatenate([sites.at, others.at]), np.concatenate([sites.forward, others.forward]))
            positive = np.arange(len(both)) < len(sites)
            rivals: dict[str, npt.NDArray[np.floating]] = {
                MARKOV: -_change(reading, reading.markov, both),
                MOTIF: motif_scores(codes, kind, learned, both),
            }
            group = f"G>A at splice {kind.name}s against {label} within 3 kb"
            units = block_of(np.full(len(both), region.contig), both.at)
            own: dict[str, npt.NDArray[np.floating]] = {f"-{LLR}": -_change(reading, reading.model, both)}
            count = f"{len(sites):,} and {len(others):,}"
            panels.append(add_aurocs(table, group, positive, units, own, rivals, bench.seen([region]), count))
    told = " and ".join(f"{len(inside[kind.name]):,} {kind.name}s" for kind in KINDS)
    notes = [f"{told} of RefSeq on {bench.told([region])}; the motif counted those of the rest of the chromosome."]
    plot = Plot.forest(
        f"{NAME}-{bench.model.name}",
        "AUROC of how much a change is disfavoured: above 0.5, the change at the splice site more than its neighbours; "
        "grey: rivals, with 95% intervals; dashed: chance.",
        panels,
    )
    return Findings(table.rows, [plot], notes)


def _change(reading: Reading, log_probs: npt.NDArray[np.float32], sites: Sites) -> npt.NDArray[np.float32]:
    """The log-ratio (n,) of G>A on each site's strand."""
    ref, alt = (np.where(sites.forward, base, 3 - base).astype(np.uint8) for base in (G, A))
    return log_ratio(log_probs[sites.at - reading.region.start], ref, alt)
