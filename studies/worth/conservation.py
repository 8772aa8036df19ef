"""Study: does the model expect more where the relatives of a species agree?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import Region, gene_strata, information, open_annotation, read_bed, read_signal, surprise
from dnalect.report import plots
from dnalect.stats import Draws, block_numbers
from studies.worth.bench import Bench, Findings, Options, Plot
from studies.worth.compare import judged
from studies.worth.relatives import read_relatives, whole
from studies.worth.species import ZYMOSEPTORIA, Species

NAME = "conservation"
TRACK = "genomes/zymoseptoria_tritici.conservation.chr1-5.bw"
CONTIGS = ("chr_1", "chr_2", "chr_3", "chr_4", "chr_5")
# Whole chromosomes until there are so many bases: intervals over 10-kb blocks are narrow by then.
MOST = 6_000_000
LABEL = "coding or not"

Singles = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bases:
    """Bases with a conservation value (n,).

    conserved: share of the aligned genomes with the reference's base. coding, promoter: what they are
    of. block: 10-kb block. scores: name -> (n,) of the model, rivals: the same of Markov.
    """

    conserved: Singles
    coding: Mask
    promoter: Mask
    block: npt.NDArray[np.int64]
    scores: dict[str, Singles]
    rivals: dict[str, Singles]


def read_track(path: Path, contig: str, length: int) -> Singles:
    """Return the values (length,) of a bigWig's contig, NaN where it has none. InputError without the contig."""
    values = read_signal(path, contig, length)
    if np.isnan(values).all():
        raise InputError(f"{path} has no contig {contig} of {length:,} bases; is it a track of this reference?")
    return values


def run(options: Options, species: Species = ZYMOSEPTORIA) -> Findings:
    """Measure a model against the conservation among the relatives of a species."""
    tracked = species == ZYMOSEPTORIA
    bench = Bench(options, species.reference, left_out=CONTIGS if tracked else ())
    regions = bench.regions(CONTIGS if tracked else bench.genome.names, MOST)
    bases = gather(bench, species, regions, (_tracked if tracked else _aligned)(bench, regions))
    table = bench.table(NAME, species.name)
    panels = []
    seen = bench.seen(regions)
    for group, mask in (
        ("all", np.ones_like(bases.coding)),
        ("coding", bases.coding),
        ("not coding", ~bases.coding),
        ("promoters", bases.promoter),
    ):
        draws, truth = Draws.of(bases.block[mask]), bases.conserved[mask]
        drawn: dict[str, plots.Bar] = {}
        for name, scores in bases.scores.items():
            rivals = {f"Markov {name}": bases.rivals[name][mask]}
            rivals |= {LABEL: bases.coding[mask].astype(np.float32)} if group == "all" else {}
            samples = {who: draws.spearman(each, truth) for who, each in ({name: scores[mask]} | rivals).items()}
            _, bars = judged(
                *(table, group, int(mask.sum()), samples, [name], rivals),
                *("Spearman of {} with conservation", 0, seen),
            )
            drawn |= {bar.label: bar for bar in bars}
        panels.append((f"{group} (n = {int(mask.sum()):,})", list(drawn.values())))
    caption = (
        f"{species.name}: rank correlation with the share of relatives that have the reference's base; grey: rivals."
    )
    plot = Plot.forest(f"{NAME}-{bench.model.name}", caption, panels, "Spearman", 0)
    share = f"{bases.coding.mean():.0%} of them coding"
    note = f"{len(bases.conserved):,} bases with a value on {bench.told(regions)}, {share}."
    return Findings(table.rows, [plot], [note])


def _tracked(bench: Bench, regions: Sequence[Region]) -> Callable[[int], Singles]:
    path = bench.options.file(TRACK)
    return lambda contig: read_track(path, bench.genome.names[contig], int(bench.genome.lengths[contig]))


def _aligned(bench: Bench, regions: Sequence[Region]) -> Callable[[int], Singles]:
    relatives = read_relatives(bench, regions)
    return lambda contig: relatives.conserved(contig, whole(bench, contig))


def gather(bench: Bench, species: Species, regions: Sequence[Region], conserved: Callable[[int], Singles]) -> Bases:
    """Return the bases of the regions that have a conservation value. conserved: contig -> the values of its bases."""
    starts = read_bed(bench.options.file(species.tss)) if species.tss else None
    masks = gene_strata(bench.genome, regions, open_annotation(bench.options.file(species.annotation)), starts)
    blocks = block_numbers([len(region) for region in regions])
    parts: list[list[npt.NDArray[np.generic]]] = []
    begins = np.cumsum([0, *(len(region) for region in regions)])
    for region, begin in zip(regions, begins, strict=False):
        values = conserved(region.contig)[region.start : region.end]
        reading = bench.read(region)
        at = np.flatnonzero(np.isfinite(values) & (reading.codes < 4))
        tables = (reading.model[at], reading.markov[at])
        tracks = [each for table in tables for each in (information(table), -surprise(table, reading.codes[at]))]
        known = (masks["coding"], masks["promoter"], blocks)
        parts.append([values[at], *(each[begin + at] for each in known), *tracks])
    columns = [np.concatenate(each) for each in zip(*parts, strict=True)]
    names = ("information", "ln p(reference)")
    own, rivals = (dict(zip(names, tables, strict=True)) for tables in (columns[4:6], columns[6:8]))
    share, coding, promoter, block = columns[:4]
    return Bases(share, coding, promoter, block, own, rivals)
