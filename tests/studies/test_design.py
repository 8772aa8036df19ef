"""The study of designs: its judge is the network that the file describes, and both cases run from data to figures."""

import gzip
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dnalect import InputError
from dnalect.core import read_figures
from dnalect.tokens import encode
from studies.design.groups import bare, compared
from studies.design.options import Design
from studies.design.published import FILE, DeepAtt
from studies.design.run import run

SHIPPED = Path(__file__).resolve().parents[2] / "data"
SHAPES = {
    "conv1d/conv1d": {"kernel": (30, 4, 8), "bias": (8,)},
    **{
        f"bidirectional/bidirectional/{way}_lstm": {"kernel": (8, 64), "recurrent_kernel": (16, 64), "bias": (64,)}
        for way in ("forward", "backward")
    },
    "dense/dense": {"kernel": (864, 16), "bias": (16,)},
    "dense_1/dense_1": {"kernel": (16, 16), "bias": (16,)},
    "dense_2/dense_2": {"kernel": (16, 1), "bias": (1,)},
    "multi_head_attention/multi_head_attention": {
        f"multi_head_attention_{kind}{name}": (32, 32) if kind == "W" else (32,) for name in "qkvo" for kind in "Wb"
    },
}


def published(data):
    """Write a network like the published one, its weights drawn, and return them."""
    rng, found = np.random.default_rng(0), {}
    path = data / FILE
    path.parent.mkdir(parents=True)
    with h5py.File(path, "w") as file:
        for place, arrays in SHAPES.items():
            for name, shape in arrays.items():
                found[f"{place.split('/')[-1]}/{name}"] = each = rng.normal(scale=0.3, size=shape)
                file[f"model_weights/{place}/{name}:0"] = each
    return {name: torch.from_numpy(each) for name, each in found.items()}


def recurrent(x, weights, name):
    state = cell = torch.zeros(len(x), 16, dtype=torch.float64)
    states = []
    for step in x.unbind(1):
        gates = step @ weights[f"{name}/kernel"] + state @ weights[f"{name}/recurrent_kernel"] + weights[f"{name}/bias"]
        i, f, c, o = gates.split(16, dim=1)
        i, f, o = ((0.2 * each + 0.5).clamp(0, 1) for each in (i, f, o))
        cell = f * cell + i * c.tanh()
        state = o * cell.tanh()
        states.append(state)
    return torch.stack(states, 1)


def reference(texts, w):
    """The same network out of torch's parts."""
    codes = torch.from_numpy(np.stack([encode(text) for text in texts]).astype(np.int64))
    x = F.one_hot(codes, 4).double().transpose(1, 2)
    x = F.relu(F.conv1d(x, w["conv1d/kernel"].permute(2, 1, 0), w["conv1d/bias"]))
    x = F.max_pool1d(x, 3).transpose(1, 2)
    x = torch.cat([recurrent(x, w, "forward_lstm"), recurrent(x.flip(1), w, "backward_lstm").flip(1)], 2)
    inside = {n.rpartition("_")[2]: each for n, each in w.items() if n.startswith("multi")}
    q, k, v = (F.relu(x @ inside[f"W{n}"] + inside[f"b{n}"]).unflatten(2, (16, 2)).transpose(1, 2) for n in "qkv")
    read = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    x = F.relu(read @ inside["Wo"] + inside["bo"]).flatten(1)
    for name in ("dense", "dense_1"):
        x = F.relu(x @ w[f"{name}/kernel"] + w[f"{name}/bias"])
    return (x @ w["dense_2/kernel"] + w["dense_2/bias"])[:, 0].numpy()


def test_the_judge_is_the_network_of_its_file(tmp_path):
    weights = published(tmp_path)
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("ACGT"), 110)) for _ in range(300)]
    said = DeepAtt(tmp_path)(texts)
    assert said.std() > 0.01
    np.testing.assert_allclose(said, reference(texts, weights), atol=1e-10)
    with pytest.raises(InputError, match="110 known bases"):
        DeepAtt(tmp_path)(["ACGT"])


def test_groups_are_compared_with_the_first():
    rng = np.random.default_rng(0)
    groups = {"a": rng.normal(2, 1, 50), "b": rng.normal(0, 1, 50), "c": rng.normal(0, 1, 7), "d": np.ones(1)}
    first, second, third, alone = compared(bare("t", "p", "m", ""), groups)
    assert (first.against, second.against, third.against) == ("", "a", "a")
    assert second.difference.mean == pytest.approx(groups["b"].mean() - groups["a"].mean())
    assert second.difference.low < second.difference.mean < second.difference.high < -1
    assert third.n == 7
    assert alone.against == ""


def test_the_case_of_yeast_from_data_to_figures(tmp_path, model_folder):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(SHIPPED / "tasks/yeast_promoters", data / "tasks/yeast_promoters")
    published(data)
    (data / "motifs").mkdir()
    rows = "\n".join(["0.9 0.03 0.03 0.04", "0.03 0.03 0.04 0.9"] * 3)
    meme = f"MEME version 4\n\nALPHABET= ACGT\n\nMOTIF box\nletter-probability matrix: w= 6 nsites= 90\n{rows}\n"
    with gzip.open(data / "motifs/SwissRegulon_s_cer.meme.gz", "wt") as file:
        file.write(meme)
    told = {"calls": 60, "count": 2, "examples": 120, "yeast": str(model_folder), "part": "yeast", "device": "cpu"}
    figures = run(Design(data=data, out=out, run=tmp_path / "run", **told))
    assert {each.who for each in figures if (each.part, each.metric) == ("high", "judge")} == {
        *("gradient", "beam", "evolution", "gradient, likelihood too", "gradient, within the range"),
        *("random", "shuffled", "known", "best measured"),
    }
    assert read_figures(out / "figures.tsv")[0].who == "predictor, held out"
    assert read_figures(out / "motifs.tsv")[0].part == "high: box"
    lines = [line.split("\t") for line in (out / "designs.tsv").read_text().splitlines()]
    made = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    ends = {(row["sequence"][:17], row["sequence"][-13:]) for row in made}
    assert ends == {("TGCATTTTTTTCACATC", "GGTTACGGCTGTT")}
    assert (out / "yeast-promoters.png").stat().st_size > 10_000
    best = {
        who: max(float(row["predicted"]) for row in made if (row["part"], row["who"]) == ("high", who))
        for who in ("gradient", "random")
    }
    assert best["gradient"] > best["random"]
