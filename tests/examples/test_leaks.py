import json

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.core.examples import Target
from dnalect.examples.leaks import audit, drop_leaks
from examples.mutants import flipped, mutated, of, sequences

PARTS = ["train"] * 200 + ["validate"] * 40 + ["test"] * 100


def labels(seed=0):
    return np.random.default_rng(seed).integers(0, 2, 340)


def overlaps(found):
    return {(each.earlier, each.later): each for each in found.overlaps}


def test_clean_data_are_not_accused():
    found = audit(of(sequences(340, 200), labels(), PARTS))
    assert found.level == "PASS"
    assert not found.rows
    assert all((each.exact, each.reverse, each.near, each.overlapping) == (0, 0, 0, 0) for each in found.overlaps)
    assert {each.level for each in found.findings} == {"PASS"}
    assert found.verdict.startswith("PASS: no test example is met")


def test_planted_copies_are_counted_and_dropped():
    texts = sequences(340, 200)
    texts[240:245] = texts[:5]
    texts[250:253] = [flipped(text) for text in texts[5:8]]
    texts[260:264] = [mutated(text, 0.02, seed=1) for text in texts[8:12]]
    texts[270:272] = [flipped(text) for text in texts[200:202]]
    texts[205] = texts[20]
    examples = of(texts, labels(), PARTS)
    found = audit(examples)
    test = overlaps(found)["train", "test"]
    assert (test.n, test.exact, test.reverse, test.near) == (100, 5, 3, 4)
    other = overlaps(found)["validate", "test"]
    assert (other.exact, other.reverse, other.near) == (0, 2, 0)
    assert overlaps(found)["train", "validate"].exact == 1
    wanted = [*range(240, 245), *range(250, 253), *range(260, 264), 270, 271]
    assert list(found.rows) == wanted
    assert found.level == "FAIL"
    assert "14 of 100 test examples (14.0%) are met in train or validate" in found.verdict
    left = drop_leaks(examples, found)
    assert len(left) == 340 - 14
    assert not audit(left).rows
    assert "dropped 14 of 100" in left.notes[-1]


def test_windows_of_one_place_are_found_however_little_they_share():
    starts = np.arange(340) * 1000
    starts[300] = starts[10] + 195
    starts[301] = starts[11] + 200
    examples = of(sequences(340, 200), labels(), PARTS, contigs=["chr1"] * 340, starts=starts)
    found = audit(examples)
    assert overlaps(found)["train", "test"].overlapping == 1
    assert found.rows == (300,)


@pytest.mark.parametrize("shortcut", ["composition", "length"])
def test_a_planted_shortcut_is_found(shortcut):
    truth = labels()
    rich, plain = sequences(340, 200, 1, gc=0.65), sequences(340, 200, 2, gc=0.4)
    if shortcut == "length":
        rich, plain = [text[:150] for text in sequences(340, 200, 1)], sequences(340, 200, 2)
    texts = [a if yes else b for a, b, yes in zip(rich, plain, truth, strict=True)]
    found = {each.check: each for each in audit(of(texts, truth, PARTS)).findings}
    mine = found[f"shortcut.{shortcut}"]
    assert mine.level == ("WARN" if shortcut == "composition" else "FAIL")
    assert mine.value.low > 0.8
    assert mine.value.low <= mine.value.mean <= mine.value.high
    other = found["shortcut.length" if shortcut == "composition" else "shortcut.composition"]
    assert other.level == "PASS"


def test_a_signal_that_follows_gc_is_told():
    signal = Target("level", "signal", ("level",))
    texts = [sequences(1, 200, seed, gc=0.3 + 0.4 * (seed % 10) / 10)[0] for seed in range(340)]
    gc = np.array([(text.count("G") + text.count("C")) / 200 for text in texts])
    found = {each.check: each for each in audit(of(texts, gc, PARTS, target=signal)).findings}
    assert found["shortcut.composition"].level == "WARN"
    assert found["shortcut.composition"].value.mean == pytest.approx(1, abs=1e-3)
    assert found["shortcut.length"].level == "PASS"


def test_every_track_is_audited_by_itself():
    tracks = Target("marks", "tracks", ("a", "b", "c"))
    truth = np.stack([labels(1), labels(2), np.full(340, np.nan)], axis=1).astype(float)
    texts = [text[:150] if yes else text for text, yes in zip(sequences(340, 200), truth[:, 1], strict=True)]
    found = audit(of(texts, truth, PARTS, target=tracks))
    length = {each.target: each.level for each in found.findings if each.check == "shortcut.length"}
    assert length == {"marks/a": "PASS", "marks/b": "FAIL"}
    assert found.notes == ("marks/c: too few labels of two kinds to look for shortcuts",)


def test_the_card_is_json():
    texts = sequences(340, 200)
    texts[300] = texts[0]
    told = json.loads(json.dumps(audit(of(texts, labels(), PARTS)).as_dict(), allow_nan=False))
    assert told["leaking"] == 1
    assert told["tested"] == 100
    assert told["level"] == "WARN"
    assert told["overlaps"][1] | {"exact": 1, "earlier": "train", "later": "test"} == told["overlaps"][1]


def test_parts_must_be_there():
    with pytest.raises(InputError, match="no example is in the test part"):
        audit(of(sequences(10, 50), np.arange(10) % 2, ["train"] * 10))
