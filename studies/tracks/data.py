"""Nucleosomes and sites of yeast, in bins, and the contigs that are held out."""

from pathlib import Path

import numpy as np

from dnalect import Genome, open_genome
from dnalect.core import write_tsv
from dnalect.examples import Along, read_along, some
from dnalect.genome import parse_regions
from dnalect.jobs import TrackParts, parts_of
from studies.data import file_of
from studies.tracks.options import FACTORS, Tracks

GENOME = "genomes/yeast_S288C.fa.gz"
NUCLEOSOMES = "annotation/yeast_nucleosomes_sacCer3.bed.gz"
SITES = "annotation/rossi2021_chexmix_peaks_chrI-XIV.bed.gz"
STARTS = "genomes/yeast_transcripts_adjusted_tss.bed"
# The sites end with chrXIV.
TRAIN = [f"chr{name}" for name in ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")]
PARTS = {"train": TRAIN, "validate": ["chrXIII"], "test": ["chrXIV"]}
FEWEST = 100


def opened(options: Tracks) -> tuple[Genome, Along]:
    """Return the genome, and the labels of nucleosomes and of each factor."""
    files = {name: file_of(options.data, name).resolve() for name in (GENOME, NUCLEOSOMES, SITES)}
    genome = open_genome(files[GENOME])
    table = options.out / "tracks-table.tsv"
    rows = [("nucleosomes", str(files[NUCLEOSOMES]), "counts"), ("*", str(files[SITES]), "peaks")]
    write_tsv(table, [("name", "file", "kind"), *rows])
    found = read_along(table, genome, options.bin, FEWEST)
    table.unlink()
    return genome, some(found, ("nucleosomes", *FACTORS))


def divided(options: Tracks, genome: Genome, labels: Along) -> TrackParts:
    """Return the windows of the contigs that are learned from, stopped by, and judged on."""
    regions = {part: parse_regions(genome, names) for part, names in PARTS.items()}
    return parts_of(genome, labels, regions, options.window, options.layer)


def truth_of(parts: TrackParts) -> np.ndarray:
    """Return the labels of the test bins (n, K)."""
    windows = parts.windows["test"]
    labels = windows.truth(np.arange(len(windows)))
    return labels.reshape(-1, labels.shape[-1])


def starts_of(data: Path) -> Path:
    """Return the file of measured starts of transcripts."""
    return file_of(data, STARTS)
