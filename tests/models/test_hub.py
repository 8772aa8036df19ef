"""Names and hub ids: what is asked of the hub, and what is said where it can't be reached."""

import logging

import huggingface_hub
import pytest
from huggingface_hub import errors

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models import registry
from dnalect.models.hub import is_hub_id
from models.folders import make


@pytest.fixture
def hub(monkeypatch):
    """A hub that holds what a test puts there: repository -> folder or exception."""
    held, asked = {}, []

    def snapshot_download(repository, revision, allow_patterns):
        asked.append((repository, revision, allow_patterns))
        answer = held[repository]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return held, asked


def test_an_id_is_fetched_and_recognised(hub, tmp_path):
    held, asked = hub
    held["someone/tiny-dna"] = make("dnabert", tmp_path / "tiny")
    model = dnalect.load("someone/tiny-dna")
    assert model.family.name == "dnabert"
    repository, revision, patterns = asked[0]
    assert (repository, revision) == ("someone/tiny-dna", "main")
    assert len(asked) == 1
    assert not [pattern for pattern in patterns if pattern.endswith((".py", ".bin", "*"))]


def test_pickles_are_fetched_only_where_there_is_nothing_else(hub, tmp_path):
    held, asked = hub
    held["someone/old"] = make("dnabert", tmp_path / "old", pickled=True)
    (tmp_path / "old" / "pytorch_model.bin").rename(tmp_path / "kept")

    def arrives(patterns):
        if "pytorch_model.bin" in patterns:
            (tmp_path / "kept").rename(tmp_path / "old" / "pytorch_model.bin")

    plain = huggingface_hub.snapshot_download

    def download(repository, revision, allow_patterns):
        arrives(allow_patterns)
        return plain(repository, revision, allow_patterns)

    huggingface_hub.snapshot_download = download
    assert dnalect.load("someone/old").kind == "masked"
    assert len(asked) == 2


def test_a_published_name_is_pinned_and_checked(hub, tmp_path, caplog):
    held, asked = hub
    held["zhihan1996/DNABERT-2-117M"] = make("dnabert-2", tmp_path / "a")
    for name in ("dnabert-2", "zhihan1996/DNABERT-2-117M"):
        with pytest.raises(ModelError, match=r"parameters, but dnabert-2 has 117,074,176"):
            dnalect.load(name)
    assert asked[0][1] == "7bce263b15377fc15361f52cfab88f8b586abda0"
    held["InstaDeepAI/nucleotide-transformer-v2-50m-multi-species"] = make("dnabert", tmp_path / "b")
    with caplog.at_level(logging.WARNING), pytest.raises(ModelError, match=r"holds a DNABERT, but nt-v2-50m is of"):
        dnalect.load("nt-v2-50m")
    assert "non-commercial use only" in caplog.text


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionError("no route"), r"can't be reached \(no route\).*\n  hf download a/b --revision main"),
        (errors.LocalEntryNotFoundError("gone\nand more"), r"can't be reached \(gone\)"),
        (OSError(28, "No space left"), "No space left"),
    ],
)
def test_without_a_network_the_way_out_is_named(hub, error, message):
    hub[0]["a/b"] = error
    with pytest.raises(ModelError, match=message):
        dnalect.load("a/b")


def test_offline_mode_is_real_and_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE is set.*\n  hf download zhihan1996/DNA_bert_6"):
        dnalect.load("dnabert-6")


def test_names_that_are_nothing(tmp_path):
    with pytest.raises(ModelError, match=r"neither an embedded one .* nor a published one \(dnabert-3, .*grover\)"):
        dnalect.load("dnabert-7")
    with pytest.raises(ModelError, match=r"not on the hub: get github.com/melobio/LOGO, 99_PreTrain"):
        dnalect.load("logo-5")
    with pytest.raises(ModelError, match="is no model folder"):
        dnalect.load(tmp_path)
    assert not is_hub_id("../../etc")
    assert not is_hub_id("a/b/c")
    assert not is_hub_id("a")
    assert is_hub_id("zhihan1996/DNABERT-2-117M")


def test_a_folder_wins_over_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make("dnabert", tmp_path / "dnabert-6")
    assert dnalect.load("dnabert-6").card.parameters < 10**6
    assert registry.model_folder("dnabert-6").is_dir()
