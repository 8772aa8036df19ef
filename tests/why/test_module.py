"""A model as a PyTorch module says what the library says, and takes what it should."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.inference.predictions import raw_predictions
from dnalect.tokens.bases import encode
from why.tiny import model_of

TEXTS = ["ACGTTGCAATTATTAACGCATGCATGCAAA", "TTGCATATAAAAGGCATGCATCGATTACAC"]


def one_hot(texts):
    return torch.eye(4)[torch.from_numpy(np.stack([encode(text) for text in texts]).astype(int))].transpose(1, 2)


@pytest.mark.parametrize("name", ["predictor on duplex", "predictor on nt-v2", "predictor on both strands"])
def test_predictions_are_those_of_the_model(tmp_path, name):
    model = model_of(name, tmp_path)
    told = raw_predictions(model, TEXTS)
    for target in model.can.targets:
        found = dnalect.torch_module(model, target)(one_hot(TEXTS))
        np.testing.assert_allclose(found.detach().numpy(), told[target], atol=2e-5)


def test_both_strands_are_read_where_the_model_does(tmp_path):
    model = model_of("predictor on nt-v2", tmp_path)
    model.network.reading = model.reading = type(model.reading)(strands=2)
    found = dnalect.torch_module(model, "activity")(one_hot(TEXTS))
    np.testing.assert_allclose(found.detach().numpy(), raw_predictions(model, TEXTS)["activity"], atol=2e-5)


def test_a_position_has_the_probabilities_of_the_model(tmp_path):
    model = model_of("duplex", tmp_path)
    told = np.log(dnalect.base_probabilities(model, TEXTS))
    for position in (4, -1):
        found = dnalect.torch_module(model, position)(one_hot(TEXTS))
        np.testing.assert_allclose(found.detach().numpy(), told[:, position], atol=2e-5)
    codes = np.stack([encode(text) for text in TEXTS])
    whole = np.take_along_axis(told, codes[..., None].astype(int), 2).sum((1, 2))
    np.testing.assert_allclose(dnalect.torch_module(model)(one_hot(TEXTS)).detach().numpy()[:, 0], whole, atol=1e-4)


@pytest.mark.parametrize("name", ["duplex", "dnabert", "single bases"])
def test_gradients_reach_the_bases_and_versions_do_not_mix(tmp_path, name):
    module = dnalect.torch_module(model_of(name, tmp_path))
    given = one_hot(TEXTS).requires_grad_()
    found = module(given)
    assert found.shape == (2, 1)
    (gradient,) = torch.autograd.grad(found[1, 0], given)
    assert not gradient[0].any()
    assert (gradient[1].abs().sum(0) > 0).all()
    torch.testing.assert_close(module(given[1:]), found[1:], atol=2e-5, rtol=1e-5)


def test_what_is_not_one_hot_is_refused(tmp_path):
    model = model_of("duplex", tmp_path)
    module = dnalect.torch_module(model, 20)
    with pytest.raises(InputError, match=r"are \(N, 4, L\), A, C, G, T, and these are \(2, 30, 4\)"):
        module(one_hot(TEXTS).transpose(1, 2))
    with pytest.raises(InputError, match="base 20"):
        module(one_hot([TEXTS[0][:9]]))
    with pytest.raises(InputError, match=r"reads 1,024 bases, and this window has 2,000"):
        module(torch.zeros(1, 4, 2000))
    with pytest.raises(ConfigError, match="its output is a position"):
        dnalect.torch_module(model, "activity")
    with pytest.raises(ConfigError, match="predicts activity, open, factor: name one"):
        dnalect.torch_module(model_of("predictor on duplex", tmp_path / "p"))
    with pytest.raises(ModelError, match="reads byte pairs"):
        dnalect.torch_module(model_of("grover", tmp_path / "g"))
