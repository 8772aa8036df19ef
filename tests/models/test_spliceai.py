"""SpliceAI, OpenSpliceAI and Pangolin: read as published, or refused with what differs; every layer by formulas."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import InputError, ModelError
from dnalect.models.load import tuned_model
from dnalect.models.model import Allele, Ask
from dnalect.tokens.bases import decode
from models.splicing import CROP, Keras, by_formula, of_state_dict, spliceai, state_dict

pytest.importorskip("h5py")
REAL = os.environ.get("DNALECT_SPLICEAI", "")
CODES = np.random.default_rng(5).integers(0, 5, 200)
ONE_HOT = torch.from_numpy(np.eye(5, 4, dtype=np.float32)[CODES])
TEXT = decode(CODES.astype(np.uint8))


def answers(model, text=TEXT, **ask):
    with torch.no_grad():
        return model.forward(model.encode([text]), Ask(**ask))


def close(ours, theirs, tolerance=1e-5):
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max()) < tolerance


def test_every_layer_is_that_of_the_formulas(tmp_path):
    networks = spliceai(tmp_path / "spliceai")
    model = dnalect.load(tmp_path / "spliceai")
    assert model.can.tracks.names == ("neither", "acceptor", "donor")
    assert (model.can.tracks.crop, model.can.tracks.bins(200)) == (CROP, 200 - 2 * CROP)
    out = answers(model, tracks=True, states=(*range(model.can.layers + 1), None))
    theirs = [by_formula(each, ONE_HOT) for each in networks]
    assert close(out.tracks[0], torch.stack([each[2] for each in theirs]).mean(0))
    for number, ours in enumerate(out.states[:-1]):
        assert close(ours[0], torch.cat([each[0][number] for each in theirs], -1)), number
    assert close(out.states[-1][0], torch.cat([each[1] for each in theirs], -1))


@pytest.mark.parametrize("part", ["variance", "taps", "rectifier", "skip", "head"])
def test_a_broken_network_is_seen(tmp_path, part):
    networks = spliceai(tmp_path / "it", files=1)
    model = dnalect.load(tmp_path / "it")
    member = model.network.members[0]
    with torch.no_grad():
        if part == "variance":
            member.units[3].first.norm.variance += 0.01
        elif part == "taps":
            for half in (member.units[5].first, member.units[4].second):
                half.conv.weight.copy_(half.conv.weight.flip(-1))
        elif part == "rectifier":
            member.units[0].first.slope = 0.01
        elif part == "skip":
            member.skips[1].weight += 0.01
        else:
            member.head.bias += torch.tensor([0.01, 0, 0])
    ours, theirs = answers(model, states=(6, None)).states, by_formula(networks[0], ONE_HOT)
    tracks = answers(model, tracks=True).tracks[0]
    assert not (close(ours[0][0], theirs[0][6]) and close(ours[1][0], theirs[1]) and close(tracks, theirs[2]))


@pytest.mark.parametrize(("kind", "units"), [("open", 4), ("open", 8), ("pangolin", 4)])
def test_state_dicts_are_read_as_published(tmp_path, kind, units):
    tensors = [state_dict(seed, kind, units) for seed in (1, 2)]
    for number, each in enumerate(tensors):
        torch.save(each, tmp_path / f"model{number}.pt")
    model = dnalect.load(tmp_path)
    dilations = (1, 1, 1, 1, 4, 4, 4, 4)[:units]
    text, one_hot = TEXT * 3, ONE_HOT.repeat(3, 1)
    theirs = torch.stack([of_state_dict(each, kind, one_hot, dilations) for each in tensors]).mean(0)
    assert close(answers(model, text, tracks=True).tracks[0], theirs)
    assert len(model.can.tracks.names) == theirs.shape[1]


def test_files_of_pangolin_are_read_for_their_task(tmp_path):
    made = {}
    for name in ("final.1.0.3", "final.2.0.3", "final.1.3.3"):
        made[name] = state_dict(len(made), "pangolin")
        torch.save(made[name], tmp_path / name)
    model = dnalect.load(tmp_path)
    assert model.can.tracks.names == ("heart_unspliced", "heart_spliced", "liver_usage")
    ours = answers(model, tracks=True).tracks[0]
    theirs = {name: of_state_dict(each, "pangolin", ONE_HOT) for name, each in made.items()}
    assert close(ours[:, 1], (theirs["final.1.0.3"] + theirs["final.2.0.3"])[:, 1] / 2)
    assert close(ours[:, 2], theirs["final.1.3.3"][:, 5])
    torch.save(made["final.1.0.3"], tmp_path / "final.1.0.3.v2")
    with pytest.raises(ModelError, match=r"first networks and its second \(.v2\)"):
        dnalect.load(tmp_path)


def altered(change):
    network = Keras(1)
    change(network)
    return network


def config(kind, number=0, **values):
    def change(network):
        [each for each in network.layers if each["class_name"] == kind][number]["config"].update(values)

    return change


def another_branch(network):
    network.conv(network.layers[1]["name"], 6, 6, 1)


def one_more(network):
    network.add("Dropout", "dropout", [network.layers[3]["name"]])


def not_added(network):
    next(each for each in network.layers if each["class_name"] == "Add")["inbound_nodes"][0].pop()


def used_twice(network):
    network.layers[1]["inbound_nodes"] *= 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (config("Activation", activation="tanh"), "activation 'tanh', where 'relu' is expected"),
        (config("Conv1D", 3, padding="causal"), "has padding 'causal'"),
        (config("Conv1D", 3, dilation_rate=[3]), "has kernel and dilation"),
        (config("BatchNormalization", 2, epsilon=1e-5), "the norms differ in epsilon"),
        (config("Cropping1D", cropping=[5, 5]), rf"crops \[5, 5\], the convolutions read {CROP} bases"),
        (config("Conv1D", -1, activation="sigmoid"), "activation 'sigmoid', where 'softmax'"),
        (another_branch, "is followed by conv1d_"),
        (one_more, r"dropout_1 \(Dropout\) is one too many"),
        (not_added, "is not added to"),
        (used_twice, "otherwise than as layers that are used once .the layer conv1d_1 is used 2 times"),
    ],
)
def test_another_graph_is_refused_with_what_differs(tmp_path, change, message):
    altered(change).write(tmp_path / "it.h5")
    with pytest.raises(ModelError, match=message):
        dnalect.load(tmp_path)


def test_files_that_are_no_ensemble_are_refused(tmp_path):
    for number, units in enumerate((4, 8)):
        torch.save(state_dict(1, "open", units), tmp_path / f"model{number}.pt")
    with pytest.raises(ModelError, match="80 bases of context.*400 bases of context.*are no ensemble"):
        dnalect.load(tmp_path)
    tensors = state_dict(1, "open")
    torch.save(tensors | {"residual_units.0.film.affine.weight": torch.ones(2)}, tmp_path / "model1.pt")
    with pytest.raises(ModelError, match="RNA-binding proteins"):
        dnalect.load(tmp_path)
    torch.save({k: v for k, v in tensors.items() if k != "final_conv.bias"}, tmp_path / "model1.pt")
    with pytest.raises(ModelError, match=r"final_conv\.bias is missing"):
        dnalect.load(tmp_path)
    torch.save(tensors | {"residual_units.0.conv1.weight": torch.ones(5, 5, 9)}, tmp_path / "model1.pt")
    with pytest.raises(ModelError, match="the kernels of its units are"):
        dnalect.load(tmp_path)


def test_alleles_in_place_are_whole_haplotypes(tmp_path):
    """What is computed of the changed part alone is what the whole sequence gives, at every length of an allele."""
    spliceai(tmp_path / "it")
    model = dnalect.load(tmp_path / "it")
    alleles = [
        Allele(start, end, np.array(new, dtype=np.int64))
        for start, end, new in ((90, 91, [2]), (95, 96, [1]), (88, 99, [0]), (100, 101, [3, 3, 1, 0]), (97, 99, []))
    ]
    for sides in ((3, 3), (20, 20), (38, 30)):
        found = model.replaced(CODES, alleles, sides)
        assert np.abs(found.reference - answers(model, tracks=True).tracks[0].numpy()).max() < 1e-6
        for allele, ours in zip(alleles, found.alternates, strict=True):
            codes = np.concatenate([CODES[: allele.start], allele.codes, CODES[allele.end :]])
            whole = answers(model, decode(codes.astype(np.uint8)), tracks=True).tracks[0].numpy()
            first = allele.start - CROP - sides[0]
            theirs = whole[first : first + sum(sides) + len(allele.codes)]
            assert ours.shape == theirs.shape
            assert np.abs(ours - theirs).max() < 1e-6


def test_it_is_saved_and_says_what_it_is(tmp_path, caplog):
    spliceai(tmp_path / "it")
    model = dnalect.load(tmp_path / "it")
    assert "not for commercial use" in caplog.text
    model.save(tmp_path / "again")
    again = dnalect.load(tmp_path / "again")
    assert torch.equal(answers(again, tracks=True).tracks, answers(model, tracks=True).tracks)
    with pytest.raises(InputError, match=f"a window has more than {2 * CROP} bases, not 4"):
        answers(model, "ACGT", tracks=True)
    with pytest.raises(ModelError, match="dnalect score --score splice"):
        dnalect.base_probabilities(model, ["ACGT"])
    with pytest.raises(ModelError, match="predicts tracks and no label"):
        tuned_model(model)
    with pytest.raises(InputError, match="predicts tracks along a genome: give a FASTA, or a BED"):
        dnalect.predict(model, ["ACGT"])


def test_without_h5py_the_fix_is_named(tmp_path, monkeypatch):
    spliceai(tmp_path / "it", files=1)
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ModelError, match=r"pip install 'dnalect\[hdf5\]'"):
        dnalect.load(tmp_path / "it")


@pytest.mark.skipif(not REAL, reason="DNALECT_SPLICEAI names no folder of published SpliceAI weights")
def test_real_weights_are_five_networks_of_10000_bases():
    model = dnalect.load(Path(REAL))
    assert (model.card.parameters, model.can.tracks.crop, model.can.layers) == (3_493_935, 5000, 16)
