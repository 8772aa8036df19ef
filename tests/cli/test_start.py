"""How a command begins: what PyTorch's import leaves is never walked over, threads soon sleep, memory is kept."""

import os
import platform
import subprocess
import sys

import pytest

TOLD = """
import gc, os, sys
from dnalect.cli.start import Uncollected, begin_quickly
begin_quickly()
import torch
print(os.environ.get("GOMP_SPINCOUNT"))
print(gc.isenabled(), gc.get_freeze_count() > 50_000, any(isinstance(each, Uncollected) for each in sys.meta_path))
begin_quickly()
print(any(isinstance(each, Uncollected) for each in sys.meta_path))
"""


# Blocks beyond 32 MiB, which glibc gives back whatever was freed before.
LAYERS = """
import resource
from dnalect.cli.start import begin_quickly
begin_quickly()
import numpy as np
np.ones(6_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    np.ones(6_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_nothing_is_collected_while_pytorch_is_imported_and_threads_soon_sleep(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    for name, told, spins in (("", "", "10000"), ("GOMP_SPINCOUNT", "7", "7"), ("OMP_WAIT_POLICY", "active", "None")):
        with monkeypatch.context() as each:
            each.delenv("GOMP_SPINCOUNT", raising=False)
            if name:
                each.setenv(name, told)
            done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True)
            assert done.stdout.split() == [spins, "True", "True", "False", "False"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")
def test_what_a_layer_frees_is_kept_for_the_next_one(monkeypatch):
    def faults() -> int:
        done = subprocess.run([sys.executable, "-c", LAYERS], capture_output=True, text=True, check=True)
        return int(done.stdout)

    for name in [name for name in os.environ if name.startswith("MALLOC_")]:
        monkeypatch.delenv(name)
    kept = faults()
    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")  # whoever sets one decides himself
    assert kept < 20 < faults()
