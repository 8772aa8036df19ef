"""Study: what a model makes of starts of transcription, codons, splice sites and tRNAs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dnalect import InputError
from dnalect.genome import (
    CodingSequence,
    Region,
    information,
    own_name,
    parse_attributes,
    read_bed,
    read_coding,
    read_gff,
    sound_genes,
    surprise,
)
from dnalect.report import plots
from dnalect.stats import Draws, divided, estimate
from studies.worth.bench import Bench, Findings, Options, Plot, Reading
from studies.worth.collected import Collected
from studies.worth.compare import MARKOV
from studies.worth.species import Species

NAME = "profiles"
FLANK = 100
# All of yeast; the longest contigs of a larger genome.
LARGEST = 12_500_000
OFFSETS = np.arange(-FLANK, FLANK + 1)
MODEL = "model"
FEWEST = 20
SHORTEST_INTRON = 20
LANDMARKS = ("transcription start", "start codon", "stop codon", "splice donor", "splice acceptor", "tRNA start")
NEAR = (np.abs(OFFSETS) >= 5) & (np.abs(OFFSETS) <= 25)
FAR = (np.abs(OFFSETS) >= 20) & (np.abs(OFFSETS) <= 60)
AFTER = OFFSETS >= 3
# (landmark, the bases at issue, what they are compared with, the offsets of both)
CONTRASTS = (
    ("transcription start", "within 10 bp", "20 to 60 bp away", np.abs(OFFSETS) <= 10, FAR),
    ("start codon", "its bases", "the bases near by", (OFFSETS >= 0) & (OFFSETS < 3), NEAR),
    (
        "start codon",
        "codon positions 1 and 2",
        "codon position 3",
        AFTER & (OFFSETS % 3 < 2),
        AFTER & (OFFSETS % 3 == 2),
    ),
    ("stop codon", "its bases", "the bases near by", (OFFSETS >= 0) & (OFFSETS < 3), NEAR),
    ("splice donor", "two bases", "the bases near by", (OFFSETS >= 0) & (OFFSETS < 2), NEAR),
    ("splice acceptor", "two bases", "the bases near by", (OFFSETS > -2) & (OFFSETS <= 0), NEAR),
    (
        "tRNA start",
        "70 bp inside",
        "70 bp outside",
        (OFFSETS >= 0) & (OFFSETS < 70),
        (OFFSETS >= -70) & (OFFSETS < 0),
    ),
)

INFORMATION, PROBABILITY = "information", "p(reference)"
Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Sites = tuple[Numbers, Mask]


def gain(table: npt.NDArray[np.float32], codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
    """Return log2 p(reference base) / its share of the contig, both strands, in bits (L,); NaN where it is unknown."""
    counts = np.bincount(codes, minlength=5)[:4]
    share = (counts + counts[::-1]) / max(1, 2 * counts.sum())
    known = np.log2(np.maximum(share, 1e-9))[np.minimum(codes, 3)]
    return np.asarray(-surprise(table, codes) - known)


MEASURES: dict[str, Callable[[npt.NDArray[np.float32], npt.NDArray[np.uint8]], npt.NDArray[np.floating]]] = {
    INFORMATION: lambda table, codes: np.where(codes < 4, information(table), np.nan),
    PROBABILITY: lambda table, codes: np.exp2(-surprise(table, codes)),
    "gain over composition": gain,
}


def gene_landmarks(genes: Sequence[CodingSequence]) -> dict[str, Sites]:
    """Return the first base of start codons, stop codons and introns, the last one of introns, and the strands."""
    ends = [(gene.positions[0], gene.positions[-3], gene.forward) for gene in genes]
    introns = [each for gene in genes for each in _introns(gene)]
    return {
        "start codon": _sites([(start, forward) for start, _, forward in ends]),
        "stop codon": _sites([(stop, forward) for _, stop, forward in ends]),
        "splice donor": _sites([(first, forward) for first, _, forward in introns]),
        "splice acceptor": _sites([(last, forward) for _, last, forward in introns]),
    }


def _introns(gene: CodingSequence) -> list[tuple[int, int, bool]]:
    step = 1 if gene.forward else -1
    before = np.flatnonzero(np.diff(gene.positions) * step > SHORTEST_INTRON)
    return [(int(gene.positions[n]) + step, int(gene.positions[n + 1]) - step, gene.forward) for n in before]


def _sites(found: Sequence[tuple[int, bool]]) -> Sites:
    unique = sorted(set(found))
    return np.array([at for at, _ in unique], dtype=np.int64), np.array([way for _, way in unique], dtype=bool)


def run(options: Options, species: Species) -> Findings:
    """Measure a model around the landmarks that a species' annotation knows."""
    bench = Bench(options, species.reference)
    wanted = sorted(bench.genome.names, key=lambda name: -int(bench.genome.lengths[bench.genome.index[name]]))
    regions = bench.regions(wanted, LARGEST)
    found, counts = _profiles(bench, _landmarks(bench, species, regions), regions)
    table = bench.table(NAME, species.name)
    _add_contrasts(table, found, counts, bench.seen(regions))
    panels = [
        plots.Panel(
            f"{name} (n = {count:,})", OFFSETS, *(_band(found[name, INFORMATION, who]) for who in (MODEL, MARKOV))
        )
        for name, count in counts.items()
    ]
    plot = Plot(
        f"{NAME}-{species.name.split()[-1]}-{bench.model.name}",
        f"{species.name}: mean information of each base (0 to 2 bits) around landmarks, with 95% bands; "
        "teal: the model, grey: the Markov rival.",
        lambda path: plots.profiles(path, panels, "information (bits)"),
    )
    told = ", ".join(f"{count:,} {name}s" for name, count in counts.items())
    bases = sum(len(region) for region in regions)
    return Findings(table.rows, [plot] if panels else [], [f"{bases:,} bases of {species.name}: {told}."])


def _profiles(
    bench: Bench, sites: dict[tuple[str, int], Sites], regions: Sequence[Region]
) -> tuple[dict[tuple[str, str, str], Floats], dict[str, int]]:
    """(landmark, measure, model or rival) -> profile, and the number of each landmark that is not too rare."""
    windows: dict[tuple[str, str, str], list[npt.NDArray[np.float64]]] = {}
    counts: dict[str, int] = {}
    for region in regions:
        tracks = _tracks(bench.read(region))
        for landmark in (name for name in LANDMARKS if (name, region.contig) in sites):
            at, forward = sites[landmark, region.contig]
            counts[landmark] = counts.get(landmark, 0) + len(at)
            for measure, who, values in tracks:
                windows.setdefault((landmark, measure, who), []).append(oriented_windows(values, at, forward, FLANK))
    kept = {name: counts[name] for name in LANDMARKS if counts.get(name, 0) >= FEWEST}
    return {key: profile(np.concatenate(parts)) for key, parts in windows.items() if key[0] in kept}, kept


def _add_contrasts(
    table: Collected, found: dict[tuple[str, str, str], Floats], counts: dict[str, int], seen: bool
) -> None:
    """Differences of information and gain; the mean probability of the base that is there stands by itself."""
    for landmark, label, others, core, rest in CONTRASTS:
        for measure in MEASURES if landmark in counts else ():
            alone = measure == PROBABILITY
            profiles = (found[landmark, measure, who] for who in (MODEL, MARKOV))
            own, theirs = (contrast(each, core, None if alone else rest) for each in profiles)
            beside = {MARKOV: estimate(own - theirs)}
            told = f"mean {measure}" if alone else f"{measure} less that of {others}"
            for value, rival in ((estimate(own), ""), (estimate(theirs), MARKOV)):
                table.add(
                    *(told, f"{landmark}, {label}", counts[landmark], value),
                    seen=seen,
                    chance=np.nan if alone else 0,
                    differences=None if rival else beside,
                    rival=rival,
                    against=others,
                )


def oriented_windows(values: npt.NDArray[np.floating], at: Numbers, forward: Mask, flank: int) -> Floats:
    """Return the values (n, 2 * flank + 1) around positions, turned to the landmark's strand.

    values: (L,) of a contig. at: (n,) 0-based. Beyond the contig's ends NaN.
    """
    padded = np.pad(np.asarray(values, dtype=np.float64), flank, constant_values=np.nan)
    found = padded[at[:, None] + np.arange(2 * flank + 1)]
    return np.asarray(np.where(forward[:, None], found, found[:, ::-1]))


def profile(windows: Floats) -> Floats:
    """Return the mean (R + 1, W) of windows (n, W), NaN left out; every landmark is a unit of its own."""
    draws, known = Draws.of(np.arange(len(windows))), np.isfinite(windows)
    return divided(draws.sums(np.where(known, windows, 0.0)), draws.sums(known.astype(np.float64)))


def contrast(found: Floats, core: Mask, rest: Mask | None) -> Floats:
    """Return the mean over the offsets `core` (R + 1,), less that over `rest`, if any. found: (R + 1, W)."""
    inside = found[:, core].mean(axis=1)
    return np.asarray(inside if rest is None else inside - found[:, rest].mean(axis=1))


def _tracks(reading: Reading) -> list[tuple[str, str, npt.NDArray[np.floating]]]:
    both = ((MODEL, reading.model), (MARKOV, reading.markov))
    return [(name, who, measure(table, reading.codes)) for name, measure in MEASURES.items() for who, table in both]


def _band(found: Floats) -> plots.Band:
    return plots.Band(found[0], *np.quantile(found[1:], [0.025, 0.975], axis=0))


def _landmarks(bench: Bench, species: Species, regions: Sequence[Region]) -> dict[tuple[str, int], Sites]:
    """(landmark, contig) -> its sites. Raises InputError where the annotation knows no contig of the regions."""
    annotation = bench.options.file(species.annotation)
    coding = read_coding(annotation)
    found: dict[tuple[str, int], Sites] = {}
    for region in regions:
        name = own_name(bench.genome.names[region.contig], coding)
        genes, _ = sound_genes(coding.get(name, []), bench.model.codes(region))
        found |= {(landmark, region.contig): sites for landmark, sites in gene_landmarks(genes).items()}
    if not sum(len(at) for at, _ in found.values()):
        raise InputError(f"{annotation} has no sound gene on the contigs of {bench.genome.path.name} at hand")
    trnas = trna_starts(annotation)
    starts = read_bed(bench.options.file(species.tss)) if species.tss else {}
    for region in regions:
        own = bench.genome.names[region.contig]
        if (name := own_name(own, trnas)) in trnas:
            found["tRNA start", region.contig] = trnas[name]
        if (name := own_name(own, starts)) in starts:
            each = starts[name]
            tss = np.where(each.forward, each.starts, each.ends - 1)
            found["transcription start", region.contig] = _sites(
                list(zip(tss.tolist(), each.forward.tolist(), strict=True))
            )
    return found


def trna_starts(annotation: Path) -> dict[str, Sites]:
    """The first base of every tRNA gene by contig; the parts of a gene with an intron have one name."""
    spans: dict[tuple[str, bool, str], tuple[int, int]] = {}
    for number, row in enumerate(read_gff(annotation)):
        if row.kind == "tRNA":
            told = parse_attributes(row.attributes)
            key = (row.contig, row.strand != "-", told.get("locus_tag") or told.get("ID") or str(number))
            low, high = spans.get(key, (row.start, row.end))
            spans[key] = min(low, row.start), max(high, row.end)
    starts: dict[str, list[tuple[int, bool]]] = {}
    for (contig, forward, _), (low, high) in spans.items():
        starts.setdefault(contig, []).append((low if forward else high - 1, forward))
    return {contig: _sites(each) for contig, each in starts.items()}
