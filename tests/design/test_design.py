"""`dnalect design` from end to end, on two small predictors that learned GC."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, InputError, ModelError, OutputError
from dnalect.design.distance_kernels import nearest
from dnalect.jobs.design.judging import Known
from dnalect.tokens.bases import decode, encode

LENGTH = 48


def labelled(path, seed):
    """Sequences, and how many G and C they have."""
    rng = np.random.default_rng(seed)
    lines = ["sequence,gc,at"]
    for _ in range(120):
        share = rng.uniform(0.2, 0.8)
        text = "".join(rng.choice(list("ACGT"), LENGTH, p=[(1 - share) / 2, share / 2, share / 2, (1 - share) / 2]))
        rich = sum(base in "GC" for base in text) / LENGTH
        lines.append(f"{text},{10 * rich:.3f},{'yes' if rich < 0.5 else 'no'}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def folders(tmp_path_factory, model_folder):
    folder = tmp_path_factory.mktemp("predictors")
    for name, seed, labels in (("first", 1, ("gc",)), ("second", 2, ("gc", "at"))):
        data = labelled(folder / f"{name}.csv", seed)
        told = {"method": "probe", "rivals": (), "split": "random", "progress": False, "labels": labels}
        dnalect.finetune(data, folder / name, model_folder, **told)
    return folder


def test_designs_are_made_measured_and_written(folders, tmp_path, model_folder):
    files = [tmp_path / f"out.{suffix}" for suffix in ("fa", "tsv", "parquet", "html")]
    words = ["design", "-m", folders / "first", "--goal", "gc=high", "--length", LENGTH, "--judge", folders / "second"]
    words += [
        "--likelihood",
        model_folder,
        "--known",
        folders / "first.csv",
        "--calls",
        80,
        "-n",
        3,
        "--gc",
        "0.2-0.75",
    ]
    words += ["--forbid", "GGGG", "--forbid", "EcoRI", "--keep", "TATAAA", "--homopolymer", 4]
    words += [word for file in files for word in ("-o", file)]
    done = CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    table = pq.read_table(files[2])
    rows = table.to_pylist()
    designs = [row for row in rows if row["origin"] == "design"]
    assert len(designs) == 3
    assert {row["origin"] for row in rows} == {"design", "random", "shuffled", "known"}
    for row in rows:
        text = row["sequence"]
        share = sum(base in "GC" for base in text) / LENGTH
        assert len(text) == LENGTH
        assert share == pytest.approx(row["gc"], abs=1e-4)
        assert share <= 0.75
        assert "GGGG" not in text
        assert "CCCC" not in text
        assert "GAATTC" not in text
        assert "TATAAA" in text or "TTTATA" in text
        assert row["longest_run"] <= 4
    random = [row for row in rows if row["origin"] == "random"]
    # What the predictor says, another one says, too: it is GC.
    for column in ("gc", "predicted_gc", "judge second:gc"):
        assert np.mean([row[column] for row in designs]) > np.mean([row[column] for row in random])
    assert "judge second:at" in table.column_names
    assert "bits" in table.column_names
    again = dnalect.predict(folders / "first", [row["sequence"] for row in designs], progress=False)
    assert again["gc"] == pytest.approx([row["predicted_gc"] for row in designs], rel=1e-3)
    assert table.schema.metadata[b"dnalect_goals"] == b"gc=high"
    assert files[0].read_text().count(">design_") == 3
    assert files[1].read_text().count("\n") == 1 + len(rows)
    page = files[3].read_text()
    assert designs[0]["sequence"] in page
    assert "judge second:gc" in page
    assert "no EcoRI" in page


def test_python_gives_the_same_designs(folders):
    told = {"length": LENGTH, "calls": 60, "count": 2, "progress": False, "rivals": ("random",)}
    one, other = (dnalect.design_sequences(folders / "first", "gc=low", **told) for _ in range(2))
    assert one.sequences == other.sequences
    assert np.mean(one["gc"]) < np.mean(one.rivals["gc"])
    assert {each.who for each in one.figures} == {"design", "random"}


def test_designs_beyond_what_a_predictor_has_seen_are_told(folders, tmp_path, monkeypatch):
    monkeypatch.setattr("dnalect.jobs.design.judging.FAR", 1.2)
    heard, page = [], tmp_path / "designs.html"
    told = {"length": LENGTH, "calls": 200, "count": 3, "rivals": (), "outputs": page}
    listener = dnalect.Reporter(False, heard.append)
    found = dnalect.design_sequences(folders / "first", "gc=high", progress=listener, **told)
    spec = dnalect.load(folders / "first").can.targets["gc"]
    far = [each for each in found["predicted_gc"] if each > spec.centre + 1.2 * spec.spread]
    notes = [each for each in heard if "standard deviations" in each]
    assert far
    assert len(notes) == 1
    assert notes[0].startswith(f"{len(far)} of 3 designs")
    assert notes[0] in page.read_text()
    assert "Nobody judged these designs" in page.read_text()
    heard.clear()
    dnalect.design_sequences(folders / "first", "gc=5", method="evolution", progress=listener, **told)
    assert not any("standard deviations" in each for each in heard)


@pytest.mark.parametrize("method", ["gradient", "beam", "evolution"])
def test_high_here_and_low_there(folders, model_folder, method):
    """Two predictors that learned the same pull in two directions: the designs are a front."""
    models = [folders / "first", folders / "second"]
    goals = ["at=high", "likelihood=high"]
    told = {"length": LENGTH, "calls": 120, "count": 20, "progress": False, "rivals": (), "likelihood": model_folder}
    found = dnalect.design_sequences(models, goals, method=method, apart=1, **told)
    at, bits = np.array(found["at"]), np.array(found["bits"])
    assert len(found) > 1
    # Nothing on a front is worse in both than another; calibration may make equals of probabilities.
    for one in range(len(found)):
        assert not ((at > at[one]) & (bits < bits[one])).any()


def test_a_start_keeps_its_protected_bases_and_most_of_the_others(folders):
    start = "ACGT" * 12
    told = {"protect": ("1-8", "48"), "edits": 5, "calls": 60, "count": 3, "progress": False}
    found = dnalect.design_sequences(folders / "first", "gc=high", start, **told)
    for text, edits in zip(found.sequences, found["edits"], strict=True):
        assert text[:8] == start[:8]
        assert text[-1] == start[-1]
        assert sum(a != b for a, b in zip(text, start, strict=True)) == edits <= 5


@pytest.mark.parametrize(
    ("more", "kind", "told"),
    [
        ({"goals": ["gd=high"]}, ConfigError, "no predictor has the output"),
        ({"goals": ["gc=up"]}, ConfigError, "OUTPUT=high"),
        ({"goals": ["likelihood=high"]}, ConfigError, "--likelihood"),
        ({"goals": ["at=0.5"], "models": "second"}, ConfigError, "a probability"),
        ({"length": None}, ConfigError, "--length"),
        ({"edits": 3}, ConfigError, "--from"),
        ({"length": 5000}, InputError, "more than the 1,024"),
        ({"protect": ["40-60"]}, ConfigError, "beyond the 48"),
        ({"protect": ["4-2"]}, ConfigError, "--protect takes"),
        ({"gc": "0.6"}, ConfigError, "--gc takes"),
        ({"gc": "0.1-0.2", "keep": ["GGGGGGGGGGGG"]}, ConfigError, "these are broken"),
        ({"forbid": ["EcoRX"]}, ConfigError, "EcoRI"),
        ({"rivals": ["best"]}, ConfigError, "no rival"),
        ({"outputs": ["designs.doc"]}, OutputError, "suffixes"),
        ({"models": "duplex-yeast@1"}, ModelError, "is a language model"),
        ({"calls": 4}, ConfigError, "8"),
    ],
)
def test_what_can_not_be_designed_is_told(folders, more, kind, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {"goals": ["gc=high"], "length": LENGTH, "calls": 20, "progress": False} | more
    name = asked.pop("models", "first")
    with pytest.raises(kind, match=told):
        dnalect.design_sequences(folders / name if (folders / name).exists() else name, **asked)
    assert not [*tmp_path.iterdir()]


def test_two_outputs_of_one_name_are_told_apart_by_their_models(folders):
    models = [folders / "first", folders / "second"]
    with pytest.raises(ConfigError, match="first:gc"):
        dnalect.design_sequences(models, "gc=high", length=LENGTH, progress=False)
    found = dnalect.design_sequences(models, "second:gc=high", length=LENGTH, calls=20, rivals=(), progress=False)
    assert {"first:gc", "second:gc"} <= {*found.columns}


def test_the_nearest_known_sequence_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    texts = rng.integers(4, size=(6, 12)).astype(np.uint8)
    known = [rng.integers(4, size=size).astype(np.uint8) for size in (10, 12, 13, 11)]

    def edits(a, b):
        row = list(range(len(b) + 1))
        for x in a:
            row, before = [row[0] + 1], row
            for at, y in enumerate(b):
                row.append(min(before[at] + (x != y), before[at + 1] + 1, row[at] + 1))
        return row[-1]

    found = nearest(texts, np.concatenate(known), np.cumsum([*map(len, known)]))
    for row, text in enumerate(texts):
        each = [edits(text, other) for other in known]
        assert found[row].tolist() == [each.index(min(each)), min(each)]
    held = Known.of([(str(n), decode(each)) for n, each in enumerate(known)])
    assert [*zip(*held.nearest(texts), strict=True)] == [(str(n), away) for n, away in found.tolist()]
    assert nearest(encode("ACGT")[None], encode("ACGT"), np.array([4]))[0].tolist() == [0, 0]


def test_of_many_known_sequences_those_with_most_words_in_common_are_looked_at(monkeypatch):
    rng = np.random.default_rng(0)
    known = rng.integers(4, size=(400, 60)).astype(np.uint8)
    texts = known[[7, 300]].copy()
    texts[:, ::20] = (texts[:, ::20] + 1) % 4
    held = Known.of([(str(n), decode(each)) for n, each in enumerate(known)])
    every = held.nearest(texts)
    assert every == (["7", "300"], [3, 3])
    monkeypatch.setattr("dnalect.jobs.design.judging.CELLS", texts.size * known.size // 40)
    assert held._alike(texts).shape == (2, 10)
    assert held.nearest(texts) == every
