"""Enformer: read as enformer-pytorch writes it, or refused with what differs; layers by formulas and the package."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import dnalect
from dnalect.core.errors import InputError, ModelError
from dnalect.jobs.models_verify import verify
from dnalect.models.families.enformer import read_config
from dnalect.models.families.family import HubConfig
from dnalect.models.layers import binned
from dnalect.models.layers.binned import Binned
from dnalect.models.model import Allele, Ask
from dnalect.tokens.bases import decode
from models.enforming import by_formula, state_dict, write

CODES = np.random.default_rng(5).integers(0, 5, 256)
ONE_HOT = np.eye(5, 4)[CODES]
TEXT = decode(CODES.astype(np.uint8))
# What enformer-pytorch 0.8.12 gives for these weights and bases, in float64.
PACKAGE = [
    [0.124767, 1.178161, 0.026763, 3.431537, 6.309899],
    [0.221269, 0.433707, 0.024844, 4.180444, 5.184984],
    [0.316749, 2.898839, 0.07, 5.779761, 6.557224],
    [0.079668, 0.720565, 0.004358, 3.905563, 5.322633],
    [0.182425, 0.867566, 0.01911, 4.399386, 6.387207],
    [0.039532, 0.15242, 0.00388, 2.164805, 5.92749],
]


def answers(model, text=TEXT, **ask):
    with torch.no_grad():
        return model.forward(model.encode([text]), Ask(**ask))


def apart(ours, theirs):
    ours = ours.numpy() if torch.is_tensor(ours) else ours
    assert ours.shape == np.shape(theirs)
    return float(np.abs(ours - theirs).max())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("enformer") / "it")


@pytest.mark.parametrize("peaks", [False, True])
def test_every_layer_is_that_of_the_formulas(tmp_path, peaks):
    model = dnalect.load(write(tmp_path, use_tf_gamma=peaks))
    out = answers(model, tracks=True, states=(0, 1, 2, None))
    streams, tracks = by_formula(state_dict(), ONE_HOT, peaks)
    for ours, theirs in zip(out.states, [*streams, streams[-1]], strict=True):
        assert apart(ours[0], theirs.repeat(16, axis=0)) < 1e-5
    assert apart(out.tracks[0], tracks) < 1e-5


def test_the_numbers_are_those_of_the_package(folder):
    model = dnalect.load(folder)
    assert apart(answers(model, tracks=True).tracks[0], PACKAGE) < 1e-5
    tracks = model.can.tracks
    assert tracks.names == ("human_0", "human_1", "human_2", "mouse_0", "mouse_1")
    assert (tracks.stride, tracks.crop, tracks.length, tracks.bins(256)) == (16, 80, 256, 6)


@pytest.mark.parametrize("part", ["gamma", "gelu", "pooling", "crop", "sign", "shift", "variance"])
def test_a_broken_network_is_seen(folder, monkeypatch, part):
    model = dnalect.load(folder)
    network = model.network
    if part == "gamma":
        object.__setattr__(network.config, "peaks", True)
    elif part == "gelu":
        monkeypatch.setattr(binned, "gelu", torch.nn.functional.gelu)
    elif part == "pooling":
        with torch.no_grad():
            network.pools[1].pool.weight.copy_(network.pools[1].pool.weight.T.clone())
    elif part == "crop":
        monkeypatch.setattr(type(network.config), "crop", 4)
    elif part == "sign":
        plain = binned.of_distances
        monkeypatch.setattr(binned, "of_distances", lambda config: plain(config).flip(0))
    elif part == "shift":
        monkeypatch.setattr(binned, "laid_out", lambda logits: logits[..., : logits.shape[-2]])
    else:
        with torch.no_grad():
            network.final.norm.variance += 0.1
    assert apart(answers(model, tracks=True).tracks[0], PACKAGE) > 1e-3


def test_either_name_of_the_trunk_will_do(folder, tmp_path):
    """Files in safetensors hold shared tensors once, by one name or the other."""
    tensors = torch.load(folder / "pytorch_model.bin")
    for number, begin in enumerate(("_trunk.", ("stem.", "conv_tower.", "transformer.", "final_pointwise."))):
        kept = {name: each for name, each in tensors.items() if not name.startswith(begin)}
        place = tmp_path / str(number)
        place.mkdir()
        save_file(kept, place / "model.safetensors")
        (place / "config.json").write_bytes((folder / "config.json").read_bytes())
        assert apart(answers(dnalect.load(place), tracks=True).tracks[0], PACKAGE) < 1e-5


def test_it_is_saved_and_says_what_it_is(folder, tmp_path):
    model = dnalect.load(folder)
    model.save(tmp_path / "again")
    again = dnalect.load(tmp_path / "again")
    assert torch.equal(answers(again, tracks=True).tracks, answers(model, tracks=True).tracks)
    assert (again.can, again.card.family, again.card.parameters) == (model.can, "enformer", model.card.parameters)
    for place in (folder, tmp_path / "again"):
        told = "\n".join(verify(str(place)))
        assert "mouse_1, in bins of 16 bases; windows of 256 bases without 80 on each side" in told
    with pytest.raises(ModelError, match="it predicts tracks, not how likely bases are: human_0, .* in bins of 16"):
        dnalect.base_probabilities(model, ["ACGT"])
    with pytest.raises(InputError, match="a sequence has 257 bases, it reads 256 at once"):
        model.encode(["A" * 257])


def test_alleles_in_place_are_whole_windows(folder):
    model = dnalect.load(folder)
    alleles = [Allele(100, 101, np.array([2])), Allele(90, 90, np.array([1, 1, 3])), Allele(120, 125, np.array([0]))]
    found = model.replaced(CODES, alleles, (0, 0))
    assert apart(found.reference, PACKAGE) < 1e-5
    for allele, ours in zip(alleles, found.alternates, strict=True):
        codes = np.concatenate([CODES[: allele.start], allele.codes, CODES[allele.end :]])
        short = decode(codes.astype(np.uint8))[:256]
        assert apart(ours, answers(model, short, tracks=True).tracks[0].numpy()) < 1e-6
        assert apart(ours, PACKAGE) > 1e-3
    with pytest.raises(InputError, match="reads 256 bases, not 255; fill them up with N"):
        model.replaced(CODES[:-1], alleles, (0, 0))


def test_the_published_network_has_its_sizes():
    """Its config.json says neither how long a window is nor whether gamma features are those of its training."""
    raw = {"model_type": "enformer", "dim": 1536, "output_heads": {"human": 5313, "mouse": 1643}}
    sizes = read_config(HubConfig(raw, "config.json"))
    assert (sizes.channels, sizes.length, sizes.peaks) == ((768, 768, 896, 1024, 1152, 1280, 1536), 196_608, True)
    assert (sizes.crop * sizes.stride, len(sizes.tracks)) == (40_960, 6956)
    with torch.device("meta"):
        assert sum(each.numel() for each in Binned(sizes).parameters() if each.requires_grad) == 251_221_292
    assert not read_config(HubConfig(raw | {"output_heads": {"mine": 1}}, "config.json")).peaks
    assert not read_config(HubConfig(raw | {"use_tf_gamma": False}, "config.json")).peaks
    assert read_config(HubConfig(raw | {"target_length": -1}, "config.json")).bins == 1536


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"dim": 26}, "a share of the 26 channels that is a multiple of 6"),
        ({"dim": 48}, r"by the config, .* in the files.*has the shape"),
        ({"depth": 3}, r"transformer\.2.* is missing"),
        ({"target_length": 7}, "7 bins do not lie in the middle of 16"),
        ({"target_length": 18}, "18 bins do not lie in the middle of 16"),
        ({"sequence_length": 250}, "sequence_length is 250, no multiple of the 16 bases of a bin"),
        ({"dim_divisible_by": 128}, "the tower's channels, in steps of 128"),
        ({"num_downsamples": 2}, r"halvings must be a whole number in \[3, 12\], not 2"),
        ({"use_convnext": True}, "use_convnext is True"),
        ({"output_heads": {"human": 3}}, "mouse.* is unexpected"),
        ({"output_heads": {"keys": 3}}, "a head can't be called 'keys'"),
        ({"output_heads": {"human": "3"}}, "outputs of human must be a whole number"),
        ({"output_heads": [3]}, "output_heads must be names and numbers of tracks"),
        ({"output_heads": {}}, "there is one head at least"),
        ({"use_tf_gamma": 1}, "use_tf_gamma must be true or false"),
    ],
)
def test_what_no_such_network_has_is_refused(folder, tmp_path, config, message):
    (tmp_path / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | config))
    (tmp_path / "pytorch_model.bin").symlink_to(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=message):
        dnalect.load(tmp_path)


def test_copies_that_differ_are_refused(tmp_path):
    write(tmp_path)
    tensors = torch.load(tmp_path / "pytorch_model.bin")
    tensors["_trunk.1.0.bias"] = tensors["_trunk.1.0.bias"] + 1
    torch.save(tensors, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"_trunk\.1\.0\.bias differs from its copy"):
        dnalect.load(tmp_path)
