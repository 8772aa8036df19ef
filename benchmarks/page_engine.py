"""The engine of the page in node, one thread, in processor time; beside ONNX Runtime Web where it is at hand.

    python benchmarks/page_engine.py [--model duplex-yeast] [--onnx node_modules/onnxruntime-web]

200 bases as a sequence of their own, 200 bases with all that they depend on, and the dependency map of these. For the
runtime: `npm install onnxruntime-web` somewhere, and `pip install onnx onnxscript`; the exported forward is that of the
whole sequence. docs/design/page.md has the figures.
"""

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.jobs.demo.data import REFERENCE
from dnalect.models.catalogue import embedded
from dnalect.page import probabilities
from dnalect.tokens.bases import UNKNOWN, decode, encode

ENGINE = Path(__file__).parents[1] / "src/dnalect/page/engine"
BASES, AT = 200, 18_000


class Forward(torch.nn.Module):
    """Log-probabilities of a window."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        return torch.log_softmax(self.network(codes, codes != UNKNOWN), -1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="duplex-yeast")
    parser.add_argument("--onnx", type=Path)
    options = parser.parse_args()
    model, genome = dnalect.load(options.model), open_genome(str(REFERENCE))
    reach = model.can.reach
    far = encode(genome.fetch(0, AT - reach, AT + BASES + reach))
    whole = far[reach : reach + BASES]
    expected = probabilities(model, decode(whole)).log_probs.ravel()
    given = {"whole": whole.tolist(), "far": {"codes": far.tolist(), "place": [reach, reach + BASES]}}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copytree(ENGINE, folder / "engine")
        (folder / "engine/package.json").write_text('{"type": "module"}')
        (folder / "given.json").write_text(json.dumps(given | {"expected": expected.tolist()}))
        command = [folder / "engine", embedded(options.model), folder / "given.json"]
        if options.onnx:
            example = (torch.from_numpy(whole.astype(np.int64))[None],)
            names = {"input_names": ["codes"], "output_names": ["logs"]}
            forward = Forward(model.network.eval())
            torch.onnx.export(forward, example, folder / "it.onnx", opset_version=17, dynamo=False, **names)
            command += [folder / "it.onnx", options.onnx.resolve()]
        script = Path(__file__).with_suffix(".mjs")
        relaxed = ["--experimental-wasm-relaxed-simd"] if _takes("--experimental-wasm-relaxed-simd") else []
        subprocess.run(["node", *relaxed, script, *command], check=True)


def _takes(flag: str) -> bool:
    return subprocess.run(["node", flag, "-e", ""], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    main()
