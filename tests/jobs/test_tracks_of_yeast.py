"""The acceptance of models of tracks: real sites of proteins on the shipped chromosome, read by predict and score."""

import gzip
from pathlib import Path

import numpy as np
import pyBigWig
import pytest

import dnalect
from dnalect.core.reporter import using
from dnalect.examples.along import read_along
from dnalect.genome.fasta import open_genome
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.tuning.options import Options
from dnalect.jobs.tuning.tracks import finetune_tracks_file
from dnalect.stats.ranking import auroc

DATA = Path(__file__).resolve().parents[2] / "data"
GENOME, SITES = DATA / "genomes/yeast_S288C.fa.gz", DATA / "annotation/rossi2021_chexmix_peaks_chrI-XIV.bed.gz"
VARIANTS = DATA / "variants/yeast_promoter_variants_chrI-X.vcf.gz"
NAME = "rossi2021_chexmix_peaks_chrI-XIV"


@pytest.mark.slow
def test_sites_of_yeast_are_learned_and_read(tmp_path):
    out = tmp_path / "sites"
    told = {"data": str(SITES), "reference": str(GENOME), "bin": 32, "longest": 512, "model": "duplex-yeast"}
    told |= {"method": "probe", "layer": 4, "epochs": 2, "batch": 16, "rivals": ("composition",), "device": "cpu"}
    with using(None):
        figures = finetune_tracks_file(Options(out=out, **told))
    (value,) = {each.value for each in figures if (each.who, each.metric, each.part) == ("this model", "AUROC", "test")}
    assert value.low > 0.5

    region = tmp_path / "region.bed"
    region.write_text("chrI\t192000\t200000\n")
    tracks = str(tmp_path / "sites.bw")
    with using(None):
        predict_file(
            PredictOptions(given=(str(out), str(region)), reference=str(GENOME), outputs=(tracks,), device="cpu")
        )
    truth = read_along(SITES, open_genome(GENOME), 32).of(0, 192_000, 250)[:, 0] > 0.5
    with pyBigWig.open(tracks) as file:
        said = np.array(file.values("chrI", 192_000, 200_000))[::32]
    assert auroc(said, truth) > 0.5

    few = tmp_path / "few.vcf"
    lines = gzip.decompress(VARIANTS.read_bytes()).decode().splitlines(keepends=True)
    few.write_text("".join(line for line in lines if line.startswith("#")) + "".join(lines[-3:]))
    more = {"model": str(out), "reduce": "centre", "background": 0, "device": "cpu", "progress": False}
    changes = dnalect.score(str(GENOME), str(few), **more)[f"change_{NAME}".replace("-", "_")]
    assert len(changes) == 3
    assert all(np.isfinite(changes))
    assert any(changes)
