"""`dnalect predict` as people call it: outputs, messages and statuses."""

import subprocess
import sys

import pyarrow.parquet as pq
import pytest
import torch

from dnalect.cli.main import main
from jobs.test_predict import predictor, rows_of


@pytest.fixture
def call(monkeypatch, capsys):
    threads = torch.get_num_threads()

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dnalect", "predict", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = stop.code or 0
        return status, *capsys.readouterr()

    yield run
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(model_folder, tmp_path_factory):
    return predictor(model_folder, tmp_path_factory.mktemp("predictors") / "mine")


def test_every_option_reaches_the_files(call, model, fasta, tmp_path):
    outputs = [tmp_path / f"o{suffix}" for suffix in (".tsv", ".bed", ".bw", ".parquet")]
    more = ("--window", 100, "--step", 50, "--track", "cell.T", "--raw", "--batch-size", 3, "--threads", 1)
    named = [word for path in outputs for word in ("-o", path)]
    status, shown, said = call(model, fasta, *named, *more, "--device", "cpu")
    assert (status, shown) == (0, "")
    assert "windows without a known base left out" in said
    assert f"predictions by mine: {outputs[0]}, " in said
    rows = rows_of(outputs[0])
    assert [row["cell.T"] for row in rows] == [line.split("\t")[6] for line in outputs[1].read_text().splitlines()]
    facts = pq.read_schema(outputs[3]).metadata
    assert facts[b"dnalect_calibrated"] == b"no"
    assert facts[b"dnalect_window"] == b"100"
    assert facts[b"dnalect_command"].startswith(b"dnalect predict ")


def test_a_table_on_stdout_and_nothing_else(call, model, fasta, tmp_path):
    status, shown, said = call(model, fasta, "-o", "-", "--window", 500)
    assert status == 0
    assert "predictions by mine: stdout" in said
    call(model, fasta, "-o", tmp_path / "o.tsv", "--window", 500, "--quiet")
    assert shown == (tmp_path / "o.tsv").read_text()
    assert call(model, fasta, "-o", "-", "--window", 500, "--quiet")[2] == ""
    words = [sys.executable, "-m", "dnalect", "predict", str(model), str(fasta), "-o", "-", "--window", "20"]
    closed = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    closed.stdout.readline()
    closed.stdout.close()
    assert closed.stderr.read() == b"", "a reader that has enough is no fault"
    closed.stderr.close()
    closed.wait(timeout=120)


def test_wrong_usage_is_2_and_bad_input_1(call, model, fasta, tmp_path):
    out = tmp_path / "o.tsv"
    for wrong, words in (
        ((model, fasta), "Missing option"),
        ((model, fasta, "-o", tmp_path / "o.csv"), "none of the suffixes .tsv, .tsv.gz, .bed, .bw, .parquet"),
        ((model, fasta, "-o", out, "--window", 0), "--window"),
    ):
        status, _, said = call(*wrong)
        assert (status, words in said) == (2, True), said
    for wrong, words in (
        ((tmp_path / "none", fasta, "-o", out), "none"),
        ((model, tmp_path / "none.fa", "-o", out), "No such file"),
        ((model, fasta, "-o", out, "-o", out), "named twice"),
        ((model, fasta, "-o", out, "--device", "cuda:99"), "device"),
        ((model, fasta, "-o", fasta.parent), "none of the suffixes"),
    ):
        status, _, said = call(*wrong)
        assert (status, words in said) in ((1, True), (2, True)), said
        assert "Traceback" not in said
    same = tmp_path / "in.tsv"
    same.write_text("sequence\nACGT\n")
    assert "is an input" in call(model, same, "-o", same)[2]
    assert [path.name for path in tmp_path.iterdir()] == ["in.tsv"]
