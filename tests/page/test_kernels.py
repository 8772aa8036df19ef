"""The compiled kernels are those of the source beside them."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "src/dnalect/page/engine"
spec = importlib.util.spec_from_file_location("wasm", ROOT / "scripts/wasm.py")
wasm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(wasm)


@pytest.mark.skipif(wasm.missing() != "", reason=wasm.missing())
def test_the_committed_kernels_are_built_from_their_source(tmp_path):
    wasm.build(tmp_path)
    for name in wasm.BINARIES:
        assert (tmp_path / name).read_bytes() == (ENGINE / name).read_bytes(), "run make wasm"
