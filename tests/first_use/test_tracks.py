"""Tracks of a genome as a user meets them: one command, a bigWig and a table of bins."""

from contextlib import closing

import numpy as np
import pyarrow.parquet as pq
import pyBigWig
import pytest
import torch
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.interrupts import Stopped
from dnalect.inference.bin_change import REDUCTIONS
from dnalect.inference.bins import bins_at
from dnalect.jobs import score_options
from dnalect.jobs.predict import along
from dnalect.jobs.predict.job import predict_file
from dnalect.jobs.predict.options import Options as PredictOptions
from dnalect.models.model import Ask
from models.enforming import write
from protocol.test_models import CROP, splice_sites

RNG = np.random.default_rng(6)
CONTIGS = {"chr1": "".join(RNG.choice(list("ACGT"), 250)), "chr2": "".join(RNG.choice(list("ACGTN"), 33))}
CONTIGS |= {"blank": "N" * 300}


SCORE = ["score", "genome.fa", "in.vcf", "-o", "x.vcf", "--background", "0", "--model"]
HEAD = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def run(*words):
    return CliRunner().invoke(command, list(map(str, words)))


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    write(folder / "enformer")
    splice_sites(folder)
    (folder / "genome.fa").write_text("".join(f">{name}\n{bases}\n" for name, bases in CONTIGS.items()))
    (folder / "in.bed").write_text("chr1\t20\t190\nchr2\t3\t5\nchr1\t100\t120\n")
    return folder


def by_hand(model, contig, start, length, crop):
    """The tracks of one window whose answers begin at a base."""
    bases = "N" * crop + CONTIGS[contig] + "N" * 2000
    with torch.no_grad():
        window = bases[start : start + length + 2 * crop]
        return model.forward(model.encode([window]), Ask(tracks=True)).tracks[0].numpy()


def test_a_genome_becomes_a_bigwig_and_a_table_of_bins(given, tmp_path):
    words = ("--track", "mouse_0", "-o", tmp_path / "out.bw", "-o", tmp_path / "out.parquet")
    done = run("predict", given / "enformer", given / "genome.fa", *words)
    assert done.exit_code == 0, done.output
    assert "4 of 8 windows without a known base left out" in done.output
    model = dnalect.load(given / "enformer")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["id", "contig", "start", "end", "strand", *model.can.tracks.names]
    places = list(zip(table["contig"].to_pylist(), table["start"].to_pylist(), table["end"].to_pylist(), strict=True))
    assert places[:2] == [("chr1", 0, 16), ("chr1", 16, 32)]
    assert places[15:] == [("chr1", 240, 250), ("chr2", 0, 16), ("chr2", 16, 32), ("chr2", 32, 33)]
    theirs = np.concatenate([by_hand(model, "chr1", at, 96, 80) for at in (0, 96, 192)])[:16]
    theirs = np.concatenate([theirs, by_hand(model, "chr2", 0, 96, 80)[:3]])
    ours = np.stack([table[name].to_numpy() for name in model.can.tracks.names], 1)
    assert np.abs(ours - theirs).max() < 1e-6
    with closing(pyBigWig.open(str(tmp_path / "out.bw"))) as file:
        found = [*file.values("chr1", 0, 250), *file.values("chr2", 0, 33)]
        assert np.isnan(file.values("blank", 0, 300)).all()
    lengths = [end - start for _, start, end in places]
    assert np.abs(np.array(found) - np.repeat(theirs[:, 3], lengths)).max() < 1e-6
    assert table.schema.metadata[b"dnalect_bin"] == b"16"


def test_workers_write_the_same_tracks(given, tmp_path, workers):
    for name, more in (("a", ()), ("b", ("--engine", "ray", "--workers", 2))):
        outputs = ("-o", tmp_path / f"{name}.tsv", "-o", tmp_path / f"{name}.bw")
        done = run("predict", given / "enformer", given / "genome.fa", *outputs, *more)
        assert done.exit_code == 0, done.output
    for suffix in ("tsv", "bw"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    assert len(workers.turns) == 8


def test_shards_of_tracks_are_put_together(given, tmp_path):
    words = ["predict", given / "enformer", given / "genome.fa", "-o"]
    assert run(*words, tmp_path / "whole.tsv").exit_code == 0
    for shard in ("2/3", "1/3", "3/3"):
        done = run(*words, tmp_path / "out.tsv", "--shard", shard)
        assert done.exit_code == 0, done.output
        assert f"predictions of shard {shard} are in" in done.output
    assert "19 rows by" in run("merge", tmp_path / "out.tsv.part").output
    assert (tmp_path / "out.tsv").read_bytes() == (tmp_path / "whole.tsv").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.tsv", "whole.tsv"]


def test_a_stopped_prediction_goes_on(given, tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.core.kept.SECONDS", 0.0)
    told = {"model": str(given / "enformer"), "given": (str(given / "genome.fa"),)}
    predict_file(PredictOptions(outputs=(str(tmp_path / "whole.tsv"),), **told))
    asked, computed, out = PredictOptions(outputs=(str(tmp_path / "out.tsv"),), **told), [], tmp_path / "out.tsv"

    def some(*window):
        if len(computed) == 3:
            raise KeyboardInterrupt
        computed.append(window)
        return bins_at(*window)

    with monkeypatch.context() as patch:
        patch.setattr(along, "bins_at", some)
        with pytest.raises(Stopped, match="goes on from there"):
            predict_file(asked)
    assert not out.exists()
    monkeypatch.setattr(along, "bins_at", lambda *window: computed.append(window) or bins_at(*window))
    predict_file(asked)
    assert len(computed) == 8
    assert out.read_bytes() == (tmp_path / "whole.tsv").read_bytes()


def test_intervals_of_a_bed(given, tmp_path):
    out = tmp_path / "out.tsv"
    done = run("predict", given / "enformer", given / "in.bed", "--reference", given / "genome.fa", "-o", out)
    assert done.exit_code == 0, done.output
    head, *rows = (line.split("\t") for line in out.read_text().splitlines())
    assert head[5:] == ["human_0", "human_1", "human_2", "mouse_0", "mouse_1"]
    assert [row[0] for row in (rows[0], rows[10], rows[11], rows[12])] == [
        *("chr1:20-36", "chr1:180-190", "chr2:3-5", "chr1:100-116")
    ]
    theirs = by_hand(dnalect.load(given / "enformer"), "chr1", 20, 96, 80)
    assert [float(cell) for cell in rows[0][5:]] == pytest.approx(theirs[0].tolist(), rel=1e-4)


def test_models_of_single_bases_have_a_bin_a_base(given, tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.inference.bins.ANSWERED", 100)
    found = dnalect.predict(given / "it", given / "genome.fa", progress=False)
    assert (found.predicted, len(found)) == (("a", "b", "c"), 250 + 33)
    model = dnalect.load(given / "it")
    theirs = np.concatenate([by_hand(model, name, 0, len(CONTIGS[name]), CROP) for name in ("chr1", "chr2")])
    assert np.abs(np.array([found[name] for name in "abc"]).T - theirs).max() < 1e-6


def test_variants_get_their_changes_of_each_track(given, tmp_path):
    bases, other = CONTIGS["chr1"], {"A": "C", "C": "G", "G": "T", "T": "A"}
    alleles = [(100, bases[99], other[bases[99]]), (100, bases[99], f"{bases[99]}GATT"), (60, bases[59:62], bases[59])]
    rows = [f"chr1\t{at}\t.\t{ref}\t{alt}\t.\t.\t." for at, ref, alt in alleles]
    (tmp_path / "in.vcf").write_text(HEAD + "\n".join(rows) + "\n")
    words = ("--model", given / "enformer", "--background", 0, "--track", "mouse_1", "--track", "human_0", "--reduce")
    model = dnalect.load(given / "enformer")
    around = "N" * 128 + bases + "N" * 200
    for how in REDUCTIONS:
        out = tmp_path / f"{how}.tsv"
        done = run("score", given / "genome.fa", tmp_path / "in.vcf", *words, how, "-o", out)
        assert done.exit_code == 0, done.output
        lines = [line.split("\t") for line in out.read_text().splitlines() if not line.startswith("#")]
        found = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
        for (at, ref, alt), row in zip(alleles, found, strict=True):
            start = at - 1 + (len(ref) != len(alt))
            haplotype = around[: at - 1 + 128] + alt + around[at - 1 + 128 + len(ref) :]
            with torch.no_grad():
                old, new = (
                    model.forward(model.encode([text[start : start + 256]]), Ask(tracks=True)).tracks[0].double()
                    for text in (around, haplotype)
                )
            moved = (new - old)[:, 4]
            wanted = {"sum": moved.sum(), "log": new[:, 4].sum().log1p() - old[:, 4].sum().log1p()}
            wanted |= {"max": moved[moved.abs().argmax()], "l2": moved.norm(), "centre": moved[2:5].sum()}
            assert float(row["change_mouse_1"]) == pytest.approx(float(wanted[how]), rel=1e-3, abs=2e-4)
            assert "change_human_0" in row
            assert "change_human_1" not in row


def test_the_command_knows_every_reduction():
    assert tuple(REDUCTIONS) == score_options.REDUCTIONS


def test_percentiles_are_those_among_random_variants(given, tmp_path):
    scores = dnalect.score(
        {"chr1": CONTIGS["chr1"]},
        [("chr1", 100, CONTIGS["chr1"][99], "ACGT".replace(CONTIGS["chr1"][99], "")[0])],
        given / "enformer",
        tracks=("human_0",),
        background=20,
        progress=False,
    )
    (change,) = next(iter(scores)).score.changes
    assert change.name == "human_0"
    assert 0 <= change.percentile <= 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["predict", "enformer", "genome.fa", "-o", "x.bw", "--window", "99"],
            "windows of its own: leave --window out",
        ),
        (["predict", "enformer", "genome.fa", "-o", "x.bed"], "no scale for the scores of a BED"),
        (["predict", "enformer", "genome.fa", "-o", "x.bw", "--track", "rat"], "the model has no output 'rat': it has"),
        (["predict", "enformer", "table.tsv", "-o", "x.tsv"], "give a FASTA, or a BED with --reference"),
        (["predict", "enformer", "blank.fa", "-o", "x.tsv"], "holds nothing to predict; 1 of 1 windows"),
        ([*SCORE, "enformer", "--score", "llr"], "in bins of 16 bases; it has no score 'llr': --score change"),
        ([*SCORE, "it"], "dnalect predict writes them, and no score is made of them"),
        ([*SCORE, "enformer", "--track", "human_9"], "has no track 'human_9': it has human_0, "),
        ([*SCORE, "enformer", "--window", "99"], "windows of its own: leave --window out"),
        ([*SCORE, "enformer", "--shifts", "3"], "--shifts and --strands are for"),
        (
            [*SCORE, "duplex-yeast", "--reduce", "sum"],
            "--track and --reduce are for changes of a model of tracks",
        ),
    ],
)
def test_what_does_not_go_together(given, monkeypatch, words, message):
    monkeypatch.chdir(given)
    (given / "table.tsv").write_text("id\tsequence\na\tACGT\n")
    (given / "blank.fa").write_text(">a\nNNNN\n")
    (given / "in.vcf").write_text(f"{HEAD}chr1\t9\t.\t{CONTIGS['chr1'][8]}\tN\t.\t.\t.\n")
    done = run(*words)
    assert done.exit_code == 1
    assert message in str(done.exception)
    assert not [*given.glob("x*")]
