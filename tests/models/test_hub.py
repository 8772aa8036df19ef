"""Names and hub ids: what is asked of the hub, and what is said where it can't be reached."""

import json
import logging

import huggingface_hub
import pytest
from huggingface_hub import errors

import dnalect
from dnalect.core.errors import ModelError
from dnalect.models.hub import is_hub_id
from dnalect.models.load import model_folder
from models.folders import make


@pytest.fixture
def hub(monkeypatch):
    """A hub that holds what a test puts there: repository -> folder or exception."""
    held, asked = {}, []

    def snapshot_download(repository, revision, allow_patterns=None, local_files_only=False):
        if local_files_only:
            raise errors.LocalEntryNotFoundError("not in the cache")
        asked.append((repository, revision, allow_patterns))
        answer = held[repository]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    def model_info(repository, revision, timeout):
        assert timeout < 6
        if isinstance(answer := held[repository], Exception):
            raise answer

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(huggingface_hub, "model_info", model_info)
    return held, asked


def test_an_id_is_fetched_and_recognised(hub, tmp_path):
    held, asked = hub
    held["someone/tiny-dna"] = make("dnabert", tmp_path / "tiny")
    model = dnalect.load("someone/tiny-dna")
    assert model.family.name == "dnabert"
    assert [each[:2] for each in asked] == [("someone/tiny-dna", "main")] * 2
    assert not [name for name in asked[0][2] if "safetensors" in name]
    assert not [name for each in asked for name in each[2] if name.endswith((".py", ".bin", "*"))]


def test_pickles_are_fetched_only_where_there_is_nothing_else(hub, tmp_path):
    held, asked = hub
    held["someone/old"] = make("dnabert", tmp_path / "old", pickled=True)
    (tmp_path / "old" / "pytorch_model.bin").rename(tmp_path / "kept")

    def arrives(patterns):
        if "pytorch_model.bin" in patterns:
            (tmp_path / "kept").rename(tmp_path / "old" / "pytorch_model.bin")

    plain = huggingface_hub.snapshot_download

    def download(repository, revision, allow_patterns=None, local_files_only=False):
        arrives(allow_patterns or ())
        return plain(repository, revision, allow_patterns, local_files_only)

    huggingface_hub.snapshot_download = download
    assert dnalect.load("someone/old").can.likelihood == "masked"
    assert len(asked) == 3


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
        (TimeoutError(), r"can't be reached \(TimeoutError\)"),
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
    with pytest.raises(ModelError, match=r"no model 'dnabert-7'\. Did you mean dnabert-\d, dnabert-\d or dnabert-\d\?"):
        dnalect.load("dnabert-7")
    with pytest.raises(ModelError, match=r"Did you mean dnabert-2\? "):
        dnalect.load("DNABERT2")
    with pytest.raises(
        ModelError, match=r"Known: .*duplex-human, duplex-yeast, .*, dnabert-3, .*, generator-eukaryote-3b, .*\."
    ):
        dnalect.load("zzzz")
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
    assert model_folder("dnabert-6").is_dir()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model_type": "alphagenome"},
            r"model_type alphagenome \(AlphaGenome.*\): not supported\..*\nSupported: DNABERT \(bert\)",
        ),
        ({"model_type": "GPNRoFormer"}, r"model_type GPNRoFormer \(GPN-MSA\): not supported"),
        ({"architectures": ["AlphaGenome"]}, r"architecture AlphaGenome \(AlphaGenome"),
        ({"model_type": "something"}, r"model_type something: not supported\.\nSupported"),
        ({"model_type": "big_bird"}, r"drawn at random\): not supported"),
        ({"model_type": "bert"}, r"a/b on the hub: .*vocab.txt has 2 words, as no tokenizer that dnalect knows"),
        (None, "neither config.json nor card.json"),
    ],
)
def test_what_no_family_reads_is_refused_before_its_weights_are_fetched(hub, tmp_path, config, message):
    held, asked = hub
    held["a/b"] = tmp_path
    (tmp_path / "vocab.txt").write_text("the\nof\n")
    if config is not None:
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=message):
        dnalect.load("a/b")
    assert len(asked) == 1
    assert not [name for name in asked[0][2] if name.endswith(("safetensors", ".bin"))]


def test_nobody_is_told_to_download_what_cannot_be_loaded(hub):
    hub[0]["someone/alphagenome-fold-0"] = ConnectionError("no route")
    with pytest.raises(ModelError, match=r"alphagenome, by its name \(AlphaGenome") as caught:
        dnalect.load("someone/alphagenome-fold-0")
    assert "hf download" not in str(caught.value)


@pytest.mark.parametrize("name", ["runs/duplex-mine", "./a/b", "configs/x", "kept/tiny2"])
def test_paths_are_not_asked_of_the_hub(hub, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make("dnabert", tmp_path / "kept" / "tiny")
    with pytest.raises(ModelError, match="there is no folder .*hub is not asked") as caught:
        dnalect.load(name)
    assert ("Did you mean kept/tiny?" in str(caught.value)) == (name == "kept/tiny2")
    assert not hub[1]


def test_a_file_is_no_folder(tmp_path):
    folder = make("dnabert", tmp_path / "m")
    with pytest.raises(ModelError, match="is a file: give the folder"):
        dnalect.load(folder / "model.safetensors")


def test_the_hub_is_named_before_it_is_asked(hub, tmp_path, caplog):
    hub[0]["a/b"] = ConnectionError("no route")
    with caplog.at_level(logging.WARNING), pytest.raises(ModelError):
        dnalect.load("a/b")
    assert "asking the Hugging Face hub for a/b" in caplog.text


def test_what_is_in_the_cache_is_used_where_the_hub_is_not_reached(hub, tmp_path, monkeypatch):
    held, _ = hub
    folder = make("dnabert", tmp_path / "tiny")
    held["a/b"] = ConnectionError("no route")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **more: str(folder))
    assert dnalect.load("a/b").can.likelihood == "masked"
