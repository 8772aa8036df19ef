"""Networks of yeast nucleosomes: strangers' Keras and torch files, by formulas; the published ones where they lie."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ModelError
from dnalect.models.model import Ask
from dnalect.tokens.bases import decode
from models.keras_files import KerasFile

pytest.importorskip("h5py")
# A folder of published weights: `routhier_yeast` and `westbrook_yeast` in it.
REAL = os.environ.get("DNALECT_NUCLEOSOMES", "")
WINDOW, CROP = 41, 20
CODES = np.random.default_rng(5).integers(0, 5, 2048)
KINDS = ("gamma", "beta", "moving_mean", "moving_variance")


def drawn(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32) * 0.4


def norm(rng, width):
    return [*(drawn(rng, width) for _ in range(3)), 0.5 + np.abs(drawn(rng, width))]


class Routhier(KerasFile):
    """A sequence of convolutions of an image of one column; bases in the order A, T, G, C."""

    kind = "Sequential"
    steps = ((6, 3), (5, 8), (4, 7))

    def __init__(self, seed=1):
        super().__init__(seed)
        rng, before, places = np.random.default_rng(seed), 4, WINDOW
        for number, (width, kernel) in enumerate(self.steps):
            settings = {"filters": width, "kernel_size": [kernel, 1], "strides": [1, 1], "padding": "same"}
            settings |= {"dilation_rate": [1, 1], "activation": "relu", "use_bias": True}
            settings |= {"batch_input_shape": [None, WINDOW, 1, 4]} if not number else {}
            weights = {"kernel": drawn(rng, kernel, 1, before, width), "bias": drawn(rng, width)}
            self.add("Conv2D", "conv2d", [], weights, **settings)
            self.add("MaxPooling2D", "max_pooling2d", [], pool_size=[2, 1], strides=[2, 1], padding="same")
            weights = dict(zip(KINDS, norm(rng, width), strict=True))
            self.add("BatchNormalization", "batch_normalization", [], weights, epsilon=1e-3, center=True, scale=True)
            self.add("Dropout", "dropout", [], rate=0.2)
            before, places = width, -(-places // 2)
        self.add("Flatten", "flatten", [])
        weights = {"kernel": drawn(rng, places * before, 1), "bias": np.ones(1, dtype=np.float32) * 3}
        self.add("Dense", "dense", [], weights, units=1, activation="relu", use_bias=True)

    def described(self, order):
        return [{"class_name": each["class_name"], "config": each["config"]} for each in self.layers]

    def answer(self, codes):
        """What a loop over one window says of its middle."""
        x = np.eye(5, 4)[codes][:, [0, 3, 2, 1]]
        names = iter(self.weights.values())
        for _ in self.steps:
            held, norms = next(names), next(names)
            kernel = held["kernel"][:, 0]
            x = np.pad(x, (((len(kernel) - 1) // 2, len(kernel) // 2), (0, 0)))
            x = held["bias"] + sum(x[tap : len(x) - len(kernel) + 1 + tap] @ each for tap, each in enumerate(kernel))
            x = np.pad(np.maximum(x, 0), ((0, len(x) % 2), (0, 0))).reshape(-1, 2, x.shape[1]).max(1)
            gamma, beta, mean, variance = (norms[kind] for kind in KINDS)
            x = (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
        held = next(names)
        return np.maximum(x.reshape(-1) @ held["kernel"] + held["bias"], 0)


WIDTHS = ((6, 12), (6, 5), (6, 5), (4, 5), (3, 5), (3, 5), (3, 5))


def westbrook(folder, tracks=2, **config):
    """Write a folder as Westbrook's; return the tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, before, made = np.random.default_rng(2), 4, {}
    for number, (width, kernel) in enumerate(WIDTHS):
        kind = "pooled_conv" if number < 3 else "layer.dilated_conv" if number > 3 else "dilated_conv"
        begin = f"conv_stack.{number}.{kind}"
        made |= {f"{begin}.0.weight": drawn(rng, width, before, kernel), f"{begin}.0.bias": drawn(rng, width)}
        kinds = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
        held = [*norm(rng, width), np.array(3)]
        made |= {f"{begin}.{3 if number < 3 else 2}.{kind}": each for kind, each in zip(kinds, held, strict=True)}
        before = width + (before if number > 3 else 0)
    made |= {"conv_stack.7.weight": drawn(rng, tracks, before, 1), "conv_stack.7.bias": drawn(rng, tracks)}
    torch.save({name: torch.from_numpy(np.asarray(each)) for name, each in made.items()}, folder / "model_state.pt")
    told = {"architecture": "BassenjiMultiNetwork2", "winsize": 2048, "head_interval": 16}
    told |= {"label_files": ["/home/x/labels_myco_nuc.bw", "/home/x/labels_pol.bw"][:tracks]}
    (folder / "config.json").write_text(json.dumps(told | config))
    return made


def by_torch(made, codes):
    """The published formulas in torch's own layers: all bins (128, tracks)."""
    x = torch.from_numpy(np.eye(5, 4, dtype=np.float32)[codes].T[None])

    def step(x, begin, at, dilation, pool):
        held = {name: torch.from_numpy(np.asarray(each)) for name, each in made.items()}
        weight = held[f"{begin}.0.weight"]
        more = (weight.shape[2] - 1) * dilation
        y = torch.nn.functional.pad(x, (more // 2, more - more // 2))
        y = torch.nn.functional.conv1d(y, weight, held[f"{begin}.0.bias"], dilation=dilation)
        y = torch.nn.functional.max_pool1d(y.relu(), pool)
        norms = [held[f"{begin}.{at}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias")]
        return torch.nn.functional.batch_norm(y, *norms)

    for number, pool in enumerate((4, 2, 2)):
        x = step(x, f"conv_stack.{number}.pooled_conv", 3, 1, pool)
    x = step(x, "conv_stack.3.dilated_conv", 2, 2, 1)
    for number, dilation in ((4, 4), (5, 8), (6, 16)):
        x = torch.cat([x, step(x, f"conv_stack.{number}.layer.dilated_conv", 2, dilation, 1)], 1)
    head = [torch.from_numpy(made[f"conv_stack.7.{kind}"]) for kind in ("weight", "bias")]
    return torch.nn.functional.conv1d(x, *head).relu()[0].T.numpy()


def tracks(model, codes):
    with torch.no_grad():
        return model.forward(model.encode([decode(codes.astype(np.uint8))]), Ask(tracks=True)).tracks[0].numpy()


def test_a_keras_file_answers_for_the_middle_of_each_stretch(tmp_path):
    network = Routhier()
    network.write(tmp_path / "weights.hdf5")
    model, codes = dnalect.load(tmp_path), CODES[: 4 * CROP]
    told = model.can.tracks
    assert (told.names, told.stride, told.crop, told.length) == (("nucleosomes",), 1, CROP, 4 * CROP)
    theirs = np.array([network.answer(codes[at : at + WINDOW]) for at in range(2 * CROP)])
    assert np.abs(tracks(model, codes) - theirs).max() < 1e-5
    assert theirs.std() > 0.05
    model.save(tmp_path / "again")
    assert np.array_equal(tracks(dnalect.load(tmp_path / "again"), codes), tracks(model, codes))


def test_a_torch_file_answers_for_the_middle_of_a_window(tmp_path):
    made = westbrook(tmp_path)
    model = dnalect.load(tmp_path)
    told = model.can.tracks
    assert (told.names, told.stride, told.crop, told.length) == (("myco_nuc", "pol"), 16, 512, 2048)
    theirs = by_torch(made, CODES)[32:96]
    assert np.abs(tracks(model, CODES) - theirs).max() < 1e-5
    assert theirs.std() > 0.1


def changed(name, **values):
    def change(network):
        next(each for each in network.layers if each["name"] == name)["config"].update(values)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("conv2d_2", activation="linear"), "conv2d_2 has activation 'linear', not 'relu'"),
        (changed("batch_normalization_1", epsilon=1e-5), "epsilon 1e-05"),
        (changed("max_pooling2d_1", strides=[1, 1]), "overlapping stretches"),
        (changed("conv2d_1", batch_input_shape=[None, 41, 1, 5]), "reads 1 x 5 numbers a base"),
        (lambda network: network.layers.pop(), "its layers are Conv2D"),
        (lambda network: network.layers[0]["config"].pop("filters"), "describes no network of nucleosomes .KeyError"),
    ],
)
def test_another_sequence_of_layers_is_refused(tmp_path, change, message):
    network = Routhier()
    change(network)
    network.write(tmp_path / "weights.hdf5")
    with pytest.raises(ModelError, match=message):
        dnalect.load(tmp_path)


def test_another_torch_network_is_refused(tmp_path):
    made = westbrook(tmp_path, head_interval=8)
    with pytest.raises(ModelError, match="head_interval is 8"):
        dnalect.load(tmp_path)
    westbrook(tmp_path)
    kept = {name: torch.from_numpy(np.asarray(each)) for name, each in made.items() if "7.bias" not in name}
    torch.save(kept, tmp_path / "model_state.pt")
    with pytest.raises(ModelError, match=r"conv_stack\.7\.bias is missing"):
        dnalect.load(tmp_path)


def test_tracks_and_changes_by_the_command(tmp_path):
    network = Routhier()
    network.write(tmp_path / "nucleosomes" / "weights.hdf5")
    bases = "".join(np.random.default_rng(3).choice(list("ACGT"), 150))
    (tmp_path / "g.fa").write_text(f">c\n{bases}\n")
    words = ["predict", "nucleosomes", "g.fa", "-o", "o.tsv"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
        head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        alt = "A" if bases[74] != "A" else "C"
        (tmp_path / "v.vcf").write_text(f"{head}c\t75\t.\t{bases[74]}\t{alt}\t.\t.\t.\n")
        words = [
            "score",
            "g.fa",
            "v.vcf",
            "-o",
            "v.tsv",
            "--model",
            "nucleosomes",
            "--background",
            "0",
            "--reduce",
            "sum",
        ]
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
    codes = np.array([4] * CROP + ["ACGT".index(base) for base in bases] + [4] * CROP)
    theirs = [network.answer(codes[at : at + WINDOW])[0] for at in range(150)]
    lines = [line.split("\t") for line in (tmp_path / "o.tsv").read_text().splitlines() if not line.startswith("##")]
    ours = [float(cells[lines[0].index("nucleosomes")]) for cells in lines[1:]]
    assert np.abs(np.array(ours) - theirs).max() < 1e-4
    other = codes.copy()
    other[CROP + 74] = "ACGT".index(alt)
    both = [sum(network.answer(each[at : at + WINDOW])[0] for at in range(54, 94)) for each in (codes, other)]
    lines = [line.split("\t") for line in (tmp_path / "v.tsv").read_text().splitlines() if line[0] != "#"]
    cells = dict(zip(*lines, strict=True))
    assert float(cells["change_nucleosomes"]) == pytest.approx(both[1] - both[0], abs=1e-3)


@pytest.mark.skipif(not REAL, reason="DNALECT_NUCLEOSOMES names no folder of published weights")
def test_real_weights_are_read():
    model = dnalect.load(Path(REAL) / "routhier_yeast")
    assert (model.can.tracks.crop, model.card.parameters) == (1000, 21_649)
    model = dnalect.load(Path(REAL) / "westbrook_yeast" / "model_myco_nucpol_pt8")
    assert (model.can.tracks.names, model.can.tracks.crop) == (("myco_nuc", "myco_pol_ratio"), 512)
