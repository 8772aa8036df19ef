"""The door through which models come, as people knock at it: names, hub ids, folders, and which model for what."""

import json
import time

import huggingface_hub
import pytest
from click.testing import CliRunner

from dnalect.cli.main import dnalect
from dnalect.core.errors import DnalectError


def told(*words) -> str:
    """What a command prints, or the message of its error."""
    done = CliRunner().invoke(dnalect, list(map(str, words)))
    if done.exception is None:
        return done.output
    assert isinstance(done.exception, DnalectError), done.exception
    return str(done.exception)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("GPNRoFormer", "GPN-MSA"),
        ("alphagenome", "AlphaGenome"),
    ],
)
def test_a_folder_of_another_family_is_named_with_what_is_supported(tmp_path, kind, title):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    message = told("models", "verify", tmp_path)
    assert f"model_type {kind} ({title}" in message
    assert "not supported" in message
    assert "Supported: DNABERT (bert)" in message
    assert "hdf5" not in message


def test_without_a_network_the_answer_comes_at_once(monkeypatch, tmp_path):
    def unreachable(*_, **more):
        assert more["timeout"] < 6
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub, "model_info", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    begun = time.monotonic()
    message = told("models", "verify", "dnabert-2")
    assert time.monotonic() - begun < 5
    assert "hf download zhihan1996/DNABERT-2-117M --revision 7bce" in message
    assert "copy FOLDER here and give its path" in message


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("models", "show", "dnabert2"), "Did you mean dnabert-2?"),
        (("models", "show", "duplex_human"), "Did you mean duplex-human?"),
        (("models", "verify", "nt-v2-50"), "Did you mean nt-v2-50m"),
        (("models", "verify", "duplex-yaest"), "Did you mean duplex-yeast"),
        (("tokenize", "ACGT", "-t", "ntv2"), "Did you mean nt-v2?"),
        (("tokenize", "ACGT", "-m", "Grover"), "Did you mean grover?"),
    ],
)
def test_a_typo_is_guessed(words, meant):
    assert meant in told(*words)


def test_a_run_that_is_not_there_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(huggingface_hub, "model_info", lambda *_, **__: pytest.fail("the hub was asked"))
    assert "there is no folder runs/my-model" in told("models", "verify", "runs/my-model")


def test_which_model_for_human_variants():
    text = told("models", "choose", "--goal", "variants", "--species", "human")
    for part in ("SpliceAI", "CADD", "GPN-MSA", "AlphaGenome", "duplex-human, donors: AUROC"):
        assert part in text
    assert "chapter" not in text
