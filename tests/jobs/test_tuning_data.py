"""What is made of labelled data before anything is learned: parts, background, and what the notes must say."""

import numpy as np
import pytest

from dnalect.core.errors import ConfigError, InputError
from dnalect.jobs.tuning.data import prepare
from dnalect.jobs.tuning.options import DataOptions
from dnalect.training.tuning import TuneConfig
from jobs.labelled import sequences, write
from jobs.tuned import options_for
from jobs.tuned import run as run_finetune

PROBE = TuneConfig(method="probe")


def table(path, labels, parts, texts=None):
    texts = texts or sequences(len(parts), np.random.default_rng(6))
    return str(write(path, {name: list(map(str, cells)) for name, cells in labels.items()}, texts, parts))


def parts_of(count):
    return [("train", "train", "train", "validate", "test")[number % 5] for number in range(count)]


def test_parts_that_are_left_aside_are_named_and_their_copies_merged(tmp_path):
    texts = sequences(60, np.random.default_rng(6))
    parts = ["train"] * 50 + ["test"] * 10
    texts[50:55] = texts[:5]
    data = table(tmp_path / "t.tsv", {"label": [n % 2 for n in range(50)] + [n % 2 for n in range(10)]}, parts, texts)
    found = prepare(DataOptions(data, split="cluster"))
    assert len(set(found.examples.sequences)) == len(found.examples) == 55
    assert "the parts that the file gives were left aside" in found.examples.notes
    contradictory = table(tmp_path / "c.tsv", {"label": [n % 2 for n in range(50)] + [1, 0] * 5}, parts, texts)
    with pytest.raises(InputError, match="sequence 1 and sequence 51 give one sequence different labels"):
        prepare(DataOptions(contradictory, split="cluster"))


def test_a_test_part_that_was_seen_whole_is_an_error(tmp_path):
    texts = sequences(40, np.random.default_rng(6))
    labels = [n % 2 for n in range(40)]
    data = table(
        tmp_path / "t.tsv", {"label": labels + labels[:10]}, ["train"] * 40 + ["test"] * 10, texts + texts[:10]
    )
    with pytest.raises(InputError, match="nothing is left to test on; .*--keep-leaks"):
        prepare(DataOptions(data))
    assert prepare(DataOptions(data, keep_leaks=True)).examples.parts.count("test") == 10


def test_classes_that_a_part_lacks_are_named(tmp_path):
    parts = parts_of(60)
    labels = {
        "label": [0 if part == "validate" else n // 5 % 2 for n, part in enumerate(parts)],
        "value": ["NA" if part == "test" else n + 0.5 for n, part in enumerate(parts)],
    }
    found = prepare(DataOptions(table(tmp_path / "t.tsv", labels, parts), labels=("label", "value")))
    assert "label: no example of 1 in the validate part" in found.examples.notes
    assert "value: no two different labels of value in the test part" in found.examples.notes


def genome_and_peaks(folder):
    rng = np.random.default_rng(7)
    contigs = {name: "".join(rng.choice(list("ACGT"), 9_000)) for name in ("one", "two")}
    (folder / "g.fa").write_text("".join(f">{name}\n{text}\n" for name, text in contigs.items()))
    places = [(name, start) for name in contigs for start in range(100, 8_500, 300)]
    return str(folder / "g.fa"), places


def test_a_peak_with_two_summits_is_one_positive(tmp_path):
    genome, places = genome_and_peaks(tmp_path)
    lines = [f"{name}\t{start}\t{start + 60}\tpeak_{at}{k}\n" for at, (name, start) in enumerate(places) for k in "ab"]
    (tmp_path / "p.bed").write_text("".join(lines))
    found = prepare(DataOptions(str(tmp_path / "p.bed"), reference=genome, background=1, keep_leaks=True)).examples
    assert len(set(zip(found.contigs, found.starts.tolist(), strict=True))) == len(found)
    assert f"{len(places):,} intervals repeat the place of another one: kept once" in found.notes


def test_labels_come_from_one_source(tmp_path):
    genome, places = genome_and_peaks(tmp_path)
    lines = [f"{name}\t{start}\t{start + 60}\t{at % 2}\n" for at, (name, start) in enumerate(places)]
    (tmp_path / "p.bed").write_text("".join(lines))
    with pytest.raises(InputError, match="holds negatives, too"):
        prepare(DataOptions(str(tmp_path / "p.bed"), reference=genome, background=1))
    with pytest.raises(ConfigError, match="choose one of them"):
        prepare(DataOptions(str(tmp_path / "p.bed"), reference=genome, background=1, labels=("name",)))


def test_contigs_that_are_named_divide_the_data(tmp_path):
    genome, places = genome_and_peaks(tmp_path)
    lines = [f"{name}\t{start}\t{start + 60}\t{at % 2}\n" for at, (name, start) in enumerate(places)]
    (tmp_path / "p.bed").write_text("".join(lines))
    found = prepare(DataOptions(str(tmp_path / "p.bed"), reference=genome, test_contigs=("two",)))
    assert found.rule == "chromosome"
    assert {c for c, part in zip(found.examples.contigs, found.examples.parts, strict=True) if part == "test"} == {
        "two"
    }


def tuned(data, model, out, said, **options):
    told = options_for(data, model, PROBE, **options)
    return run_finetune(told, out, said.append)


def test_nothing_is_called_useless_that_was_not_asked(tmp_path, model_folder):
    """A test part of one class, and one without any label of a second target."""
    parts = parts_of(60)
    labels = {
        "label": [0 if part == "test" else n // 5 % 2 for n, part in enumerate(parts)],
        "value": ["NA" if part == "test" else n + 0.5 for n, part in enumerate(parts)],
    }
    said: list[str] = []
    data = table(tmp_path / "t.tsv", labels, parts)
    tuned(data, model_folder, tmp_path / "out", said, labels=("label", "value"))
    assert "label: MCC can't be told on these 12 test sequences." in said
    assert not any("useless" in each for each in said)
    assert "useless" not in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(("part", "named"), [("train", "training"), ("validate", "validation")])
@pytest.mark.parametrize("kind", ["classes", "tracks"])
def test_a_target_without_labels_in_a_part_is_a_message(tmp_path, model_folder, part, named, kind):
    parts = parts_of(60)
    labels = {
        "one": [n // 5 % 2 for n in range(60)],
        "other": ["NA" if each == part else n // 5 % 2 for n, each in enumerate(parts)],
    }
    data, said = table(tmp_path / "t.tsv", labels, parts), []
    if (kind, part) == ("tracks", "validate"):
        tuned(data, model_folder, tmp_path / "out", said, labels=("one", "other"), kind=kind)
        assert "tracks: no two different labels of other in the validate part" in said
        return
    with pytest.raises(InputError, match=f"no sequence of the {named} part has a label for .*other"):
        tuned(data, model_folder, tmp_path / "out", said, labels=("one", "other"), kind=kind)


def test_sequences_that_are_not_read_whole_are_counted(tmp_path, model_folder):
    texts = sequences(60, np.random.default_rng(6))
    texts[:4] = [text * 400 for text in texts[:4]]
    data = table(tmp_path / "t.tsv", {"label": [n // 5 % 2 for n in range(60)]}, parts_of(60), texts)
    said: list[str] = []
    tuned(data, model_folder, tmp_path / "out", said)
    assert any(each.startswith("of 4 of 60 sequences, longer than") for each in said), said
