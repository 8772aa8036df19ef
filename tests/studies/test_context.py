"""Context: windows hold what they should, directions are those of the causal model, and far sequence is exchanged."""

import numpy as np
import pytest

import dnalect
from dnalect.inference import strategy_for
from dnalect.tokens import encode
from models.folders import make
from studies.context import BITS, MOVED, SPREAD, run, voices
from studies.options import Context


@pytest.fixture(scope="module")
def around():
    genome = dnalect.open_genome(dnalect.demo_files().reference)
    return np.stack([encode(genome["chrI"][low : low + 129]) for low in (50_000, 60_000, 70_000)])


def test_windows_have_their_site_in_the_middle(around):
    model = dnalect.load("attention-small")
    ((who, said),) = voices(model)
    assert who == "attention-small"
    expected = strategy_for(model).log_probs(list(around[:, 48:80]), np.full(3, 16))
    np.testing.assert_array_equal(said(around, 32), expected)


def test_directions_of_a_causal_model_read_one_side(around, tmp_path):
    (left, after), (right, before) = voices(dnalect.load(make("llama", tmp_path / "m")))
    assert left.endswith("left to right")
    assert right.endswith("right to left")
    for said, far in ((after, slice(64, None)), (before, slice(0, 65))):
        other = around.copy()
        other[:, far] = (other[:, far] + 1) % 4
        np.testing.assert_allclose(said(other, 16), said(around, 16), atol=1e-6)
        assert np.exp(said(around, 16)).sum(axis=1) == pytest.approx(1, abs=1e-5)
    turned = 3 - around[:, ::-1]
    np.testing.assert_allclose(before(around, 16), after(turned, 16)[:, ::-1], atol=1e-6)


def test_the_figures_and_the_picture(tmp_path):
    (tmp_path / "genomes").mkdir()
    genome = dnalect.open_genome(dnalect.demo_files().reference)
    (tmp_path / "genomes/yeast.fa").write_text(f">chrI\n{genome['chrI'][100_000:160_000]}\n")
    folder = make("llama", tmp_path / "m")
    asked = Context(
        ("attention-small", str(folder)), tmp_path, "genomes/yeast.fa", "chrI", (16, 24, 32), 100, tmp_path / "x.png"
    )
    found = {(each.who.split(", ")[-1], each.part, each.metric): each for each in run(asked)}
    long, short = (found["attention-small", f"{bases} bases", BITS] for bases in (32, 16))
    assert long.against == ""
    assert short.difference.mean == pytest.approx(short.value.mean - long.value.mean)
    assert {who for who, _, _ in found} == {"attention-small", "left to right", "right to left"}
    near, far = (found["attention-small", f"beyond {bases} bases", MOVED].value.mean for bases in (4, 8))
    assert near > far > 0
    assert found["attention-small", "all", SPREAD].value.mean > 0
    assert (tmp_path / "x.png").stat().st_size > 1000
    with pytest.raises(dnalect.ConfigError, match="name shorter --windows"):
        run(Context((str(folder),), tmp_path, "genomes/yeast.fa", "chrI", (4096,), 100))
