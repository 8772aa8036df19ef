"""Embeddings equal a plain loop over tokens, whatever the family, the company and the length of a sequence."""

import dataclasses

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.inference.embed import embed, per_base, site_states
from dnalect.models.heads import Heads, HeadSpec
from dnalect.models.pooled import Pooled, Reading
from dnalect.models.predictor import Predictor
from dnalect.tokens.bases import decode, encode, reverse_complement
from models.folders import TINY, make

NAMES = ("duplex", *TINY)
TEXTS = [
    "ACGTTGCATGACCAGATTACA",
    "GATTACANNNNCATTAGGACCA",
    "TTTTTAAAAACC",
    "ACGTTGCATGACCAGATTACA",
    "NNGATTACAGATTACAGGNN",
]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embed")
    made = {name: make(name, folder / name) for name in TINY} | {"duplex": make_model(folder / "duplex")}
    return {name: dnalect.load(path) for name, path in made.items()}


@pytest.fixture(params=NAMES)
def model(request, models):
    return models[request.param]


# Of longer contexts the plain way takes hours.
LONG = 8_000


def alone(model, text, layer=None):
    """The states (T, C) and spans of one sequence, read by itself."""
    encoding = model.encode([text])
    with torch.no_grad():
        return model.states(encoding, layer)[0].float().numpy(), encoding.spans[0].tolist()


def pooled(model, text, how, layer=None):
    states, spans = alone(model, text, layer)
    rows = [state for state, (low, high) in zip(states, spans, strict=True) if high > low]
    return np.mean(rows, axis=0) if how == "mean" else np.max(rows, axis=0)


def spread(model, text, layer=None):
    states, spans = alone(model, text, layer)
    out = np.full((len(text), model.can.width), np.nan)
    for base in range(len(text)):
        mine = [state for state, (low, high) in zip(states, spans, strict=True) if low <= base < high]
        if mine:
            out[base] = np.mean(mine, axis=0)
    return out


def opposite(text):
    return decode(reverse_complement(encode(text)))


@pytest.mark.parametrize("layer", [None, 0, 1])
@pytest.mark.parametrize("how", ["mean", "max"])
def test_pooling_is_that_of_a_plain_loop(model, how, layer):
    plain = np.stack([pooled(model, text, how, layer) for text in TEXTS])
    found = embed(model, TEXTS, how, layer)
    assert found.dtype == np.float32
    assert found == pytest.approx(plain, abs=2e-5)
    assert np.ptp(plain, axis=0).max() > 0.01


def test_both_strands_are_averaged(model):
    plain = [(pooled(model, text, "max") + pooled(model, opposite(text), "max")) / 2 for text in TEXTS]
    found = embed(model, TEXTS, "max", strands=2)
    assert found == pytest.approx(np.stack(plain), abs=2e-5)
    assert found == pytest.approx(embed(model, [opposite(text) for text in TEXTS], "max", strands=2), abs=2e-5)


def test_mean_max_is_both_side_by_side(model):
    found = embed(model, TEXTS, "mean-max", strands=2)
    both = [embed(model, TEXTS, how, strands=2) for how in ("mean", "max")]
    assert np.array_equal(found, np.concatenate(both, axis=1))


def test_numbers_depend_neither_on_batch_nor_company_nor_case(model):
    rng = np.random.default_rng(3)
    texts = ["".join(rng.choice(list("ACGT"), size)) for size in rng.integers(8, 40, 40)]
    whole = embed(model, texts)
    assert whole == pytest.approx(embed(model, texts, batch=1), abs=2e-5)
    assert whole[::-1] == pytest.approx(embed(model, [text.lower() for text in texts[::-1]], batch=7), abs=2e-5)


@pytest.mark.parametrize("strands", [1, 2])
def test_every_base_has_the_mean_of_the_tokens_that_cover_it(model, strands):
    views = [[spread(model, text, 1) for text in TEXTS]]
    if strands == 2:
        views.append([spread(model, opposite(text), 1)[::-1] for text in TEXTS])
    for row, found in enumerate(per_base(model, TEXTS, 1, strands)):
        known = np.stack([view[row] for view in views])
        seen = (~np.isnan(known)).sum(axis=0)
        plain = np.nansum(known, axis=0) / np.maximum(seen, 1)
        assert found.shape == (len(TEXTS[row]), model.can.width)
        assert found.dtype == np.float32
        assert found == pytest.approx(plain, abs=2e-5)
        assert (found[seen[:, 0] == 0] == 0).all()


def test_unknown_ends_of_a_duplex_have_no_vector(models):
    found = per_base(models["duplex"], ["NNGATTACANACAN"])[0]
    assert np.flatnonzero((found == 0).all(axis=1)).tolist() == [0, 1, 13]


def test_long_sequences_are_pooled_over_pieces_of_near_equal_length(model):
    if model.can.context_bases > LONG:
        pytest.skip("hundreds of thousands of bases would be read one by one")
    rng = np.random.default_rng(5)
    length = 2 * model.can.context_bases + 5
    text = "".join(rng.choice(list("ACGT"), length))
    third = length // 3
    pieces = [text[:third], text[third : 2 * length // 3], text[2 * length // 3 :]]
    counts = [sum(high > low for low, high in alone(model, piece)[1]) for piece in pieces]
    mean = np.average([pooled(model, piece, "mean") for piece in pieces], axis=0, weights=counts)
    assert embed(model, ["ACGT" * 3, text])[1] == pytest.approx(mean, abs=2e-5)
    highest = np.max([pooled(model, piece, "max") for piece in pieces], axis=0)
    assert embed(model, [text], "max")[0] == pytest.approx(highest, abs=2e-5)
    plain = np.nan_to_num(np.concatenate([spread(model, piece) for piece in pieces]))
    assert per_base(model, [text])[0] == pytest.approx(plain, abs=2e-5)


def test_unknown_bases_that_crowd_the_positions_are_no_error(models):
    model = models["nt-v1"]
    text = ("ACN" * model.can.context_bases)[: model.can.context_bases]
    with pytest.raises(InputError, match="cut it"):
        model.encode([text])
    found = embed(model, [text])
    assert np.isfinite(found).all()
    assert found.any()
    assert per_base(model, [text])[0].shape == (len(text), model.can.width)


def test_nothing_to_read_is_the_zero_vector(model):
    found = embed(model, ["", "ACGTACGTAC", ""], strands=2)
    assert not found[[0, 2]].any()
    assert np.isfinite(found).all()
    assert found[1].any()
    assert embed(model, []).shape == (0, model.can.width)
    assert [each.shape for each in per_base(model, ["", "ACGTACG"])] == [(0, model.can.width), (7, model.can.width)]
    if model.card.id == "duplex":
        assert not embed(model, ["NNNN"]).any()


def test_equal_sequences_are_read_once(model, monkeypatch):
    rows = []
    read = type(model).forward

    def counted(self, encoding, ask):
        rows.append(len(encoding.input_ids))
        return read(self, encoding, ask)

    monkeypatch.setattr(type(model), "forward", counted)
    found = embed(model, ["ACGTTGCATG", "acgttgcatg", "GGGTTGCATG"] * 5)
    assert sum(rows) == 2
    assert np.array_equal(found[0], found[13])
    assert torch.is_inference_mode_enabled() is False


def test_the_summary_is_the_special_token_at_the_beginning(models):
    for name, model in models.items():
        if not model.tokenizer.head:
            assert name not in ("dnabert", "dnabert-2", "nt-v2", "grover", "gena-lm", "modernbert")
            with pytest.raises(ModelError, match="has no summary token"):
                embed(model, TEXTS, "summary")
            continue
        if model.can.likelihood == "causal":
            with pytest.raises(ModelError, match="the first token of .* reads no other one"):
                embed(model, TEXTS, "summary")
            continue
        plain = [alone(model, text)[0][0] for text in TEXTS]
        assert embed(model, TEXTS, "summary") == pytest.approx(np.stack(plain), abs=2e-5)
        with pytest.raises(
            InputError, match=f"cut the sequences to {model.can.context_bases:,} bases, or pool with mean"
        ):
            embed(model, ["ACGT" * model.can.context_bases], "summary")


def test_a_predictor_is_read_by_its_language_model(models):
    base = models["dnabert"]
    spec = HeadSpec("x", "classes", ("0", "1"))
    pooled = Pooled(base, Heads(base.can.width, [spec]), Reading())
    tuned = Predictor(dataclasses.replace(base.card, id="tuned"), pooled)
    assert np.array_equal(embed(tuned, TEXTS), embed(base, TEXTS))


def test_impossible_wishes_are_refused(models):
    model = models["dnabert"]
    with pytest.raises(ConfigError, match="no pool 'base': give one of mean, max, mean-max, summary, or use per_base"):
        embed(model, TEXTS, "base")
    with pytest.raises(ModelError, match=r"layers 0 \(embedding\) to 2, not 3"):
        embed(model, TEXTS, layer=3)
    with pytest.raises(ConfigError, match="strands are 1 or 2"):
        per_base(model, TEXTS, strands=3)
    for wrong in (b"ACGT", [b"ACGT"]):
        with pytest.raises(InputError, match="sequences are texts"):
            embed(model, wrong)


def test_states_around_a_site_are_the_mean_of_the_tokens_there(model):
    sites = [10, 3, 6, 4, 0]
    found = site_states(model, TEXTS, sites, around=4)
    reverse = ["".join("TGCAN"["ACGTN".index(base)] for base in reversed(text)) for text in TEXTS]
    wanted = []
    for text, turned, site in zip(TEXTS, reverse, sites, strict=True):
        both = []
        for view, at in ((text, site), (turned, len(text) - 1 - site)):
            encoding = model.encode([view])
            states = model.states(encoding)[0].detach().numpy()
            near = [s for s, (low, high) in zip(states, encoding.spans[0], strict=True)
                    if high and abs((low + high) / 2 - at) <= 4]  # fmt: skip
            both.append(np.mean(near, axis=0) if near else np.zeros(states.shape[1]))
        wanted.append(both)
    one, other = np.array(wanted).swapaxes(0, 1)
    if model.can.strands == "halves":
        half = model.can.width // 2
        other = np.concatenate([one[:, half:], one[:, :half]], axis=1)
    assert found == pytest.approx((one + other) / 2, abs=1e-5)
