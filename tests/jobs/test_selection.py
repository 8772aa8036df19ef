"""Which models a text or a list names."""

from pathlib import Path

import pytest

from dnalect.core.errors import ConfigError, ModelError
from dnalect.genome.fasta import open_genome
from dnalect.jobs.score_options import known_scores, scores_of
from dnalect.jobs.selection import labels_of, models_for, split_names
from dnalect.models.card import Card


def test_models_are_separated_by_commas_but_a_folder_is_one(tmp_path, monkeypatch):
    assert split_names("dnabert-3") == ["dnabert-3"]
    assert split_names("dnabert-3, dnabert-6") == ["dnabert-3", "dnabert-6"]
    assert split_names(r"with\,comma,b") == ["with,comma", "b"]
    monkeypatch.chdir(tmp_path)
    Path("a,b").mkdir()
    assert split_names("a,b") == ["a,b"]
    assert split_names(r"a\,b,c") == ["a,b", "c"]


def test_a_list_is_taken_as_it_is(fasta):
    genome = open_genome(fasta)
    assert models_for(genome, ["a,b", "c"]) == ["a,b", "c"]
    assert models_for(genome, Path("x/y")) == [str(Path("x/y"))]
    assert models_for(genome, "a,c") == ["a", "c"]
    with pytest.raises(ModelError, match="no embedded model"):
        models_for(genome, None)
    for wrong, words in (("a,a", "named twice"), ("a,", "without a name"), (["a", "a"], "named twice")):
        with pytest.raises(ModelError, match=words):
            models_for(genome, wrong)


def test_labels_tell_models_apart():
    cards = [Card(name, "1", "", "duplex", "", {}, 10, 10, 1) for name in ("seed 1", "b", "b", "x\ty,z")]
    assert labels_of(cards) == ["seed_1", "b.1", "b.2", "x_y_z"]


def test_scores_have_names():
    assert scores_of("llr") == ("llr",)
    assert scores_of(" distance,llr,llr") == ("llr", "distance")
    for wrong in ("", "LLR", "llr,surprise"):
        with pytest.raises(ConfigError, match="llr, junction"):
            scores_of(wrong)
    assert known_scores(["distance"]) == ("distance",)
