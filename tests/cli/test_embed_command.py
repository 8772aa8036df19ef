"""`dnalect embed` as people call it: outputs, messages and statuses."""

import sys

import numpy as np
import pytest

from dnalect.cli.main import main


@pytest.fixture
def call(monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dnalect", "embed", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as stop:
            status = stop.code or 0
        return status, capsys.readouterr().err

    return run


def test_every_option_reaches_the_file(call, fasta, model_folder, tmp_path):
    out = tmp_path / "o.npz"
    more = ("--pool", "max", "--layer", 1, "--strands", 2, "--window", 500, "--step", 900, "--batch-size", 3)
    more += ("--dtype", "bfloat16", "--device", "cpu", "--threads", 1)
    status, said = call(fasta, "-m", model_folder, "-o", out, *more)
    assert status == 0
    assert "dnalect: 8 vectors of 16 channels by tiny" in said
    arrays = np.load(out)
    assert arrays["start"].tolist() == [0, 900, 1800, 2700, 3600, 4500, 5400, 0]
    told = str(arrays["metadata"])
    for word in ('"pool": "max"', '"layer": "1 of 3"', '"strands": "2;', '"window": "500"', '"dtype": "bfloat16"'):
        assert word in told
    assert "dnalect embed " in told


def test_wrong_usage_is_2_and_bad_input_1(call, fasta, model_folder, tmp_path, monkeypatch):
    out, model = tmp_path / "o.parquet", ("-m", model_folder)
    assert call("--help")[0] == 0
    for wrong, words in (
        ((fasta,), "Missing option"),
        ((fasta, "-o", out, "--pool", "median"), "no pool 'median'"),
        ((fasta, "-o", out, "--strands", 3), "--strands"),
        ((fasta, "-o", tmp_path / "o.csv"), "none of the suffixes .parquet, .h5ad, .npz"),
        ((fasta, "-o", tmp_path / "o.h5ad", "--pool", "base"), "h5ad holds one vector a window"),
    ):
        status, said = call(*wrong)
        assert (status, words in said) == (2, True), said
    for wrong, words in (
        ((tmp_path / "none.fa", "-o", out), "No such file"),
        ((fasta, "-o", fasta.with_suffix(".npz"), "-o", fasta.with_suffix(".npz")), "named twice"),
        ((fasta, "-o", tmp_path / "no" / "o.npz"), "does not exist"),
        ((fasta, "-o", out, "--device", "cuda:99"), "device"),
    ):
        status, said = call(*wrong, *model)
        assert (status, words in said) == (1, True), said
        assert "Traceback" not in said
    same = tmp_path / "in.parquet"
    same.write_text("sequence\nACGT\n")
    assert "is an input" in call(same, "-o", same, *model)[1]
    monkeypatch.setitem(sys.modules, "anndata", None)
    status, said = call(fasta, "-o", tmp_path / "o.h5ad", *model)
    assert (status, "pip install 'dnalect[h5ad]'" in said) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
