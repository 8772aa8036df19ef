"""A scoring run that is stopped, killed or split up writes what an undisturbed one writes."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from dnalect.core import kept
from dnalect.core.errors import ConfigError, InputError, OutputError
from dnalect.core.interrupts import Stopped
from dnalect.core.measures import Change, Column, Distances, Influence, Joined, Splice
from dnalect.core.records import Score
from dnalect.core.runs import Run
from dnalect.core.shards import note_options, noted_options
from dnalect.core.summaries import Summary
from dnalect.genome.fasta import open_genome
from dnalect.inference.background.draws import Draws
from dnalect.jobs import scoring
from dnalect.jobs.kept import read, written
from dnalect.jobs.scan.job import Scanned, scan_genome
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.shards import merge_shards, score_shard
from forked import Child, run_script

HEADER = """##fileformat=VCFv4.2
##contig=<ID=chrA,length=6000>
##contig=<ID=chrB,length=900>
##ALT=<ID=DEL,Description="Deletion">
##INFO=<ID=END,Number=1,Type=Integer,Description="End">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
"""
CHUNK = 16


@pytest.fixture(scope="module")
def vcf(fasta, tmp_path_factory) -> Path:
    """70 records of all kinds in the order of the genome, some that can't be scored."""
    genome, rng, lines = open_genome(fasta), np.random.default_rng(2), []
    for number, place in enumerate(np.sort(rng.choice(np.arange(50, 2900), 70, replace=False)).tolist()):
        ref = genome.fetch(0, place, place + 1).tobytes().decode().upper()
        other = "ACGT"[("ACGT".index(ref) + 1 + number % 3) % 4]
        alt = (other, ref + "GAT", "<DEL>", f"{other},*")[0 if number % 5 else number % 4]
        info = f"SVTYPE=DEL;END={place + 200}" if alt == "<DEL>" else "."
        lines.append(f"chrA\t{place + 1}\tv{number}\t{ref}\t{alt}\t.\t.\t{info}\n")
    path = tmp_path_factory.mktemp("variants") / "in.vcf"
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Several chunks of several parts, kept from the first moment on."""
    monkeypatch.setattr(scoring, "CHUNK", CHUNK)
    monkeypatch.setattr(scoring, "FIRST", 1)
    monkeypatch.setattr(scoring, "MOST", 1)
    monkeypatch.setattr(kept, "SECONDS", 0.0)


def options(fasta, vcf, model, out: Path, **more) -> Options:
    told = {"scores": "llr,junction,distance,influence", "background": 40, "provenance": False} | more
    return Options(str(fasta), str(vcf), outputs=(str(out),), model=str(model), **told)


@pytest.fixture(scope="module")
def whole(fasta, vcf, model_folder, tmp_path_factory) -> bytes:
    """What an undisturbed run writes."""
    out = tmp_path_factory.mktemp("whole") / "out.vcf"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "CHUNK", CHUNK)
        score_file(options(fasta, vcf, model_folder, out))
    assert [each.name for each in out.parent.iterdir()] == ["out.vcf"]
    return out.read_bytes()


def stopped_after(parts: int, patch, error=KeyboardInterrupt) -> list[int]:
    """Let the scoring of parts fail after some; return a list that grows with each that is scored."""
    done, measured = [], scoring.Scoring._measured

    def some(job, *told):
        if len(done) == parts:
            raise error("enough")
        done.append(1)
        return measured(job, *told)

    patch.setattr(scoring.Scoring, "_measured", some)
    return done


def test_a_stopped_run_goes_on(fasta, vcf, model_folder, whole, tmp_path, monkeypatch):
    asked = options(fasta, vcf, model_folder, tmp_path / "out.vcf")
    with monkeypatch.context() as patch:
        stopped_after(3, patch)
        with pytest.raises(Stopped, match=r"out\.vcf\.part; the same command goes on from there"):
            score_file(asked)
    assert [each.name for each in tmp_path.iterdir()] == ["out.vcf.part"]
    assert len(list((tmp_path / "out.vcf.part").glob("*.kept"))) == 3
    with monkeypatch.context() as patch:
        rest = stopped_after(-1, patch)
        score_file(asked)
    assert (tmp_path / "out.vcf").read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["out.vcf"]
    every = stopped_after(-1, monkeypatch)
    score_file(options(fasta, vcf, model_folder, tmp_path / "again.vcf"))
    assert len(every) == len(rest) + 3


@pytest.mark.parametrize("dies", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_workers_score_the_same(fasta, vcf, model_folder, whole, tmp_path, monkeypatch, workers, dies):
    """Backgrounds of all kinds as well, which they draw: an empty cache has none."""
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    workers.dies = workers.dies if dies else lambda work, turn: False
    places, draw, measured = [], Draws.values, scoring.Scoring._measured

    def noted(function, what):
        return lambda *told: places.append((what, workers.busy)) or function(*told)

    monkeypatch.setattr(Draws, "values", noted(draw, "draw"))
    monkeypatch.setattr(scoring.Scoring, "_measured", noted(measured, "score"))
    score_file(options(fasta, vcf, model_folder, tmp_path / "out.vcf", engine="ray", workers=3))
    assert (tmp_path / "out.vcf").read_bytes() == whole
    assert places.count(("score", True)) == 5
    assert places.count(("score", False)) == 0
    assert places.count(("draw", True)) > 10
    assert places.count(("draw", False)) == 0
    assert (workers.hired > 3) == dies
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cache", "out.vcf"]


def test_a_table_to_look_up_is_no_work_to_share(fasta, vcf, model_folder, tmp_path, workers):
    scan_genome(ScanOptions(str(fasta), (str(tmp_path / "all.parquet"),), model=str(model_folder)))
    told = {"scores": "llr", "engine": "ray", "precomputed": str(tmp_path / "all.parquet")}
    with pytest.raises(ConfigError, match="no work to share out"):
        score_file(options(fasta, vcf, model_folder, tmp_path / "out.vcf", **told))


def test_what_fails_keeps_what_is_done(fasta, vcf, model_folder, whole, tmp_path, monkeypatch, recwarn):
    asked = options(fasta, vcf, model_folder, tmp_path / "out.vcf")
    with monkeypatch.context() as patch:
        stopped_after(2, patch, InputError)
        with pytest.raises(InputError, match="enough"):
            score_file(asked)
    assert any("goes on from there" in str(each.message) for each in recwarn)
    score_file(asked)
    assert (tmp_path / "out.vcf").read_bytes() == whole


def test_a_short_run_leaves_nothing(fasta, vcf, model_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 60.0)
    stopped_after(2, monkeypatch)
    with pytest.raises(KeyboardInterrupt) as stop:
        score_file(options(fasta, vcf, model_folder, tmp_path / "out.vcf"))
    assert not isinstance(stop.value, Stopped)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [{"background": 41}, {"scores": "llr"}, {"batch": 3}])
def test_another_run_under_the_same_name_is_refused(fasta, vcf, model_folder, tmp_path, monkeypatch, more):
    with monkeypatch.context() as patch:
        stopped_after(2, patch)
        with pytest.raises(Stopped):
            score_file(options(fasta, vcf, model_folder, tmp_path / "out.vcf"))
    with pytest.raises(OutputError, match=f"unfinished scoring with another {next(iter(more))}"):
        score_file(options(fasta, vcf, model_folder, tmp_path / "out.vcf", **more))


def test_other_variants_are_refused(fasta, vcf, model_folder, tmp_path, monkeypatch):
    mine = tmp_path / "mine.vcf"
    mine.write_text(vcf.read_text())
    with monkeypatch.context() as patch:
        stopped_after(2, patch)
        with pytest.raises(Stopped):
            score_file(options(fasta, mine, model_folder, tmp_path / "out.vcf"))
    mine.write_text("".join(mine.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(OutputError, match="another variants"):
        score_file(options(fasta, mine, model_folder, tmp_path / "out.vcf"))


def test_a_damaged_piece_is_scored_again(fasta, vcf, model_folder, whole, tmp_path, monkeypatch, recwarn):
    asked = options(fasta, vcf, model_folder, tmp_path / "out.vcf")
    with monkeypatch.context() as patch:
        stopped_after(4, patch)
        with pytest.raises(Stopped):
            score_file(asked)
    piece = sorted((tmp_path / "out.vcf.part").glob("*.kept"))[1]
    data = bytearray(piece.read_bytes())
    data[len(data) // 3] ^= 1
    piece.write_bytes(bytes(data))
    score_file(asked)
    assert any("damaged" in str(each.message) for each in recwarn)
    assert (tmp_path / "out.vcf").read_bytes() == whole


@pytest.mark.parametrize("shards", [1, 3])
def test_shards_give_what_one_run_gives(fasta, vcf, model_folder, whole, tmp_path, monkeypatch, shards):
    out = tmp_path / "out.vcf"
    counts = [
        score_shard(options(fasta, vcf, model_folder, out, shard=f"{number}/{shards}"))
        for number in range(shards, 0, -1)
    ]
    assert json.loads((tmp_path / "out.vcf.part" / "options.json").read_text())["options"]["command"] == ""
    assert sum(counts) == 70
    assert not out.exists()
    stopped_after(0, monkeypatch)
    summary = merge_shards(tmp_path / "out.vcf.part")
    assert isinstance(summary, Summary)
    assert summary.records == 70
    assert out.read_bytes() == whole
    assert [each.name for each in tmp_path.iterdir()] == ["out.vcf"]


def test_a_missing_shard_is_scored_when_they_are_merged(fasta, vcf, model_folder, whole, tmp_path):
    out = tmp_path / "out.vcf"
    score_shard(options(fasta, vcf, model_folder, out, shard="2/3"))
    merge_shards(tmp_path / "out.vcf.part")
    assert out.read_bytes() == whole


def test_shards_work_side_by_side_and_nothing_is_merged_meanwhile(fasta, vcf, model_folder, tmp_path):
    folder = tmp_path / "out.vcf.part"
    score_shard(options(fasta, vcf, model_folder, tmp_path / "out.vcf", shard="1/3"))
    facts = json.loads((folder / "plan.json").read_text())
    with Run(folder, "another").alone(facts, "scoring", lambda *_: "", shared=True):
        score_shard(options(fasta, vcf, model_folder, tmp_path / "out.vcf", shard="2/3"))
        with pytest.raises(OutputError, match="another scoring is writing"):
            merge_shards(folder)


def test_shards_of_a_scan(fasta, model_folder, tmp_path, monkeypatch):
    told = {"model": str(model_folder)}
    scan_genome(ScanOptions(str(fasta), (str(tmp_path / "whole.bw"),), **told))
    out = tmp_path / "out.bw"
    done = [scan_genome(ScanOptions(str(fasta), (str(out),), shard=f"{number}/2", **told)) for number in (2, 1)]
    assert [each.chunks for each in done] == [1, 1]
    assert not list(tmp_path.glob("out*.bw"))
    monkeypatch.setattr("dnalect.jobs.scan.job.span_substitutions", None)
    merged = merge_shards(tmp_path / "out.bw.part")
    assert isinstance(merged, Scanned)
    assert merged.resumed == 2
    for name in ("information", "reference", "minimum"):
        assert (tmp_path / f"out.{name}.bw").read_bytes() == (tmp_path / f"whole.{name}.bw").read_bytes()
    assert not (tmp_path / "out.bw.part").exists()


@pytest.mark.parametrize("typed", ["dnalect score a b --shard 2/3 -o c", "dnalect score a b --shard=2/3 -o c"])
def test_the_outputs_tell_the_command_of_the_whole(typed, tmp_path):
    note_options(tmp_path, "score", Options("a", "b", shard="2/3", command=typed))
    what, told = noted_options(tmp_path)
    assert what == "score"
    assert told["command"] == "dnalect score a b -o c"
    assert "shard" not in told


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"])
def test_impossible_shards_are_refused(text):
    with pytest.raises(ConfigError, match="3/8 for the third of eight parts"):
        Options("g", "v", shard=text)


def test_shards_need_files(fasta, vcf, model_folder, tmp_path):
    with pytest.raises(ConfigError, match="beside the output"):
        score_shard(Options(str(fasta), str(vcf), model=str(model_folder), shard="1/2"))
    with pytest.raises(OutputError, match="holds no shards"):
        merge_shards(tmp_path)


def test_scores_come_back_to_the_bit():
    nan, third = float("nan"), 1 / 3
    full = Score(
        third,
        "nats",
        0.1 + 0.2,
        third,
        flags=("repeat",),
        kind="insertion",
        strand_gap=1e-300,
        tokens=(2, 3),
        members=(third, -0.0),
        distances=Distances(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        influence=Influence(1.0, 2.0, 3.0, (0.5, None)),
        column=Column(-third, 3, None, (0.25,)),
        joined=Joined(third, (1.0, third), "sv_deletion", 10, "event", None),
        changes=(Change("a b", 1.0, 2.0, 3.0, None),),
        changed=4,
        splices=(Splice("G", (0.1, 0.2, 0.3, 0.4), (1, -2, 3, -4)),),
    )
    scores = [[full, Score(reason="symbolic")], [], [Score(third)]]
    assert read(written(scores)) == scores
    assert str(read(written([[Score(nan)]]))) == str([[Score(nan)]])
    for wrong in (b"[[{}]", b'[[{"value": "much"}]]'):
        with pytest.raises(ValueError, match=r"Expecting|valid number"):
            read(wrong)


SLOW = """
import sys, time
from dnalect.core import kept
from dnalect.jobs import scoring
from dnalect.jobs.scan.job import Scanned, scan_genome
from dnalect.jobs.scan.options import Options as ScanOptions
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
scoring.CHUNK, scoring.FIRST, scoring.MOST, kept.SECONDS = 16, 1, 1, 0.0
measured = scoring.Scoring._measured
def slowly(job, *told):
    time.sleep(0.4)
    return measured(job, *told)
scoring.Scoring._measured = slowly
fasta, vcf, model, out = sys.argv[1:]
told = dict(scores="llr,junction,distance,influence", background=40, provenance=False)
score_file(Options(fasta, vcf, outputs=(out,), model=model, **told))
"""


def test_a_killed_process_loses_next_to_nothing(fasta, vcf, model_folder, whole, tmp_path):
    out, folder = tmp_path / "out.vcf", tmp_path / "out.vcf.part"
    command = [SLOW, fasta, vcf, model_folder, out]
    process = Child(*command)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.kept"))) < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    done = len(list(folder.glob("*.kept")))
    assert done >= 2
    assert not out.exists()
    run_script(*command)
    assert out.read_bytes() == whole
    assert not folder.exists()
