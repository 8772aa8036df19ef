"""Not a byte of what the commands say and write changes, but for what tests/golden/make.py wrote anew."""

from pathlib import Path

import pytest

from golden.cases import CASES
from golden.keep import compare, keep, stored
from golden.toys import make_inputs

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return make_inputs(tmp_path_factory.mktemp("golden") / "inputs")


@pytest.mark.parametrize(
    "case", [pytest.param(each, id=each.name, marks=[pytest.mark.slow] if each.slow else []) for each in CASES]
)
def test_golden(case, inputs, tmp_path):
    told = compare(stored(HERE / case.name), keep(case, inputs, tmp_path))
    assert not told, "\n".join([f"{case.name}: {case.about}", *told, "if this is meant: tests/golden/make.py"])


def test_every_folder_belongs_to_a_case():
    folders = {path.name for path in HERE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders == {case.name for case in CASES}
