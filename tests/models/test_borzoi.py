"""Borzoi, Flashzoi, Borzoi Prime, Shorkie: read in the layouts that they are published in; every layer by formulas."""

import gzip
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import InputError, ModelError
from dnalect.core.reporter import DnalectWarning
from dnalect.jobs.models_verify import verify
from dnalect.models.families.borzoi import read_folder
from dnalect.models.layers import attention, pyramid
from dnalect.models.layers.pyramid import Pyramid, PyramidSizes
from dnalect.models.model import Allele, Ask
from dnalect.tokens.bases import decode, opposite
from models.borzoing import (
    BORZOI,
    FLASHZOI,
    PRIME,
    SHORKIE,
    SHORKIE_LM,
    Baskerville,
    by_formula,
    drawn,
    hub_tensors,
    write_hub,
    write_keras,
)

pytest.importorskip("h5py")
CODES = np.random.default_rng(5).integers(0, 5, 512)
# What borzoi-pytorch 0.5.1 gives for these weights and bases, its sizes made as small; of Flashzoi with flash-attn 2's
# own module. The first four bins.
PACKAGE = {
    "borzoi": [
        [1.025968, 0.383444, 0.26907, 2.114199, 0.2151],
        [1.028217, 0.383859, 0.270122, 2.105849, 0.216229],
        [1.026394, 0.383013, 0.269691, 2.10707, 0.21582],
        [1.026816, 0.3827, 0.269654, 2.106261, 0.216013],
    ],
    "flashzoi": [
        [0.585451, 1.068832, 0.64808],
        [0.585393, 1.066797, 0.648809],
        [0.585409, 1.065179, 0.649752],
        [0.585357, 1.067896, 0.648854],
    ],
    "prime": [
        [0.91302, 1.693459, 0.558636, 0.519026, 0.987504],
        [0.916528, 1.696505, 0.557236, 0.520155, 0.985658],
        [0.920661, 1.703718, 0.55365, 0.52113, 0.983063],
        [0.916732, 1.698249, 0.557007, 0.520803, 0.985309],
    ],
}
SHAPES = {"borzoi": BORZOI, "flashzoi": FLASHZOI, "prime": PRIME, "shorkie": SHORKIE}
KINDS = [*SHAPES]
# The folder of baskerville's test network, and three bins of four tracks that TensorFlow gives.
REAL = os.environ.get("DNALECT_BASKERVILLE", "")
TENSORFLOW = [
    [0.0008741871, 0.0897776559, 8.32988590e-05, 7.57227781e-06],
    [0.0010486200, 0.0901405364, 5.24811148e-05, 7.96439690e-06],
    [0.0012895108, 0.1105365083, 8.75972473e-05, 1.53424844e-05],
]
DATA = Path(__file__).parents[1] / "data" / "baskerville"


def answers(model, codes, **ask):
    with torch.no_grad():
        return model.forward(model.encode([decode(codes.astype(np.uint8))]), Ask(**ask))


def apart(ours, theirs):
    ours = ours.numpy() if torch.is_tensor(ours) else ours
    assert ours.shape == np.shape(theirs)
    return float(np.abs(ours - theirs).max())


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("borzoi")
    return {kind: write_hub(place / kind, shape) for kind, shape in SHAPES.items() if kind != "shorkie"} | {
        "shorkie": write_keras(place / "shorkie")
    }


def distances(folders, kind):
    """The largest difference from the formulas of every stream, and of the tracks."""
    shape, model = SHAPES[kind], dnalect.load(folders[kind])
    codes, layers = CODES[: shape.window], (*range(model.can.layers + 1), None)
    out = answers(model, codes, tracks=True, states=layers)
    streams, tracks = by_formula(shape, drawn(shape), np.eye(5, 4)[codes])
    pairs = zip(out.states, [*streams, streams[-1]], strict=True)
    return [apart(ours[0], each.repeat(shape.window // len(each), 0)) for ours, each in pairs], out, tracks


@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_is_that_of_the_formulas(folders, kind):
    streams, out, tracks = distances(folders, kind)
    assert len(streams) == SHAPES[kind].layers + SHAPES[kind].ups + 2
    assert max(streams) < 1e-5
    assert apart(out.tracks[0], tracks) < 1e-5


@pytest.mark.parametrize("kind", [*PACKAGE])
def test_the_numbers_are_those_of_the_package(folders, kind):
    ours = answers(dnalect.load(folders[kind]), CODES[: SHAPES[kind].window], tracks=True).tracks[0]
    assert apart(ours[: len(PACKAGE[kind])], PACKAGE[kind]) < 1e-5


def swapped(module, name):
    """Let a module compute what follows from changed weights."""

    def change(network, monkeypatch):
        with torch.no_grad():
            weight = network.get_parameter(name)
            weight.copy_(module(weight))

    return change


def replaced(name, value):
    return lambda network, monkeypatch: object.__setattr__(network.config, name, value)


def patched(module, name, value):
    return lambda network, monkeypatch: monkeypatch.setattr(module, name, value)


def flipped(config, plain=pyramid.of_distances):
    return plain(config).flip(0)


def rectified(self, x):
    return self.conv(torch.relu(self.norm(x.mT).mT))


BREAKS = {
    "gelu": ("borzoi", patched(pyramid.NormedConvolution, "forward", rectified)),
    "window of the distances": ("borzoi", replaced("trained", 0)),
    "sign": ("borzoi", patched(pyramid, "of_distances", flipped)),
    "crop": ("borzoi", replaced("crop", 7)),
    "variance": ("borzoi", swapped(lambda weight: weight + 0.1, "ups.0.stream.norm.variance")),
    "taps": ("prime", swapped(lambda weight: weight.flip(-1), "ups.2.each.weight")),
    "beside": ("shorkie", swapped(lambda weight: weight * 1.1, "ups.1.beside.linear.weight")),
    "scale": ("shorkie", swapped(lambda weight: weight * 0, "tower.2.scale")),
    "species": ("shorkie", replaced("species", 6)),
    "angles": ("flashzoi", replaced("theta", 10_000.0)),
    "turned": ("flashzoi", replaced("rotated", 2)),
    "groups": ("flashzoi", patched(attention.GroupedAttention, "forward", lambda self, x, rotation: self.out(x))),
}


@pytest.mark.parametrize("part", [*BREAKS])
def test_a_broken_network_is_seen(folders, monkeypatch, part):
    kind, change = BREAKS[part]
    loaded = dnalect.load(folders[kind])
    change(loaded.network, monkeypatch)
    monkeypatch.setattr(dnalect, "load", lambda folder: loaded)
    streams, out, tracks = distances(folders, kind)
    assert out.tracks[0].shape != tracks.shape or max(*streams, apart(out.tracks[0], tracks)) > 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_saved_and_says_what_it_is(folders, tmp_path, kind):
    shape, model = SHAPES[kind], dnalect.load(folders[kind])
    model.save(tmp_path / "again")
    again, codes = dnalect.load(tmp_path / "again"), CODES[: shape.window]
    assert torch.equal(answers(again, codes, tracks=True).tracks, answers(model, codes, tracks=True).tracks)
    assert (again.can, again.card.family, again.card.parameters) == (model.can, "borzoi", model.card.parameters)
    tracks = model.can.tracks
    stride = (shape.window // shape.tokens) >> shape.ups
    assert (tracks.stride, tracks.crop, tracks.length) == (stride, shape.crop * stride, shape.window)
    for place in (folders[kind], tmp_path / "again"):
        assert f"windows of {shape.window} bases without {tracks.crop} on each side" in "\n".join(verify(str(place)))
    with pytest.raises(InputError, match=rf"a sequence has {shape.window + 1} bases, \w+ reads {shape.window} at once"):
        model.encode(["A" * (shape.window + 1)])


@pytest.mark.parametrize("shape", [SHORKIE, SHORKIE_LM])
def test_a_known_answer_tells_other_weights(tmp_path, shape):
    folder = write_keras(tmp_path / "it", shape)
    assert list(verify(str(folder), write=True))[-1].startswith("known answer: written to")
    what = "logits" if shape is SHORKIE_LM else "tracks"
    assert f"known answer: ok, {what} of 64 bases" in list(verify(str(folder)))[-1]
    write_keras(folder, shape, drawn(shape, seed=1))
    with pytest.raises(ModelError, match=f"the {what} of 64 bases differ"):
        list(verify(str(folder)))


def test_alleles_in_place_are_whole_windows(folders):
    model, codes = dnalect.load(folders["borzoi"]), CODES[:256]
    alleles = [Allele(100, 101, np.array([2])), Allele(90, 90, np.array([1, 1, 3]))]
    found = model.replaced(codes, alleles, (0, 0))
    assert apart(found.reference[:4], PACKAGE["borzoi"]) < 1e-5
    for allele, ours in zip(alleles, found.alternates, strict=True):
        changed = np.concatenate([codes[: allele.start], allele.codes, codes[allele.end :]])[:256]
        assert apart(ours, answers(model, changed, tracks=True).tracks[0].numpy()) < 1e-6


def published(**more):
    """The published network, but for what it holds of its own: 524,288 bases, 16,384 bins, 6,144 of them answered."""
    channels = (512, 608, 736, 896, 1056, 1280, 1536)
    return PyramidSizes((("human", 7611), ("mouse", 2608)), channels, joined=1920, trained=4096, crop=5120, **more)


def shorkie_sizes(outputs, **more):
    channels = (96, 96, 128, 160, 192, 256, 320, 384)
    wide = {"stem": 11, "convolutions": 2, "heads": 4, "window": 16_384, "inputs": 170, "species": 114}
    return PyramidSizes(outputs, channels, halved=False, **wide, **more)


def trained(sizes):
    """The number of parameters but the means and variances of norms."""
    with torch.device("meta"):
        return sum(each.numel() for each in Pyramid(sizes).parameters() if each.requires_grad)


def test_the_published_networks_have_their_sizes():
    sizes = published()
    assert (sizes.stride, sizes.fold, sizes.bins, sizes.crop * sizes.stride) == (32, 128, 6144, 163_840)
    # As borzoi-pytorch counts, with both heads.
    assert trained(sizes) == 190_902_667
    assert trained(published(features=0, groups=4, rotated=128)) == 197_079_435
    shorkie = shorkie_sizes((("head", 5215),), ups=3, crop=64)
    assert (shorkie.stride, shorkie.bins, shorkie.crop * shorkie.stride) == (16, 896, 1024)
    # As Keras counts Shorkie's language model in its authors' first example.
    assert trained(shorkie_sizes((("human", 4),), ups=7, bases=True)) == 13_651_812


@pytest.mark.parametrize(("tokens", "count"), [(4096, 16), (1024, 16), (128, 16)])
def test_distances_are_told_apart_as_in_float32(tokens, count):
    """baskerville and borzoi-pytorch compute the widths in float32; of published sizes that changes nothing."""
    sizes = PyramidSizes((("a", 1),), (8, 8), features=2 * count, heads=2, window=4 * tokens, ups=1)
    rate = np.float32(np.exp(np.log(tokens + 1) / count))
    widths = rate ** np.arange(1, count + 1, dtype=np.float32) - np.float32(1)
    at = np.arange(1 - tokens, tokens)
    inside = (widths[None] > np.abs(at)[:, None]).astype(float)
    theirs = np.concatenate([inside, np.sign(at)[:, None] * inside], 1)
    assert np.array_equal(pyramid.of_distances(sizes).numpy(), theirs)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dim": 14}, "2 heads of 6 values do not make 14 channels"),
        ({"dim": 24, "attn_dim_value": 12}, "dim is 24, in the files 12"),
        ({"depth": 3}, r"transformer\.2.* is missing"),
        ({"heads": 5, "attn_dim_value": 3, "dim": 15}, "dim is 15, in the files 12"),
        ({"bins_to_return": 49}, "49 bins do not lie in the middle of 64"),
        ({"sequence_length": 250}, "a window of 250 bases is no multiple of 16"),
        ({"attn_dim_key": 4}, r"to_q\.weight has the shape"),
        ({"enable_mouse_head": "yes"}, "enable_mouse_head must be true or false"),
        ({"flashed": True, "rotary_dim": 4}, r"mha\.Wqkv\.weight is missing"),
        ({"flashed": True, "rotary_dim": 5}, "5 of 6 channels can't be turned"),
    ],
)
def test_what_no_such_network_has_is_refused(tmp_path, config, message):
    with pytest.raises(ModelError, match=message):
        dnalect.load(write_hub(tmp_path, **config))


def test_files_that_do_not_fit_are_refused(tmp_path):
    tensors = hub_tensors(BORZOI, drawn(BORZOI))
    folder = write_hub(tmp_path)
    for change, message in (
        ({"mouse_head.weight": None}, "asks for mouse_head.weight, which the files lack"),
        ({"conv_dna.conv_layer.weight": None}, "they lack conv_dna.conv_layer.weight"),
        ({"unet1.1.norm.running_mean": torch.full((10,), torch.nan)}, "holds values that are not finite"),
        ({"more": torch.ones(2)}, "more is unexpected"),
    ):
        kept = {name: each for name, each in (tensors | change).items() if each is not None}
        torch.save(kept, folder / "pytorch_model.bin")
        with pytest.raises(ModelError, match=message):
            dnalect.load(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert read_folder(folder) is None


def test_some_tracks_alone_are_the_network_without_the_others(tmp_path):
    """borzoi-pytorch can cut its head down (`set_track_subset`)."""
    tensors = hub_tensors(BORZOI, drawn(BORZOI))
    tensors |= {f"human_head.{kind}": tensors[f"human_head.{kind}"][[2]] for kind in ("weight", "bias")}
    folder = write_hub(tmp_path)
    torch.save(tensors, folder / "pytorch_model.bin")
    ours = answers(dnalect.load(folder), CODES[:256], tracks=True).tracks[0]
    assert apart(ours[:4], np.array(PACKAGE["borzoi"])[:, 2:]) < 1e-5


def altered(shape, change):
    graph = Baskerville(shape, drawn(shape))
    change(graph)
    return graph


def config(kind, number=0, **values):
    def change(graph):
        [each for each in graph.layers if each["class_name"] == kind][number]["config"].update(values)

    return change


def erf(graph):
    next(each for each in graph.layers if each["class_name"] == "TFOpLambda")["inbound_nodes"][0][3].clear()


def other_skip(graph):
    """The second way down reads the level of the first."""
    norms = [each for each in graph.layers if each["class_name"] == "BatchNormalization"]
    norms[-1 - 2]["inbound_nodes"][0][0][0] = norms[-1 - 4]["inbound_nodes"][0][0][0]


def round_and_round(graph):
    """The tower begins anew where it ends."""
    last = [each for each in graph.layers if each["class_name"] == "MaxPooling1D"][-1]["name"]
    first = next(each for each in graph.layers if each["class_name"] == "BatchNormalization")
    first["inbound_nodes"][0].append([last, 0, 0, {}])
    graph.layers = [each for each in graph.layers if each["class_name"] != "LayerNormalization"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (erf, "approximate None, where True is expected"),
        (config("BatchNormalization", epsilon=1e-5), "has epsilon 1e-05"),
        (config("MaxPooling1D", pool_size=[3]), r"has pool_size \[3\]"),
        (config("UpSampling1D", size=4), "has size 4"),
        (config("Cropping1D", cropping=[8, 7]), "takes 8 bins off one end, 7 off the other"),
        (config("Dense", -1, activation="relu"), "activation 'relu', where 'softplus' or 'softmax'"),
        (config("Conv1D", 1, kernel_size=[3]), "differ in their convolutions"),
        (lambda graph: graph.add("Dropout", "dropout", [graph.layers[3]["name"]]), "is one too many"),
        (other_skip, "is followed by|is not added to|is reached twice"),
        (config("InputLayer", batch_input_shape=[None, 256]), "otherwise than Keras does"),
        (lambda graph: graph.layers[2]["config"].pop("filters"), "otherwise than Keras does .KeyError"),
        (round_and_round, "is followed by|is reached twice"),
    ],
)
def test_another_graph_is_refused_with_what_differs(tmp_path, change, message):
    altered(SHORKIE, change).write(tmp_path / "it.h5")
    (tmp_path / "params.json").write_text(json.dumps({"model": {"species_channel": 7}}))
    with pytest.raises(ModelError, match=message):
        dnalect.load(tmp_path)


def test_a_graph_that_turns_sequences_round_is_read_without(tmp_path):
    """Training alone turns them, so the strands that a head has change nothing."""
    shape = SHAPES["borzoi"].__class__(heads_of=(("human", 3),), joined=0)
    folder = write_keras(tmp_path, shape, turned=True)
    ours = answers(dnalect.load(folder), CODES[:256], tracks=True).tracks[0]
    assert apart(ours, by_formula(shape, drawn(shape), np.eye(5, 4)[CODES[:256]])[1]) < 1e-5
    (folder / "params.json").unlink()
    assert dnalect.load(folder).can.tracks.names == ("track_0", "track_1", "track_2")


def test_what_no_graph_tells_is_in_params(tmp_path):
    folder = write_keras(tmp_path, params={"species_channel": 8})
    tracks = [answers(dnalect.load(folder), CODES[:256], tracks=True).tracks]
    tracks.append(answers(dnalect.load(write_keras(tmp_path)), CODES[:256], tracks=True).tracks)
    assert not torch.allclose(*tracks, atol=1e-3)
    assert dnalect.load(folder).can.tracks.names[:2] == ("track_0", "track_1")
    for params, message in (
        ({"species_channel": None}, 'as "species_channel" of "model" .5 is the first species.'),
        ({"species_channel": 11}, "a base has no channel 11"),
        ({"trunk": [{"name": "transformer_tower", "content_position_bias": False}]}, "is not read"),
    ):
        with pytest.raises(ModelError, match=message):
            dnalect.load(write_keras(tmp_path, params=params))


def test_tracks_have_the_names_of_the_targets(tmp_path):
    folder = write_keras(tmp_path)
    lines = ["\tidentifier\tdescription", *(f"{n}\t{name}\tx" for n, name in enumerate(("a", "b", "a", "c+", "c-")))]
    (folder / "targets.txt").write_text("\n".join(lines) + "\n")
    model = dnalect.load(folder)
    assert model.can.tracks.names == ("a", "b", "a_2", "c+", "c-")
    model.save(tmp_path / "again")
    assert dnalect.load(tmp_path / "again").can.tracks == model.can.tracks
    (folder / "targets.txt").write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(ModelError, match="no `identifier` for each of 5 tracks"):
        dnalect.load(folder)


def test_several_networks_of_a_folder_are_told_apart(tmp_path):
    folder = write_keras(tmp_path)
    (folder / "other.h5").write_bytes((folder / "model_best.h5").read_bytes())
    with pytest.raises(ModelError, match=r"holds several networks \(model_best.h5, other.h5\)"):
        dnalect.load(folder)


def written_by_keras(folder, name):
    """A tiny network that TensorFlow's Keras wrote, built by baskerville; what it said of the first 128 bases."""
    folder.mkdir()
    (folder / "model_best.h5").write_bytes(gzip.decompress((DATA / f"{name}.h5.gz").read_bytes()))
    (folder / "params.json").write_bytes((DATA / f"{name}.params.json").read_bytes())
    return dnalect.load(folder), np.array(json.loads((DATA / "answers.json").read_text())[name])


def test_a_file_that_keras_wrote_gives_what_keras_said(tmp_path):
    model, theirs = written_by_keras(tmp_path / "it", "shorkie")
    assert (model.network.config.species, model.network.config.inputs) == (114, 170)
    assert apart(answers(model, CODES[:128], tracks=True).tracks[0], theirs) < 1e-5


def test_the_language_model_says_what_keras_said(tmp_path):
    model, theirs = written_by_keras(tmp_path / "it", "shorkie_lm")
    assert (model.can.likelihood, model.can.tracks, model.card.family) == ("masked", None, "shorkie")
    out = answers(model, CODES[:128], logits=True)
    assert apart(out.logits[0].softmax(-1)[:, 4:8], theirs) < 1e-5
    assert float(out.logits[0].softmax(-1)[:, [0, 1, 2, 3, 8]].max()) < 1e-12
    with pytest.raises(ModelError, match="predicts no tracks"):
        model.replaced(CODES[:128], [], (0, 0))
    # What is hidden is not read.
    encoding = model.encode([decode(CODES[:128].astype(np.uint8))])
    hidden = [replace(encoding, input_ids=encoding.input_ids.copy()) for _ in range(2)]
    for each, base in zip(hidden, (4, 6), strict=True):
        each.input_ids[0, 60] = base
        each.input_ids[0, 60] = model.tokenizer.special.mask
    first, second = (model.forward(each, Ask(logits=True)).logits for each in hidden)
    assert torch.equal(first, second)
    shape, held = SHORKIE_LM, drawn(SHORKIE_LM)
    ours = answers(dnalect.load(write_keras(tmp_path / "mine", shape)), CODES[:128], logits=True, states=(0, 1, 2, 5))
    streams, logits = by_formula(shape, held, np.eye(5, 4)[CODES[:128]])
    assert apart(ours.logits[0, :, 4:8], logits) < 1e-5
    for layer, each in zip((0, 1, 2, 5), ours.states, strict=True):
        assert apart(each[0], streams[layer].repeat(128 // len(streams[layer]), 0)) < 1e-5


def test_the_language_model_scores_variants(tmp_path):
    """A substitution's log-ratio is that of a base which is hidden in a whole window, on both strands."""
    write_keras(tmp_path / "it", SHORKIE_LM)
    bases = "".join(np.random.default_rng(3).choice(list("ACGT"), 300))
    (tmp_path / "g.fa").write_text(f">c\n{bases}\n")
    ref, alt = bases[149], "C" if bases[149] != "C" else "G"
    (tmp_path / "v.vcf").write_text(
        f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nc\t150\t.\t{ref}\t{alt}\t.\t.\t.\n"
    )
    with pytest.warns(DnalectWarning, match="extrapolation"):
        scores = dnalect.score(tmp_path / "g.fa", tmp_path / "v.vcf", str(tmp_path / "it"), background=0)
    model, held, found = dnalect.load(tmp_path / "it"), drawn(SHORKIE_LM), []
    assert model.can.fixed
    window = bases[149 - 48 : 150 + 48]
    for text, at in ((window, 48), (opposite(window), 48)):
        codes = np.array(["ACGT".index(base) for base in text] + [4] * (128 - len(text)))
        codes[at] = 4
        logits = by_formula(SHORKIE_LM, held, np.eye(5, 4)[codes])[1][at]
        pair = (ref, alt) if text == window else (opposite(ref), opposite(alt))
        logs = logits - np.log(np.exp(logits).sum())
        found.append([logs["ACGT".index(base)] for base in pair])
    mean = np.mean(found, axis=0)
    assert scores.rows[0].score.value == pytest.approx(mean[1] - mean[0], abs=1e-5)


@pytest.mark.skipif(not REAL, reason="DNALECT_BASKERVILLE names no folder of baskerville's test network")
def test_the_network_of_baskervilles_own_tests_says_what_tensorflow_said():
    """github.com/calico/baskerville, tests/data/eval: model.h5 and params.json; TensorFlow 2.21 on 131,072 bases."""
    model = dnalect.load(REAL)
    assert (model.card.parameters, model.can.layers, len(model.can.tracks.names)) == (642_994, 4, 74)
    ours = answers(model, np.random.default_rng(5).integers(0, 5, 131_072), tracks=True).tracks[0]
    assert apart(ours[[0, 1000, 2047]][:, [0, 24, 40, 73]], TENSORFLOW) < 1e-6
