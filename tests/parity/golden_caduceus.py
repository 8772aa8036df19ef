"""The logits of a tiny Caduceus-PS, from the formulas alone: `python tests/parity/golden_caduceus.py` writes them anew.

Nothing of dnalect is imported: weights are drawn by numpy, `references` computes step by step in double precision.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".json")
TEXT = "ACGTTGCAATNATTAACGCATG"
LAYERS, WIDTH, MEMORY, TAPS, RANK = 3, 8, 4, 4, 2
COMPLEMENT = [*range(7), 10, 9, 8, 7, *range(11, 16)]
CONFIG = {
    "model_type": "caduceus",
    "d_model": WIDTH,
    "n_layer": LAYERS,
    "vocab_size": 16,
    "rcps": True,
    "fused_add_norm": True,
    "complement_map": {str(n): other for n, other in enumerate(COMPLEMENT)},
    "ssm_cfg": {"d_state": MEMORY, "d_conv": TAPS, "dt_rank": RANK, "expand": 2},
}


def weights():
    """Draw the tensors of `CONFIG` under their published names."""
    draw, inner = np.random.RandomState(17), 2 * WIDTH
    shapes = {"in_proj.weight": (2 * inner, WIDTH), "out_proj.weight": (WIDTH, inner)}
    own = {"conv1d.weight": (inner, 1, TAPS), "conv1d.bias": (inner,), "x_proj.weight": (RANK + 2 * MEMORY, inner)}
    own |= {"dt_proj.weight": (inner, RANK), "dt_proj.bias": (inner,), "A_log": (inner, MEMORY), "D": (inner,)}
    out = {"caduceus.backbone.embeddings.word_embeddings.embedding.weight": draw.randn(16, WIDTH)}
    for n in range(LAYERS):
        start = f"caduceus.backbone.layers.{n}."
        out[start + "norm.weight"] = 1 + 0.3 * draw.randn(WIDTH)
        out |= {f"{start}mixer.submodule.mamba_fwd.{name}": 0.5 * draw.randn(*shape) for name, shape in shapes.items()}
        for way in ("mamba_fwd", "mamba_rev"):
            out |= {f"{start}mixer.submodule.{way}.{name}": 0.5 * draw.randn(*shape) for name, shape in own.items()}
    out["caduceus.backbone.norm_f.weight"] = 1 + 0.3 * draw.randn(WIDTH)
    return {name: each.astype(np.float32) for name, each in out.items()}


def ids(text):
    """As in Caduceus's pretraining: N is padding, nothing stands at the ends."""
    return np.array([{"A": 7, "C": 8, "G": 9, "T": 10}.get(base, 4) for base in text])


if __name__ == "__main__":
    from references import caduceus_ps

    found = {
        name: np.round(caduceus_ps(weights(), COMPLEMENT, LAYERS, ids(TEXT), exchanges), 7).tolist()
        for name, exchanges in (("logits", True), ("readable branch", False))
    }
    FILE.write_text(json.dumps({"text": TEXT, **found}) + "\n")
