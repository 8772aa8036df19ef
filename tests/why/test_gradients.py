"""Gradients add up, are those of captum, and are of what they say: not of the rest, never of the base itself."""

import captum.attr
import numpy as np
import pytest
import torch

from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.inference.likelihood.leave_one_out import LeaveOneOut
from dnalect.inference.likelihood.masked import Masked
from dnalect.tokens.bases import encode
from dnalect.why.gradients import METHODS, Number, attributions, likelihood_of, log_ratio_of, prediction_of
from dnalect.why.module import torch_module
from dnalect.why.nulls import shuffled
from dnalect.why.soft import SoftWindow
from models.folders import CAUSAL
from protocol.test_models import TRACKED
from why.tiny import KINDS, model_of

TEXT = "ACGTTGCAATTATTAACGCATGCATGCAAAATTTTCGCA"
CODES, PLACE, SITE = encode(TEXT), slice(12, 24), 17
BYTE_PAIRS = ("dnabert-2", "grover", "gena-lm", "modernbert")
LIKELY = [name for name in KINDS if not name.startswith(("predictor", "tracks on")) and name not in (*CAUSAL, *TRACKED)]
SPELLED = [name for name in LIKELY if name not in BYTE_PAIRS]
TUNED = [name for name in KINDS if name.startswith("predictor")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    kept = {}

    def get(name):
        if name not in kept:
            kept[name] = model_of(name, tmp_path_factory.mktemp("kinds"))
        return kept[name]

    return get


@pytest.mark.parametrize("name", KINDS)
def test_plain_bases_are_the_text(made, name):
    window = SoftWindow(made(name), TEXT)
    assert torch.equal(window.soft(window.plain[None]).soft, made(name).softened(window.encoding).soft)


@pytest.mark.parametrize("name", SPELLED)
def test_log_probs_are_those_of_scores(made, name):
    model, sites = made(name), np.array([9, 20])
    window = SoftWindow(model, TEXT)
    found = torch.cat([window.log_probs(window.plain[None], [int(site)]) for site in sites])[:, 0].detach().numpy()
    strategy = LeaveOneOut(model) if model.can.likelihood == "leave_one_out" else Masked(model, strands=1, phases=1)
    np.testing.assert_allclose(found, strategy.log_probs([CODES] * 2, sites), atol=2e-5)


@pytest.mark.parametrize("name", ["duplex", "dnabert", "nt-v2", "single bases"])
def test_a_gradient_is_the_slope(made, name):
    number = likelihood_of(made(name), CODES, slice(12, 18))
    (found,) = attributions(number, ["input_x_gradient"])
    step, base = 1e-2, int(CODES[14])
    ends = number.window.plain.repeat(2, 1, 1)
    ends[0, 14, base] -= step
    ends[1, 14, base] += step
    with torch.no_grad():
        low, high = number.value(ends).tolist()
    assert found.values[14, base] == pytest.approx((high - low) / (2 * step), abs=2e-2)
    assert np.abs(found.values[14]).sum() == pytest.approx(abs(found.values[14, base]))


def numbers_of(model):
    if model.can.targets:
        return [prediction_of(model, CODES, PLACE, target, column) for target, column in (("activity", 0), ("open", 1))]
    found = [likelihood_of(model, CODES, PLACE)]
    return (
        found
        if model.card.family in ("dnabert2", "grover", "gena_lm", "modernbert")
        else [*found, log_ratio_of(model, CODES, PLACE, SITE, 1)]
    )


@pytest.mark.parametrize("name", CAUSAL)
def test_a_causal_model_has_no_gradients_of_a_base_given_the_rest(made, name):
    with pytest.raises(ModelError, match="the bases before it"):
        likelihood_of(made(name), CODES, PLACE)


@pytest.mark.parametrize("name", LIKELY + TUNED)
def test_integrated_gradients_add_up_to_the_change(made, name):
    for number in numbers_of(made(name)):
        (found,) = attributions(number, ["integrated"], steps=24)
        assert abs(found.values.sum() - found.change) < 1e-3 + 0.01 * abs(found.change), number.meaning
        assert found.by_base.sum() == pytest.approx(found.values.sum())
        outside = np.ones(len(TEXT), dtype=bool)
        outside[PLACE] = False
        assert found.values[PLACE].any()
        assert not found.values[outside].any()


def test_a_sum_that_is_cut_short_is_seen(made):
    number = likelihood_of(made("duplex"), CODES, PLACE)
    rough, fine = (attributions(number, ["integrated"], steps=steps)[0] for steps in (1, 40))
    assert fine.gap < 0.005 < rough.gap


@pytest.mark.parametrize("baseline", ["uniform", "zeros", "shuffled"])
def test_gradients_are_those_of_captum(made, baseline):
    model = made("predictor on nt-v2")
    module, whole = torch_module(model, "activity"), slice(0, len(TEXT))
    number = prediction_of(model, CODES, whole, "activity")
    given = number.window.plain.T[None].requires_grad_()
    mine = {each.method: each.values for each in attributions(number, METHODS, baseline, steps=8, draws=1, seed=3)}
    base = torch.full_like(given, {"uniform": 0.25}.get(baseline, 0.0))
    if baseline == "shuffled":
        base = torch.eye(4)[torch.from_numpy(shuffled(CODES, np.random.default_rng(3)).astype(int))].T[None]
    theirs = {
        "saliency": captum.attr.Saliency(module).attribute(given, target=0),
        "input_x_gradient": captum.attr.InputXGradient(module).attribute(given, target=0),
        "integrated": captum.attr.IntegratedGradients(module).attribute(given, base, target=0, n_steps=8),
    }
    for method, values in theirs.items():
        np.testing.assert_allclose(mine[method], values[0].T.detach().numpy(), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["duplex", "nt-v1", "single bases"])
def test_gradients_of_a_site_are_those_of_captum(made, name):
    module = torch_module(made(name), SITE)
    alternate = (int(CODES[SITE]) + 1) % 4
    number = log_ratio_of(made(name), CODES, slice(0, len(TEXT)), SITE, alternate)
    given = number.window.plain.T[None]
    mine = attributions(number, ["integrated"], steps=6)[0].values
    way = captum.attr.IntegratedGradients(module)
    base = torch.full_like(given, 0.25)
    there, here = (way.attribute(given, base, target=each, n_steps=6) for each in (alternate, int(CODES[SITE])))
    np.testing.assert_allclose(mine, (there - here)[0].T.detach().numpy(), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("name", ["duplex", "single bases"])
def test_a_base_does_not_explain_itself(made, name):
    number = log_ratio_of(made(name), CODES, PLACE, SITE, 1)
    for each in attributions(number):
        assert not each.values[SITE].any()
        assert each.values[SITE - 1].any()


def test_a_planted_pattern_is_what_counts(made):
    """A number that is a product of three bases: they, and no others, have all of it."""
    window = SoftWindow(made("duplex"), TEXT)
    number = Number("planted", window, lambda given: given[:, 8, 0] * given[:, 9, 3] * given[:, 10, 3], window.movable)
    (found,) = attributions(number, ["integrated"])
    assert TEXT[8:11] == "ATT"
    assert found.change == pytest.approx(1 - 1 / 64)
    np.testing.assert_allclose(found.by_base[8:11], found.change / 3, rtol=1e-5)
    assert not np.delete(found.by_base, [8, 9, 10]).any()


def test_unknown_bases_have_no_part(made):
    codes = encode(TEXT[:10] + "NN" + TEXT[12:])
    for name in ("duplex", "nt-v2"):
        for each in attributions(likelihood_of(made(name), codes, PLACE)):
            assert np.isfinite(each.values).all()
            assert not each.values[10:12].any()
    with pytest.raises(InputError, match="base 11 of the window is unknown"):
        log_ratio_of(made("duplex"), codes, PLACE, 10, 1)


def test_words_are_shared_out_over_their_bases(made):
    number = likelihood_of(made("dnabert-2"), CODES, slice(0, len(TEXT)))
    (found,) = attributions(number, ["integrated"])
    low, high = next(span for span in number.window.bases_of_rows.tolist() if span[1] - span[0] > 1)
    assert found.values.shape == (len(TEXT), 1)
    assert len(set(found.by_base[low:high].tolist())) == 1
    assert number.meaning.startswith("sum of ln P(word")


def test_what_cannot_be_is_refused(made):
    number = likelihood_of(made("duplex"), CODES, PLACE)
    with pytest.raises(ConfigError, match="methods of gradients are saliency"):
        attributions(number, ["gradcam"])
    with pytest.raises(ConfigError, match="baselines are uniform, zeros, shuffled"):
        attributions(number, baseline="black")
    with pytest.raises(ConfigError, match="other byte pairs"):
        attributions(likelihood_of(made("grover"), CODES, PLACE), baseline="shuffled")
    with pytest.raises(ModelError, match="no fixed length"):
        log_ratio_of(made("grover"), CODES, PLACE, SITE, 1).value(SoftWindow(made("grover"), TEXT).plain[None])
    with pytest.raises(ModelError, match="does not say how likely"):
        likelihood_of(made(TUNED[0]), CODES, PLACE)
    with pytest.raises(ConfigError, match="has the heads activity, open"):
        prediction_of(made(TUNED[0]), CODES, PLACE, "closed")


def test_the_network_is_left_as_it_was(made):
    model = made("nt-v2")
    model.network.train()
    attributions(likelihood_of(model, CODES, PLACE), ["saliency"])
    assert model.network.training
    assert all(each.grad is None for each in model.network.parameters())
    model.network.eval()
