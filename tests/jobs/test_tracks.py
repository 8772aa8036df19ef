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
from dnalect.jobs.models import describe
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.jobs.tuning.options import Options
from dnalect.jobs.tuning.tracks import finetune_tracks_file, regions_of
from dnalect.models.track_head import TrackSizes, TrackSpec
from dnalect.tokens.bases import opposite
from dnalect.training.tracks import track_specs, windows_in

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
    (folder / "all.tsv").write_text(
        "name\tfile\tkind\n*\tsites.bed\tpeaks\nnumber\tsites.bed\tcounts\ngc\tgc.bw\tsignal\n"
    )
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
    assert card["figures"]["peaks AUROC"][0] == round(
        found(figures, part="test", who="this model", task="peaks", metric="AUROC").mean, 4
    )
    assert {path.name for path in out.iterdir()} >= {
        "report.html",
        "learning-curve.png",
        "comparison-peaks.png",
        "log.jsonl",
    }
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
    lines += [
        f"chrIV\t{at + 1}\tbreaks\t{text[at]}\tC\t.\t.\t.",
        f"chrIV\t{at + 26}\tnear\t{text[at + 25]}\t{opposite(text[at + 25])}\t.\t.\t.",
    ]
    vcf = tmp_path / "in.vcf"
    vcf.write_text("\n".join(lines) + "\n")
    told = {"model": str(tuned[0]), "tracks": ("Planted",), "reduce": "sum", "background": 0, "progress": False}
    scored = dnalect.score(str(files / "genome.fa"), str(vcf), **told)
    breaks, near = scored["change_Planted"]
    assert breaks < -0.3
    assert abs(near) < abs(breaks) / 3


FAULTS = {
    "an option of sequences": ({"signal": "x.bw"}, ConfigError, "--signal is for labelled sequences"),
    "no genome": ({"reference": None}, ConfigError, "name it with --reference"),
    "another rival": ({"rivals": ("cnn",)}, ConfigError, "no rival 'cnn' of tracks: words, composition, untrained"),
    "half a split": ({"test_contigs": ("chrI",)}, ConfigError, "--test-contig and --validate-contig, or neither"),
    "both at once": (
        {"test_contigs": ("chrI",), "validate_contigs": ("chrI:1-300",)},
        InputError,
        "chrI is both to test and to validate on",
    ),
    "nothing to learn from": (
        {"test_contigs": ("chrI", "chrII", "chrIII"), "validate_contigs": ("chrIV",)},
        InputError,
        "nothing is left to learn from",
    ),
    "a part that is too short": (
        {"test_contigs": ("chrI:1-30",), "validate_contigs": ("chrII",)},
        InputError,
        "the part to test has no labelled window of 96 bases",
    ),
    "bins that don't fit": ({"bin": 7}, ConfigError, "no whole number of bins of 7"),
    "a window that is too long": ({"longest": 4096}, ModelError, "name a shorter --longest"),
    "a table of no tracks": ({"data": "genome.fa"}, TableError, "the columns name, file"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_said(files, trunk, tmp_path, fault):
    more, kind, told = FAULTS[fault]
    if "data" in more:
        more = {"data": str(files / more["data"])}
    with pytest.raises(kind, match=told):
        finetune_tracks_file(asked(files, tmp_path / "out", trunk, **more))
    assert not (tmp_path / "out" / "card.json").exists()


def test_a_finished_folder_is_kept(files, trunk, tuned):
    with pytest.raises(OutputError, match="holds a finished model"):
        finetune_tracks_file(asked(files, tuned[0], trunk))


def test_parts_are_whole_contigs_or_what_is_named(files):
    genome = open_genome(files / "genome.fa")
    labels = read_along(files / "sites.bed", genome, STRIDE, 50)

    def parts(labels=labels, **more):
        found = regions_of(genome, labels, Options(data="x", out="y", **more))
        return [[(each.contig, each.start, each.end) for each in found[part]] for part in ("train", "validate", "test")]

    assert parts() == [[(0, 0, 6000), (1, 0, 6004)], [(2, 0, 3000)], [(3, 0, 4000)]]
    assert parts(test_contigs=("chrI:1-1000",), validate_contigs=("chrII",))[0] == [
        (0, 1000, 6000),
        (2, 0, 3000),
        (3, 0, 4000),
    ]
    few = replace(labels, contigs={0: labels.contigs[0]})
    assert parts(few) == [[(0, 0, 4200)], [(0, 4200, 4800)], [(0, 4800, 6000)]]


def test_windows_fill_regions_and_stay_in_them(files):
    genome = open_genome(files / "genome.fa")
    labels = read_along(files / "sites.bed", genome, STRIDE, 50)
    sizes = TrackSizes(STRIDE, 16, LENGTH, 4, tuple(TrackSpec(name, "peaks", 0.1) for name in labels.names))
    found = windows_in(genome, labels, sizes, [Region(0, 5, 300), Region(1, 5_900, 6_004)])
    assert found.places.tolist() == [[0, 8], [0, 104], [0, 200], [1, 5904], [1, 6000]]
    text = genome.contig("chrI").tobytes().decode()
    assert found.texts([1]) == [text[88:216]]
    assert found.texts([4])[0][16:21] == genome.contig("chrII").tobytes().decode()[6000:] + "N"
    assert np.array_equal(found.truth([1])[0], labels.contigs[0][13:25])
    less = found.sample(0.4, 1).places.tolist()
    assert len(less) == 2
    assert all(each in found.sample(0.8, 1).places.tolist() for each in less)


def test_a_track_that_never_changes_is_refused(files):
    genome = open_genome(files / "genome.fa")
    labels = read_along(files / "sites.bed", genome, STRIDE, 50)
    with pytest.raises(InputError, match="the track Planted is the same everywhere"):
        track_specs(labels, np.zeros((9, 2)))


def test_untrained_is_a_rival_and_the_frozen_trunk_stays(files, trunk, tmp_path):
    more = {"method": "probe", "rivals": ("untrained",), "rate": None, "epochs": 2, "data": str(files / "sites.bed")}
    with using(None):
        figures = finetune_tracks_file(asked(files, tmp_path / "out", trunk, **more))
    assert {each.against for each in figures} - {""} == {"the same network, untrained"}
    assert not (tmp_path / "out" / "untrained").exists()
    kept, before = dnalect.load(tmp_path / "out").base.network.state_dict(), dnalect.load(trunk).network.state_dict()
    assert all(torch.equal(kept[name], each) for name, each in before.items())


def test_lora_is_merged_and_the_same_seed_gives_the_same_numbers(files, trunk, tmp_path):
    more = {"method": "lora", "rivals": (), "epochs": 2, "data": str(files / "sites.bed")}
    said = []
    for name in ("one", "two"):
        with using(None):
            finetune_tracks_file(asked(files, tmp_path / name, trunk, **more))
        model = dnalect.load(tmp_path / name)
        assert not any("parametrizations" in each for each in model.base.network.state_dict())
        said.append(of_windows(model, ["ACGGATTACAGGTTAC" * 8]))
    assert np.array_equal(*said)


def test_models_tells_what_it_came_from(tuned, trunk):
    told = describe(str(tuned[0]))
    assert f"full, from {trunk}" in told
    assert "measured: peaks AUROC, " in told
