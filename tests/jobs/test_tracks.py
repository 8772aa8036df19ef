"""A model of tracks from BEDs and bigWigs: what it learns, what stands in its folder, who reads it."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError, InputError, ModelError, OutputError, TableError
from dnalect.core.figures import read_figures
from dnalect.core.reporter import using
from dnalect.examples.along import read_along, some
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.inference.bins import of_windows
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.tuning.options import Options
from dnalect.jobs.tuning.tracks import finetune_tracks_file, regions_of
from dnalect.models.track_head import TrackHead, TrackSizes, TrackSpec, deviances, mean_answers
from dnalect.tokens.bases import opposite
from dnalect.training.tracks import explained, track_specs, windows_in

MOTIF, STRIDE, LENGTH = "GATTACAGG", 8, 128
CONTIGS = {"chrI": 6_000, "chrII": 6_004, "chrIII": 3_000, "chrIV": 4_000}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A genome whose motifs, on either strand, are the sites of one protein; another one's lie anywhere."""
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(5)
    texts, rows = {}, []
    for name, length in CONTIGS.items():
        bases = rng.choice(list("ACGT"), length)
        for at in range(60, length - 60, 50):
            site = MOTIF if rng.random() < 0.5 else opposite(MOTIF)
            if rng.random() < 0.7:
                bases[at : at + len(MOTIF)] = list(site)
                rows.append((name, at + len(MOTIF) // 2, "Planted"))
            if rng.random() < 0.5:
                rows.append((name, int(rng.integers(0, length)), "Random"))
        texts[name] = "".join(bases)
    rows += [("chrI", 70, "Rare")]
    (folder / "genome.fa").write_text("".join(f">{name}\n{text}\n" for name, text in texts.items()))
    (folder / "sites.bed").write_text("".join(f"{name}\t{at}\t{at + 1}\t{who}\n" for name, at, who in rows))
    with pyBigWig.open(str(folder / "gc.bw"), "w") as file:
        file.addHeader([(name, len(text)) for name, text in texts.items()])
        for name, text in texts.items():
            if name == "chrII":
                continue
            share = np.convolve([base in "GC" for base in text], np.ones(20) / 20, "same")
            file.addEntries(name, 0, values=[float(each) for each in share], span=1, step=1)
    (folder / "all.tsv").write_text("name\tfile\tkind\n*\tsites.bed\tpeaks\nnumber\tsites.bed\tcounts\ngc\tgc.bw\tsignal\n")
    return folder


@pytest.fixture(scope="module")
def trunk(tmp_path_factory):
    return make_model(tmp_path_factory.mktemp("trunk") / "tiny", width=24, kernel=4, dilations=[1, 2, 4])


def asked(files, out, trunk, **more):
    told = {"data": str(files / "all.tsv"), "reference": str(files / "genome.fa"), "bin": STRIDE, "longest": LENGTH}
    told |= {"fewest": 50, "model": str(trunk), "method": "full", "rate": 3e-3, "head_rate": 1e-2, "epochs": 12}
    told |= {"batch": 16, "rivals": ("composition", "words"), "device": "cpu", "command": "a command"}
    return Options(out=out, **(told | more))


@pytest.fixture(scope="module")
def tuned(files, trunk, tmp_path_factory):
    out = tmp_path_factory.mktemp("tuned") / "model"
    with using(None):
        figures = finetune_tracks_file(asked(files, out, trunk))
    return out, figures


def found(figures, **wanted):
    (one,) = {each.value for each in figures if all(getattr(each, key) == value for key, value in wanted.items())}
    return one


def test_it_learns_what_is_there_and_not_what_is_not(tuned):
    out, figures = tuned
    mine = {"who": "this model", "task": "peaks", "metric": "AUROC"}
    assert found(figures, part="test/Planted", **mine).low > 0.9
    assert found(figures, part="test/Random", **mine).mean < 0.7
    assert found(figures, who="this model", task="gc", metric="Pearson").low > 0.7
    assert found(figures, who="this model", task="number", metric="Pearson").mean > 0.3
    words = found(figures, part="test/Planted", who="words of 2-5", task="peaks", metric="AUROC")
    assert 0.6 < words.mean < found(figures, part="test/Planted", **mine).mean
    assert {each.against for each in figures if each.who == "this model" and each.metric != "prevalence"} == {
        "words of 2-5",
        "composition",
    }
    assert [each.cells() for each in read_figures(out / "figures.tsv")] == [each.cells() for each in figures]


def test_the_folder_says_what_it_is(tuned):
    out, figures = tuned
    card = json.loads((out / "card.json").read_text())
    assert card["family"] == "track-predictor"
    assert card["training"]["regions"] == {"train": ["chrI", "chrII"], "validate": ["chrIII"], "test": ["chrIV"]}
    assert set(card["training"]["data"]) == {"all.tsv", "sites.bed", "gc.bw", "genome.fa"}
    assert card["figures"]["peaks AUROC"][0] == round(found(figures, part="test", who="this model", task="peaks", metric="AUROC").mean, 4)
    assert {path.name for path in out.iterdir()} >= {"report.html", "learning-curve.png", "comparison-peaks.png", "log.jsonl"}
    assert not (out / "checkpoint.pt").exists()
    page = (out / "report.html").read_text()
    assert "Calibrated" not in page
    assert "test bins" in page
    model = dnalect.load(out)
    assert model.can.tracks.names == ("Planted", "Random", "number", "gc")
    assert (model.can.tracks.stride, model.can.tracks.crop, model.can.tracks.length) == (STRIDE, 16, LENGTH)


def test_both_strands_say_the_same(tuned, files):
    model = dnalect.load(tuned[0])
    text = open_genome(files / "genome.fa").fetch("chrIV", 100, 100 + LENGTH).tobytes().decode()
    there, back = of_windows(model, [text]), of_windows(model, [opposite(text)])
    assert np.allclose(there, back[:, ::-1], atol=1e-5)
    assert not np.allclose(there, there[:, ::-1], atol=1e-3)


def test_predict_writes_its_tracks(tuned, files, tmp_path):
    out = tmp_path / "all.parquet", tmp_path / "planted.bw"
    given = (str(tuned[0]), str(files / "genome.fa"))
    done = predict_file(PredictOptions(given=given, outputs=tuple(map(str, out)), track="Planted", device="cpu"))
    assert done.columns == ("Planted", "Random", "number", "gc")
    table = pq.read_table(out[0]).to_pydict()
    rows = [n for n, name in enumerate(table["contig"]) if name == "chrIV"]
    genome = open_genome(files / "genome.fa")
    labels = some(read_along(files / "all.tsv", genome, STRIDE, 50), ("Planted",))
    said = np.array([table["Planted"][n] for n in rows])
    truth = labels.contigs[genome.index["chrIV"]][:, 0]
    assert len(said) == len(truth)
    assert ((said >= 0) & (said <= 1)).all()
    assert said[truth > 0.5].mean() > 10 * said[truth < 0.5].mean()
    with pyBigWig.open(str(out[1])) as file:
        assert np.allclose(file.values("chrIV", 0, 40)[::STRIDE], said[:5])


def test_score_says_what_breaking_a_site_changes(tuned, files, tmp_path):
    genome = open_genome(files / "genome.fa")
    text = genome.contig("chrIV").tobytes().decode()
    at = text.index(MOTIF, 300) + 3
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    lines += [f"chrIV\t{at + 1}\tbreaks\t{text[at]}\tC\t.\t.\t.", f"chrIV\t{at + 26}\tnear\t{text[at + 25]}\t{opposite(text[at + 25])}\t.\t.\t."]
    vcf = tmp_path / "in.vcf"
    vcf.write_text("\n".join(lines) + "\n")
    told = {"model": str(tuned[0]), "tracks": ("Planted",), "reduce": "sum", "background": 0, "progress": False}
    scored = dnalect.score(str(files / "genome.fa"), str(vcf), **told)
    breaks, near = scored["change_Planted"]
    assert breaks < -0.3
    assert abs(near) < abs(breaks) / 3
