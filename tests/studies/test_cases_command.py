"""The studies in human as commands: predictors by name, and messages instead of tracebacks."""

import pytest
from click.testing import CliRunner

from studies.__main__ import studies as command


@pytest.mark.parametrize("study", ["elements", "pairs", "saturation"])
@pytest.mark.parametrize("texts", [["activity"], ["=folder"], ["activity="], ["a=one", "a=two"]])
def test_predictors_need_a_name_each(study, texts, tmp_path):
    told = [word for text in texts for word in ("--predictor", text)]
    done = CliRunner().invoke(command, [study, "--data", str(tmp_path), "--out", str(tmp_path / "out"), *told])
    assert done.exit_code == 2
    assert "give NAME=FOLDER, each name once" in done.output


@pytest.mark.parametrize("study", ["elements", "pairs", "saturation"])
def test_options_reach_the_study(study, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(f"studies.cases.{study}.run_{study}", told.append)
    words = ["--data", "d", "--out", str(tmp_path), "-m", "model", "--predictor", "a=f/1", "--predictor", "b=f=2"]
    done = CliRunner().invoke(command, [study, *words])
    assert done.exit_code == 0, done.output
    (options,) = told
    assert (str(options.data), options.model, options.out, options.device) == ("d", "model", tmp_path, "auto")
    assert {name: str(folder) for name, folder in options.tuned.items()} == {"a": "f/1", "b": "f=2"}
    assert f"the figures are in {tmp_path / 'figures.tsv'}" in done.output
