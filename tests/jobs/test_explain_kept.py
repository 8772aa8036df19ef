"""An explanation that is stopped or killed goes on to the bytes of one that nothing disturbed."""

import os
import signal
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import forked
from dnalect.core import kept
from dnalect.core.errors import OutputError
from dnalect.core.interrupts import Stopped
from dnalect.core.views import Null, Track, View
from dnalect.genome.fasta import open_genome
from dnalect.jobs.explain.job import explain_file
from dnalect.jobs.explain.kept import read, written
from dnalect.jobs.explain.options import Options
from dnalect.why import views

ENDS = ("html", "npz", "substitutions.tsv", "influence.tsv")


@pytest.fixture(autouse=True)
def kept_from_the_first_moment(monkeypatch):
    monkeypatch.setattr(kept, "SECONDS", 0.0)


@pytest.fixture(scope="module")
def vcf(fasta, tmp_path_factory):
    genome, rng = open_genome(fasta), np.random.default_rng(4)
    lines = ["##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    for place in np.sort(rng.choice(np.arange(300, 2900), 6, replace=False)).tolist():
        ref = genome.fetch(0, place, place + 1).tobytes().decode().upper()
        lines.append(f"chrA\t{place + 1}\t.\t{ref}\t{'CGTA'['ACGT'.index(ref)]}\t.\t.\t.\n")
    path = tmp_path_factory.mktemp("variants") / "in.vcf"
    path.write_text("".join(lines))
    return str(path)


def options(fasta, vcf, model, folder, **more) -> Options:
    told = {"top": 2, "show": ("substitutions,influence",), "around": 8, "seed": 3} | more
    outputs = tuple(str(folder / f"why.{each}") for each in ("html", "npz", "tsv"))
    return Options(str(fasta), vcf=vcf, outputs=outputs, model=str(model), command="explain", **told)


def made(folder):
    return {each: (folder / f"why.{each}").read_bytes() for each in ENDS}


@pytest.fixture(scope="module")
def whole(fasta, vcf, model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    explain_file(options(fasta, vcf, model_folder, folder))
    assert sorted(each.name for each in folder.iterdir()) == sorted(f"why.{each}" for each in ENDS)
    return made(folder)


def ends_after(count, patch, end):
    """Let something happen in place of a view, once so many are made; return a list that grows with each."""
    done, real = [], views._view_of

    def some(*told):
        if len(done) == count:
            end()
        done.append(1)
        return real(*told)

    patch.setattr(views, "_view_of", some)
    return done


def interrupt():
    raise KeyboardInterrupt


def test_a_stopped_explanation_goes_on(fasta, vcf, model_folder, whole, tmp_path, monkeypatch):
    asked = options(fasta, vcf, model_folder, tmp_path)
    with monkeypatch.context() as patch:
        ends_after(3, patch, interrupt)
        with pytest.raises(Stopped, match=r"why\.html\.part; the same command goes on from there"):
            explain_file(asked)
    assert [each.name for each in tmp_path.iterdir()] == ["why.html.part"]
    names = sorted(each.name for each in (tmp_path / "why.html.part").glob("*.kept"))
    assert names == ["0.influence.kept", "0.substitutions.kept", "1.substitutions.kept", "alleles.kept"]
    with pytest.raises(OutputError, match="another"):
        explain_file(replace(asked, seed=4))
    rest = ends_after(-1, monkeypatch, interrupt)
    monkeypatch.setattr("dnalect.jobs.explain.places._lowest", interrupt)
    explain_file(asked)
    assert len(rest) == 1
    assert made(tmp_path) == whole
    assert not (tmp_path / "why.html.part").exists()


def test_a_killed_explanation_goes_on(fasta, vcf, model_folder, whole, tmp_path, monkeypatch):
    words = ["explain", fasta, "--vcf", vcf, "--top", 2, "--show", "substitutions,influence", "--around", 8]
    words += ["--seed", 3, "--model", model_folder, "-o", tmp_path / "why.npz", "-o", tmp_path / "why.tsv"]
    with monkeypatch.context() as patch:
        ends_after(2, patch, lambda: os.kill(os.getpid(), signal.SIGKILL))
        assert forked.dnalect(*words).returncode == -signal.SIGKILL
    assert [each.name for each in tmp_path.iterdir()] == ["why.npz.part"]
    done = forked.dnalect(*words, text=True)
    assert done.returncode == 0, done.stderr
    assert "what was done before is taken from" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(f"why.{each}" for each in ENDS[1:])
    for each in ENDS[1:]:
        assert (tmp_path / f"why.{each}").read_bytes() == whole[each]


def test_a_view_is_read_as_it_was_written():
    numbers = np.array([0.1, np.nan, -np.inf], dtype=np.float32)
    table = pa.table({"base": ["A", None], "value": [0.1, float("nan")], "count": pa.array([1, None], pa.int32())})
    inner = View("a", "A", "é\n", (), table, {"x/y": numbers}, numbers, "bits")
    view = replace(inner, tracks=(Track("line", "a line", numbers, "bits"),), nulls=(Null("n", "said", inner, "ACG"),))
    again = read(written(view))
    assert (again.name, again.title, again.text, again.measure) == ("a", "A", "é\n", "bits")
    assert again.table.schema == table.schema
    assert str(again.table.to_pylist()) == str(table.to_pylist())
    (track,), (null,) = again.tracks, again.nulls
    assert (track.kind, track.title, track.unit) == ("line", "a line", "bits")
    assert (null.name, null.text, null.bases, null.view.nulls) == ("n", "said", "ACG", ())
    for values in (again.strength, track.values, again.arrays["x/y"], null.view.arrays["x/y"]):
        assert values.dtype == np.float32
        assert values.tobytes() == numbers.tobytes()
