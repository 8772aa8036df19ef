"""What every model must do, asked of a tiny one of every family. A new family is not there until it is in MAKERS."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

import dnalect
from conftest import make_model
from dnalect.core.errors import InputError, ModelError
from dnalect.models.card import OWN_FAMILIES, Card
from dnalect.models.layers.dilated import Dilated, DilatedSizes
from dnalect.models.load import tuned_model
from dnalect.models.model import LAST, Ask, At, Output
from dnalect.models.pooled import Reading
from dnalect.models.recognise import FAMILIES
from dnalect.models.track_head import TrackSizes, TrackSpec
from dnalect.models.track_predictor import Made, Tracked, track_predictor
from dnalect.models.tracks import FAMILIES as TRACKS
from dnalect.models.tracks import TrackModel
from dnalect.tokens.bases import opposite
from inference.predictors import make_predictor
from models.aligning import make_aligned
from models.borzoing import SHORKIE_LM
from models.borzoing import write_hub as borzoi
from models.borzoing import write_keras as shorkie
from models.enforming import write as enformer
from models.folders import TINY, make
from models.test_nucleosomes import Routhier, westbrook

TEXTS = ["ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCG", "GGATCCTATAAAAGGC", "TTNACGTNNACGATCGA"]
CLOSE = 2e-5
CROP = 4
SPLICES = DilatedSizes(("a", "b", "c"), (3,), 8, (3, 3), (1, 1), 2, members=((), ()))
CARD = Card("it", "1", "", "spliceai", "single", asdict(SPLICES), 1024, 100, 0)


def published(name):
    return lambda folder: make(name, folder / "it")


def read_as(model, reading):
    """Let a predictor read otherwise than its card says; what it can do is worked out anew."""
    model.network.reading = model.reading = reading
    vars(model).pop("can", None)
    return model


def predictor(base, **reading):
    """A predictor on a base, its strands and pooling set in the card."""

    def maker(folder):
        made = make_predictor(folder / "it", MAKERS[base](folder / "base"))
        model = tuned_model(str(made))
        return read_as(model, Reading(**reading))

    return maker


def tracks_on(base):
    """Tracks on a language model, of windows as short as the texts here."""

    def maker(folder):
        torch.manual_seed(2)
        tracks = (TrackSpec("a", "peaks", 0.2), TrackSpec("b", "counts", 1.5), TrackSpec("c", "signal", -1.0, 2.0))
        trunk = dnalect.load(MAKERS[base](folder / "base"))
        track_predictor(Tracked(trunk, TrackSizes(4, CROP, 40, 8, tracks)), Made("it", "base", "full", {}, {})).save(
            folder / "it"
        )
        return folder / "it"

    return maker


def splice_sites(folder):
    """A network of tracks, of windows as short as the texts here."""
    model = TrackModel(CARD, Dilated(SPLICES), torch.device("cpu"), torch.float32)
    model.save(folder / "it")
    return folder / "it"


def westbrook_at(folder):
    westbrook(folder / "it")
    return folder / "it"


MAKERS = {"duplex": lambda folder: make_model(folder / "it")}
MAKERS |= {"duplex of products": lambda folder: make_model(folder / "it", join="product", dilations=[1, 3])}
MAKERS |= {"aligned": lambda folder: make_aligned(folder / "it")}
MAKERS |= {name: published(name) for name in TINY}
# Of tracks, not of bases.
TRACKED = {"spliceai": splice_sites, "enformer": lambda folder: enformer(folder / "it")}
TRACKED |= {"borzoi": lambda folder: borzoi(folder / "it"), "shorkie's tracks": lambda folder: shorkie(folder / "it")}
TRACKED |= {"nucleosomes": lambda folder: Routhier().write(folder / "it" / "weights.hdf5").parent}
TRACKED |= {"nucleosomes in bins": westbrook_at}
MAKERS |= TRACKED
MAKERS |= {"shorkie": lambda folder: shorkie(folder / "it", SHORKIE_LM)}
MAKERS |= {f"predictor on {name}": predictor(name) for name in ("duplex", "nt-v2", "qwen3")}
MAKERS |= {"predictor on both strands": predictor("duplex", strands=2)}
MAKERS |= {f"tracks on {name}": tracks_on(name) for name in ("duplex", "gpn", "caduceus-ph")}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    kept = {}

    def get(name):
        if name not in kept:
            kept[name] = dnalect.load(MAKERS[name](tmp_path_factory.mktemp("protocol")))
        return kept[name]

    return get


def test_every_family_is_here():
    assert {*FAMILIES, *TRACKS, *OWN_FAMILIES} <= {TINY[name][0] if name in TINY else name for name in MAKERS}


def everything(model):
    """All that a model can be asked."""
    layers = (*range(model.can.layers + 1), None)
    return Ask(
        model.can.likelihood is not None, layers, model.can.attentions, bool(model.can.targets), bool(model.can.tracks)
    )


def numbers(out: Output, row: int, tokens: int) -> list[torch.Tensor]:
    """What an output holds of one row, cut to its tokens."""
    found = [] if out.logits is None else [out.logits[row, :tokens]]
    found += [state[row, :tokens] for state in out.states or ()]
    found += [weights[row, :, :tokens, :tokens] for weights in out.attentions or ()]
    # Beyond the bases of its own a row has answers to what lies there: nothing.
    found += [out.tracks[row, : max(0, tokens - 2 * CROP)]] if out.tracks is not None else []
    return found + [values[row] for values in (out.targets or {}).values()]


def ask(model, texts, **more):
    encoding = model.encode(texts)
    with torch.no_grad():
        return encoding, model.forward(encoding, replace(everything(model), **more))


def agree(first, second, tolerance=CLOSE):
    assert len(first) == len(second) > 0
    for a, b in zip(first, second, strict=True):
        assert a.shape == b.shape
        assert torch.allclose(a, b, atol=tolerance), float((a - b).abs().max())


def shapes(model, folder):
    encoding, out = ask(model, TEXTS)
    (rows, tokens), can = encoding.input_ids.shape, model.can
    assert (out.logits is None) == (can.likelihood is None)
    if out.logits is not None:
        assert out.logits.shape == (rows, tokens, can.words)
    assert [each.shape for each in out.states] == [(rows, tokens, can.width)] * (can.layers + 2)
    assert (out.attentions is None) == (not can.attentions)
    if can.attentions:
        assert len(out.attentions) == can.layers
        assert all(torch.allclose(each.sum(-1), torch.ones(()), atol=1e-4) for each in out.attentions)
    assert {name: each.shape for name, each in (out.targets or {}).items()} == {
        name: (rows, len(spec.outputs)) for name, spec in can.targets.items()
    }
    kept = [out.logits, *out.states, *(out.attentions or ()), *(out.targets or {}).values()]
    assert {each.dtype for each in kept if each is not None} == {torch.float32}
    assert vars(model.forward(encoding, Ask())) == vars(Output())


def batches(model, folder):
    """Nothing depends on the company: of equal length, and of longer ones."""
    for text in TEXTS:
        alone, one = ask(model, [text])
        tokens = alone.input_ids.shape[1]
        for company in ([text, text[::-1]], [*TEXTS, text]):
            _, many = ask(model, company)
            row = company.index(text)
            agree(numbers(one, 0, tokens), numbers(many, row, tokens))


def padding(model, folder):
    """What stands at padding is not read."""
    encoding, out = ask(model, TEXTS)
    ids = np.where(encoding.attention_mask, encoding.input_ids, model.tokenizer.index.get("A", 7))
    with torch.no_grad():
        other = model.forward(replace(encoding, input_ids=ids), everything(model))
    for row, mask in enumerate(encoding.attention_mask):
        tokens = int(np.flatnonzero(mask).max()) + 1
        agree(numbers(out, row, tokens), numbers(other, row, tokens))


def some_tokens(model, folder):
    """Logits at some tokens are those of the whole; of few tokens they may be had in another way."""
    if model.can.likelihood is None:
        return
    encoding, out = ask(model, TEXTS)
    rows, columns = np.array([1, 0, 0]), np.array([2, 5, 6])
    tokens = min(9, encoding.input_ids.shape[1])
    every = np.zeros(tokens, dtype=np.int64), np.arange(tokens)
    with torch.no_grad():
        for at in (At(rows, columns), At(rows[:1], columns[:1]), At(*every)):
            agree([model.forward(encoding, Ask(at)).logits], [out.logits[at.rows, at.columns]])


def some_layers(model, folder):
    """A layer by itself is that of all; the order is that of the question."""
    encoding, out = ask(model, TEXTS)
    every = [*range(model.can.layers + 1), None]
    inside = torch.from_numpy(encoding.attention_mask)
    with torch.no_grad():
        for asked in ((None,), (1,), (0, None), (None, 1, 0), (model.can.layers,)):
            found = model.forward(encoding, Ask(states=asked)).states
            agree([each[inside] for each in found], [out.states[every.index(layer)][inside] for layer in asked])


def strands(model, folder):
    """The reverse complement gives what `can.strands` says."""
    can = model.can
    text = TEXTS[0]
    _, there = ask(model, [text])
    _, back = ask(model, [opposite(text)])
    if can.strands in ("both", "halves") and there.logits is not None:
        index = model.tokenizer.index
        other = {index[base]: index[opposite(base)] for base in "ACGT"}
        agree([there.logits], [back.logits.flip(1)[..., [other.get(word, word) for word in range(can.words)]]])
    if can.strands == "halves":
        left, right = there.states[-1].chunk(2, -1)
        agree([torch.cat([right, left], -1)], [back.states[-1].flip(1)])
    if can.strands != "one":
        agree(
            list((there.targets or {}).values()) or [there.states[0]],
            list((back.targets or {}).values()) or [torch.cat([*reversed(back.states[0].chunk(2, -1))], -1).flip(1)],
        )
    elif there.targets:
        assert any(not torch.allclose(a, b) for a, b in zip(there.targets.values(), back.targets.values(), strict=True))


def soft(model, folder):
    """A soft input that says what the ids do gives the same to the bit; gradients reach it, and mixtures count."""
    encoding = model.encode(TEXTS)
    hard = replace(everything(model), attentions=False)
    with torch.no_grad():
        plain, same = (model.forward(each, hard) for each in (encoding, model.softened(encoding)))
    for row, mask in enumerate(encoding.attention_mask):
        tokens = int(np.flatnonzero(mask).max()) + 1
        agree(numbers(same, row, tokens), numbers(plain, row, tokens), 0.0)
    asked = Ask(states=(None,)) if model.can.likelihood is None else Ask(logits=True)
    given = model.softened(encoding)
    given.soft.requires_grad_()
    out = model.forward(given, replace(asked, targets=bool(model.can.targets)))
    total = sum(each.square().sum() for each in numbers(out, 0, int(encoding.attention_mask[0].sum())))
    (gradient,) = torch.autograd.grad(total, given.soft)
    assert (gradient[0].abs().amax(-1).numpy() > 0)[encoding.covering[0]].all()
    assert not gradient[1].any()
    half = model.softened(encoding)
    half.soft[0, 5] = half.soft[0, [3, 5]].mean(0)
    with torch.no_grad():
        assert not torch.allclose(model.forward(half, LAST).states[0][0], plain.states[-1][0], atol=1e-4)
    with pytest.raises(InputError, match="the soft input"):
        model.forward(replace(encoding, soft=given.soft[..., :-1]), asked)


def asked_somewhere(model, folder):
    """Soft input at some tokens is read as at all of them."""
    if model.can.likelihood is None:
        return
    given = model.softened(model.encode(TEXTS[:1]))
    given.soft[0, 4] = torch.full((model.can.words,), 1 / model.can.words)
    at = At(np.array([0]), np.array([5]))
    with torch.no_grad():
        agree([model.forward(given, Ask(at)).logits[0]], [model.forward(given, Ask(True)).logits[0, 5]])


def gradients(model, folder):
    """`forward` keeps gradients, a call of the model doesn't; neither leaves another mode behind."""
    encoding = model.encode(TEXTS)
    assert model.forward(encoding, LAST).states[0].requires_grad
    assert not model.network.training
    out = model(TEXTS)
    kept = list(out.values()) if isinstance(out, dict) else [out.logits]
    assert not any(torch.is_tensor(each) and each.requires_grad for each in kept)


def saving(model, folder):
    model.save(folder / "again")
    again = dnalect.load(folder / "again")
    if hasattr(model, "reading"):
        read_as(again, model.reading)
    assert (again.can, again.card.family) == (model.can, model.card.family)
    for text in TEXTS:
        (first, here), (_, there) = ask(model, [text]), ask(again, [text])
        agree(numbers(here, 0, first.input_ids.shape[1]), numbers(there, 0, first.input_ids.shape[1]), 0.0)


def refusals(model, folder):
    encoding, can = model.encode(TEXTS), model.can
    for layer in (-1, can.layers + 1):
        with pytest.raises(ModelError, match=rf"layers 0 \(embedding\) to {can.layers}, not {layer}"):
            model.forward(encoding, Ask(states=(layer,)))
    refused = {"attentions": not can.attentions, "targets": not can.targets, "tracks": can.tracks is None}
    refused |= {"logits": can.likelihood is None}
    for what, wrong in refused.items():
        if wrong:
            with pytest.raises(ModelError):
                model.forward(encoding, Ask(**{what: True}))
    if can.targets:
        assert (
            model.encode(["ACGT" * can.context_bases]).input_ids.shape
            == model.encode(["ACGT" * (2 * can.context_bases)]).input_ids.shape
        )
    elif can.positions is not None or can.reach is not None:
        with pytest.raises(InputError):
            model.encode(["ACGTN" * 2 * can.context_bases])
    assert model.encode(["ACGT" * (can.context_bases // 4)]).input_ids.shape[1] <= (can.positions or can.context_bases)


BEHAVIOURS = {
    each.__name__: each
    for each in (shapes, batches, padding, some_tokens, some_layers, strands, soft, asked_somewhere, gradients, saving)
} | {"refusals": refusals}


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("name", MAKERS)
def test_protocol(made, tmp_path, name, behaviour):
    BEHAVIOURS[behaviour](made(name), tmp_path)


def forward_of(change):
    """A mutation of what a forward gets or gives. change: (model, encoding, ask, plain) -> output."""

    def mutate(monkeypatch, model):
        plain = model._forward
        monkeypatch.setattr(model, "_forward", lambda encoding, ask: change(model, encoding, ask, plain))

    return mutate


def logits_of_the_company(model, encoding, ask, plain):
    out = plain(encoding, ask)
    return out if out.logits is None else replace(out, logits=out.logits + out.logits.mean(0))


def first_token_only(model, encoding, ask, plain):
    if isinstance(ask.logits, At):
        ask = replace(ask, logits=At(ask.logits.rows, ask.logits.columns * 0))
    return plain(encoding, ask)


def one_strand(monkeypatch, model):
    monkeypatch.setitem(model.network._buffers, "complement", torch.arange(5))


def saved_otherwise(monkeypatch, model):
    plain = type(model).save

    def save(folder):
        with torch.no_grad():
            first = next(iter(model.network.parameters()))
            first.add_(0.5)
            plain(model, folder)
            first.sub_(0.5)

    monkeypatch.setattr(model, "save", save)


MUTATIONS = {
    "shapes": (
        "dnabert",
        forward_of(lambda model, encoding, ask, plain: replace(plain(encoding, ask), logits=torch.zeros(1))),
    ),
    "batches": ("grover", forward_of(logits_of_the_company)),
    "padding": (
        "nt-v1",
        forward_of(
            lambda model, encoding, ask, plain: plain(
                replace(encoding, attention_mask=np.ones_like(encoding.attention_mask)), ask
            )
        ),
    ),
    "some_tokens": ("logo", forward_of(first_token_only)),
    "some_layers": (
        "duplex",
        forward_of(
            lambda model, encoding, ask, plain: plain(
                encoding, replace(ask, states=tuple(sorted(ask.states, key=lambda layer: (layer is None, layer))))
            )
        ),
    ),
    "strands": ("duplex", one_strand),
    "soft": ("nt-v2", forward_of(lambda model, encoding, ask, plain: plain(replace(encoding, soft=None), ask))),
    "asked_somewhere": (
        "duplex",
        forward_of(
            lambda model, encoding, ask, plain: plain(
                replace(encoding, soft=None) if isinstance(ask.logits, At) else encoding, ask
            )
        ),
    ),
    "gradients": (
        "dnabert-2",
        forward_of(torch.inference_mode()(lambda model, encoding, ask, plain: plain(encoding, ask))),
    ),
    "saving": ("duplex", saved_otherwise),
    "refusals": ("duplex", lambda monkeypatch, model: monkeypatch.setattr(model, "_refuse", lambda ask: None)),
}
assert MUTATIONS.keys() == BEHAVIOURS.keys()


@pytest.mark.parametrize("behaviour", MUTATIONS)
def test_a_broken_model_is_caught(made, tmp_path, monkeypatch, behaviour):
    name, mutate = MUTATIONS[behaviour]
    mutate(monkeypatch, made(name))
    with pytest.raises((AssertionError, RuntimeError, LookupError, pytest.fail.Exception)):
        BEHAVIOURS[behaviour](made(name), tmp_path)
