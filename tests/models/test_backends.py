"""Whatever computes a model answers as plain float32 does, or is refused; outputs say which it was."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import dnalect
from dnalect.core.errors import ModelError, OutputError
from dnalect.core.reporter import Reporter, using
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.jobs.workers import rests_on
from dnalect.models import backends
from dnalect.models.backends import BACKENDS, Packed, fastest, pack, precision_of, rates
from dnalect.models.same import answers, apart, furthest, samples
from protocol.test_models import MAKERS, TRACKED

BF16, ONEDNN = BACKENDS
CPU = torch.device("cpu")
COMPARED = [name for name in MAKERS if name not in TRACKED and not name.startswith("tracks on") and name != "aligned"]


@pytest.fixture
def heard():
    told = []
    with using(Reporter(say=told.append)):
        yield told


@pytest.fixture
def ahead(monkeypatch):
    """Have backends win the timed product, in this order."""

    def win(*names):
        found = {name: 9.0 - number for number, name in enumerate(names)}
        monkeypatch.setattr(backends, "rates", lambda device, width: found)

    return win


@pytest.mark.parametrize("name", COMPARED)
def test_every_family_answers_by_onednn_as_in_plain_float32(name, tmp_path, ahead, heard):
    ahead(ONEDNN.name)
    plain = dnalect.load(MAKERS[name](tmp_path))
    fast = fastest(plain)
    assert precision_of(fast) == precision_of(fast.language) == "float32 (oneDNN)", heard
    assert precision_of(plain) == "float32"
    batches = samples(plain)
    assert furthest(answers(plain, batches), answers(fast, batches)) <= 1e-5
    ours, theirs = plain.network.state_dict(), fast.network.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[each], theirs[each]) for each in ours)
    assert "computes in float32 (oneDNN), 9.0 times the rate of float32; answers" in heard[-1]


@pytest.mark.parametrize(
    "name", ["dnabert", "predictor on nt-v2", pytest.param("duplex-yeast", marks=pytest.mark.slow)]
)
def test_bfloat16_is_admitted_within_its_bound(name, tmp_path, ahead, heard):
    ahead(BF16.name, ONEDNN.name)
    plain = dnalect.load(MAKERS[name](tmp_path) if name in MAKERS else name)
    fast = fastest(plain)
    assert precision_of(fast) == "bfloat16"
    assert fast.dtype == torch.bfloat16
    off = furthest(answers(plain, samples(plain)), answers(fast, samples(plain)))
    assert 1e-5 < off <= 5e-2
    assert f"answers differ by {off:.1e} of the largest number" in heard[-1]


def test_one_that_answers_otherwise_is_refused(model_folder, ahead, heard, monkeypatch):
    def wrong(model):
        with torch.no_grad():
            model.network.logits.weight.add_(0.1)

    monkeypatch.setattr(backends, "BACKENDS", (replace(BF16, put=wrong), ONEDNN))
    ahead(BF16.name, ONEDNN.name)
    plain, fast = dnalect.load(model_folder), dnalect.load(model_folder, dtype="fast")
    assert precision_of(fast) == "float32 (oneDNN)"
    assert "tiny is not computed in bfloat16: answers differ by" in heard[0]
    assert "of the largest number, and 0.05 is allowed" in heard[0]
    monkeypatch.setattr(backends, "BACKENDS", (replace(BF16, put=wrong), replace(ONEDNN, put=wrong)))
    kept = fastest(plain)
    assert kept is plain
    assert precision_of(kept) == "float32"
    assert heard[-1] == "tiny computes in float32"


def test_what_is_no_number_or_of_another_shape_is_infinitely_far():
    one = np.ones((2, 3), dtype=np.float32)
    assert apart(one, one) == 0
    assert apart(one, one * np.float32(1.5)) == 0.5
    assert apart(one, one * np.nan) == apart(one, one[:1]) == float("inf")


def test_what_is_no_faster_is_not_taken(model_folder, heard, monkeypatch):
    monkeypatch.setattr(backends, "rates", lambda device, width: {BF16.name: 0.1, ONEDNN.name: 1.1})
    fast = dnalect.load(model_folder, dtype="fast")
    assert precision_of(fast) == "float32"
    assert not any(isinstance(each, Packed) for each in fast.network.modules())
    assert heard == [
        "tiny computes in float32: nothing else here has 1.25 times its rate (bfloat16 0.10, float32 (oneDNN) 1.10)"
    ]


def test_what_cannot_be_compared_stays_as_it_is(tmp_path, ahead, heard, monkeypatch):
    ahead(ONEDNN.name)
    assert precision_of(dnalect.load(MAKERS["spliceai"](tmp_path), dtype="fast")) == "float32"
    assert "models of tracks, relatives or signals have no other way yet" in heard[-1]
    monkeypatch.setattr(backends, "LARGE", 10)
    assert precision_of(dnalect.load(MAKERS["duplex"](tmp_path / "other"), dtype="fast")) == "float32"
    assert "too large to be held twice and compared" in heard[-1]
    with pytest.raises(ModelError, match="unknown dtype 'float8'; known: float32, bfloat16, fast"):
        dnalect.load("duplex-yeast", dtype="float8")


def test_products_are_timed_on_this_processor():
    found = rates(CPU, 64)
    assert found.keys() == {each.name for each in BACKENDS if each.there(CPU)}
    assert all(0.001 < rate < 1000 for rate in found.values())


@pytest.mark.skipif(not ONEDNN.there(CPU), reason="torch is built without oneDNN")
@pytest.mark.parametrize("bias", [True, False])
def test_a_packed_layer_is_the_layer(bias):
    torch.manual_seed(1)
    layer = torch.nn.Linear(17, 33, bias=bias)
    holder = type("Holder", (), {"network": torch.nn.Sequential(layer)})()
    given = [torch.randn(shape) for shape in ((1, 17), (5, 7, 17), (2000, 17), (0, 17), (17,))]
    given += [torch.randn(17, 40).T, torch.randn(4, 34)[:, ::2]]
    with torch.inference_mode():
        before = [layer(each) for each in given]
        pack(holder)
        assert isinstance(layer, Packed)
        for each, other in zip(given, before, strict=True):
            assert torch.allclose(layer(each), other, atol=1e-6)
        assert layer.to(torch.bfloat16)(given[0].bfloat16()).dtype == torch.bfloat16
    layer.float()
    x = torch.randn(3, 17, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad is not None


def test_a_run_says_what_computed_it_and_goes_on_only_so(fasta, model_folder, tmp_path, ahead, monkeypatch, heard):
    bases = dnalect.open_genome(fasta).contig("chrA").tobytes().decode().upper()
    table = tmp_path / "some.tsv"
    rows = [f"chrA\t{at}\t{bases[at - 1]}\t{'CA'[bases[at - 1] == 'C']}" for at in range(200, 2600, 20)]
    table.write_text("\n".join(["chrom\tpos\tref\talt", *rows]) + "\n")

    def scored(name, **more):
        options = Options(str(fasta), str(table), (str(tmp_path / name),), str(model_folder), background=0, **more)
        score_file(options)
        return pq.read_table(tmp_path / name)

    ahead(ONEDNN.name)
    plain, fast = scored("plain.parquet"), scored("fast.parquet", dtype="fast")
    assert plain.schema.metadata[b"dnalect_dtype"] == b"float32"
    assert fast.schema.metadata[b"dnalect_dtype"] == b"float32 (oneDNN)"
    assert np.allclose(plain["llr"].to_numpy(), fast["llr"].to_numpy(), atol=2e-3)
    models = [dnalect.load(model_folder), dnalect.load(model_folder, dtype="fast")]
    assert rests_on(models)["precision"] == "float32, float32 (oneDNN)"
    monkeypatch.setattr("dnalect.core.kept.SECONDS", 0.0)
    monkeypatch.setattr("dnalect.report.html.write_report", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        scored("again.parquet", dtype="fast", report=str(tmp_path / "a.html"))
    ahead()
    with pytest.raises(OutputError, match="holds an unfinished scoring with another dtype"):
        scored("again.parquet", dtype="fast")


def test_words_for_the_same():
    assert [Options("a", "b", dtype=each).dtype for each in ("exact", "auto", "fp32", "bf16", "fast")] == [
        *["float32"] * 3,
        "bfloat16",
        "fast",
    ]
