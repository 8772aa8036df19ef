import logging
import os
import subprocess
import sys

import pytest
import torch

import dnalect
from dnalect.models import precision
from dnalect.training.optim import Muon

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def said_anew():
    precision._say_float32.cache_clear()
    precision.warn_if_emulated.cache_clear()


@pytest.fixture(params=[True, False], ids=["with", "without"])
def has(request, monkeypatch) -> bool:
    monkeypatch.setattr(precision, "processor_has_bf16", lambda: request.param)
    return request.param


def product(kind: str) -> torch.dtype:
    with precision.autocast(CPU, kind):
        return (torch.ones(2, 2) @ torch.ones(2, 2)).dtype


@pytest.mark.slow
def test_few_compiled_kernels_are_kept():
    """Of windows of many lengths each would be, and fill the memory."""
    names = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
    told = f"import os, dnalect.models.precision; print(*map(os.environ.get, {names}))"
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_CACHE_CAPACITY")}
    for given, shown in (({}, "128 128"), ({"LRU_CACHE_CAPACITY": "7"}, "128 7")):
        done = subprocess.run(
            [sys.executable, "-c", told], env=kept | given, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == shown


def test_training_is_in_bfloat16_only_where_the_processor_computes_in_it(has, caplog):
    assert product("fp32") == torch.float32
    assert not caplog.records
    with caplog.at_level(logging.WARNING, logger="dnalect"):
        assert product("bf16") == product("bf16") == (torch.bfloat16 if has else torch.float32)
    said = [record.getMessage() for record in caplog.records]
    assert said == (
        []
        if has
        else ["dnalect: this processor has no bfloat16: training in float32, which is faster here and more exact"]
    )


def test_accelerators_compute_in_bfloat16(has):
    assert precision.computes_bf16(torch.device("cuda"))
    assert precision.computes_bf16(CPU) == has


def test_weights_in_bfloat16_that_are_emulated_are_said_once(has, caplog):
    with caplog.at_level(logging.WARNING, logger="dnalect"):
        for _ in range(2):
            model = dnalect.load("duplex-yeast", dtype="bfloat16")
        dnalect.load("duplex-yeast")
    assert model.network.norm.weight.dtype == torch.bfloat16
    assert [("many times slower" in record.getMessage()) for record in caplog.records] == ([] if has else [True])


def test_muon_iterates_in_bfloat16_only_where_that_is_quick(has):
    torch.manual_seed(0)
    start, gradient = torch.randn(8, 16), torch.randn(8, 16)

    def stepped(half: bool) -> torch.Tensor:
        p = torch.nn.Parameter(start.clone())
        p.grad = gradient.clone()
        Muon([p], half=half).step()
        return p.detach()

    assert torch.equal(stepped(True), stepped(False)) == (not has)
    assert torch.allclose(stepped(True), stepped(False), atol=1e-2)
