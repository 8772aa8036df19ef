"""What PyTorch's import leaves is never walked over by the collector, which is on again afterwards."""

import subprocess
import sys

TOLD = """
import gc, sys
from dnalect.cli.start import Uncollected, begin_quickly
begin_quickly()
import torch
print(gc.isenabled(), gc.get_freeze_count() > 50_000, any(isinstance(each, Uncollected) for each in sys.meta_path))
begin_quickly()
print(any(isinstance(each, Uncollected) for each in sys.meta_path))
"""


def test_nothing_is_collected_while_pytorch_is_imported():
    done = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False", "False"]
