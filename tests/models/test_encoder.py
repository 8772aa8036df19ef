"""What the encoder promises: impossible configs fail, padding is nothing, both ways of attention agree."""

import pytest
import torch

from dnalect.core.errors import ConfigError
from dnalect.models.catalogue import PUBLISHED
from dnalect.models.encoder.config import EncoderConfig
from dnalect.models.encoder.network import Encoder, count_parameters
from dnalect.models.encoder.places import slopes
from dnalect.models.families import FAMILIES

SIZES = {"vocabulary": 50, "width": 16, "layers": 2, "heads": 4, "hidden": 24, "longest": 64}
MAKES = {
    "learned": {"token_types": 2},
    "alibi": {"positions": "alibi", "feed_forward": "gated", "fused": True, "up_bias": False},
    "rotary": {
        "positions": "rotary",
        "norm": "pre",
        "final_norm": True,
        "embedding_norm": False,
        "feed_forward": "gated",
        "activation": "silu",
        "up_bias": False,
        "down_bias": False,
        "tied": False,
    },
    "token dropout": {"norm": "pre", "final_norm": True, "position_offset": 2, "token_dropout": True, "mask_id": 4},
    "small embeddings": {"embedding": 8, "blind_id": 0},
    "causal": {"causal": True},
    "convolutions": {"embedding": 8, "embedding_kernels": (2, 3, 5), "feed_forward": "convolution", "blind_id": 0},
}


def network(make) -> Encoder:
    torch.manual_seed(0)
    made = Encoder(EncoderConfig(**SIZES, **MAKES[make])).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return made


def drawn(rows, length):
    ids = torch.randint(5, 50, (rows, length), generator=torch.Generator().manual_seed(2))
    ids[:, 3] = 4
    ids[0, 5] = 0
    return ids, torch.ones_like(ids, dtype=torch.bool)


@torch.inference_mode()
@pytest.mark.parametrize("make", MAKES)
def test_both_ways_of_attention_agree(make):
    net = network(make)
    ids, mask = drawn(3, 30)
    mask[1, 20:] = False
    fast, slow = net(ids, mask, every=True), net(ids, mask, every=True, attentions=True)
    for a, b in zip(fast.every, slow.every, strict=True):
        assert torch.allclose(a[mask], b[mask], atol=1e-5)
    for weights in slow.attentions:
        assert torch.allclose(weights.sum(-1)[mask[:, None].expand(-1, 4, -1)], torch.tensor(1.0), atol=1e-5)
        assert not weights[1, :, :, 20:].any()


@torch.inference_mode()
@pytest.mark.parametrize("make", MAKES)
def test_padding_changes_nothing(make):
    net = network(make)
    ids, mask = drawn(3, 33)
    mask[1, 21:], mask[2, 30:] = False, False
    together = net(ids, mask).last
    for row in range(3):
        length = int(mask[row].sum())
        alone = net(ids[row : row + 1, :length], mask[row : row + 1, :length]).last
        assert torch.allclose(together[row, :length], alone[0], atol=1e-5)


@torch.inference_mode()
def test_the_head_may_run_on_some_tokens_only():
    net = network("small embeddings")
    last = net(*drawn(2, 12)).last
    assert torch.allclose(net.logits(last)[1, [3, 7]], net.logits(last[1, [3, 7]]), atol=1e-6)
    assert net.logits(last).shape == (2, 12, 50)


@torch.inference_mode()
def test_a_causal_encoder_sees_nothing_ahead_and_blind_tokens_are_seen_by_none():
    net = network("causal")
    ids, mask = drawn(1, 20)
    changed = ids.clone()
    changed[0, 12] = 6 if ids[0, 12] != 6 else 7
    assert torch.equal(net(ids, mask).last[0, :12], net(changed, mask).last[0, :12])
    net = network("small embeddings")
    weights = net(ids, mask, attentions=True).attentions[0]
    assert not weights[0, :, :, 5].any()
    ids[0, 0], ids[0, 5] = 0, 9
    assert net(ids, mask, attentions=True).attentions[0][0, :, :, 0].all()


def test_dropout_is_for_training_only():
    net = Encoder(EncoderConfig(**SIZES, dropout=0.5, attention_dropout=0.5))
    ids, mask = drawn(2, 10)
    assert not torch.equal(net(ids, mask).last, net(ids, mask).last)
    net.eval()
    assert torch.equal(net(ids, mask).last, net(ids, mask).last)
    net(ids, mask).last.sum().backward()
    assert net.embeddings.words.weight.grad is not None


def test_everything_masked_is_still_finite():
    net = network("token dropout")
    ids = torch.full((1, 9), 4)
    assert net(ids, torch.ones_like(ids, dtype=torch.bool)).last.isfinite().all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ({"heads": 5}, "5 heads do not divide"),
        ({"positions": "rotary", "heads": 16}, "even head width"),
        ({"positions": "alibi", "position_offset": 2}, "no offset"),
        ({"final_norm": True}, "pre-norm"),
        ({"token_dropout": True}, "id of the mask"),
        ({"token_dropout": True, "mask_id": 50}, "outside the vocabulary"),
        ({"blind_id": -1}, "outside the vocabulary"),
        ({"feed_forward": "convolution", "up_bias": False}, "no feed-forward biases"),
        ({"embedding_kernels": (0,)}, "convolutions over"),
        ({"embedding_kernels": (3, 3)}, "convolutions over"),
        ({"causal": True, "feed_forward": "convolution"}, "causal"),
        ({"positions": "sinusoidal"}, "one of learned, alibi, rotary"),
        ({"norm": "none"}, "one of post, pre"),
        ({"layers": 10**9}, r"layers must lie in \[1, 256\]"),
        ({"vocabulary": 0}, "vocabulary must lie"),
        ({"width": "16"}, "width must be of type"),
        ({"tied": 1}, "tied must be of type"),
        ({"eps": 1.0}, "eps must lie"),
        ({"eps": float("nan")}, "eps must lie"),
        ({"dropout": 1.0}, "dropout must lie"),
    ],
)
def test_impossible_encoders_fail_on_construction(make, message):
    with pytest.raises(ConfigError, match=message):
        EncoderConfig(**(SIZES | make))


def test_slopes_are_those_of_the_paper():
    assert slopes(8) == [2.0**-n for n in range(1, 9)]
    assert slopes(12)[8:] == [2.0 ** -(n + 0.5) for n in range(4)]
    assert len(slopes(12)) == 12


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_number_of_parameters_on_every_card_is_that_of_its_sizes(name):
    card = PUBLISHED[name]
    config = FAMILIES[card.family].encoder(**card.sizes)
    assert count_parameters(config) == card.parameters
    assert config.longest == card.context_tokens
