"""What the encoder promises: impossible configs fail, padding is nothing, both ways of attention agree."""

import pytest
import torch

from dnalect.core.errors import ConfigError
from dnalect.models.catalogue import PUBLISHED
from dnalect.models.layers.encoder import Encoder
from dnalect.models.layers.positions import slopes
from dnalect.models.recognise import FAMILIES

SIZES = {"vocabulary": 50, "width": 16, "layers": 2, "heads": 4, "hidden": 24, "longest": 64}
MAKES = {
    "learned": ("dnabert", {}),
    "alibi": ("dnabert2", {}),
    "rotary": ("nucleotide_transformer", {"version": 2}),
    "token dropout": ("nucleotide_transformer", {"version": 1, "mask_id": 4}),
    "small embeddings": ("logo", {"embedding": 8}),
    "causal": ("logo", {"causal": True}),
    "convolutions": ("logo", {"embedding": 8, "convolution": True}),
}


def network(make, **more) -> Encoder:
    torch.manual_seed(0)
    name, own = MAKES[make]
    made = FAMILIES[name].build(FAMILIES[name].config(**(SIZES | own | more))).eval()
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
    net = network("learned", dropout=0.5, attention_dropout=0.5).train()
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
    ("make", "own", "message"),
    [
        ("learned", {"heads": 5}, "5 heads do not divide"),
        ("rotary", {"heads": 16}, "even head width"),
        ("token dropout", {"mask_id": 50}, "outside the vocabulary"),
        ("rotary", {"mask_id": -1}, "outside the vocabulary"),
        ("causal", {"convolution": True}, "causal"),
        ("alibi", {"layers": 10**9}, r"layers must lie in \[1, 256\]"),
        ("small embeddings", {"embedding": 0}, r"embedding must lie in"),
        ("learned", {"vocabulary": 0}, "vocabulary must lie"),
        ("learned", {"width": "16"}, "width must be of type"),
        ("learned", {"tied": 1}, "tied must be of type"),
        ("learned", {"eps": 1.0}, "eps must lie"),
        ("learned", {"eps": float("nan")}, "eps must lie"),
        ("learned", {"dropout": 1.0}, "dropout must lie"),
    ],
)
def test_impossible_encoders_fail_on_construction(make, own, message):
    name, sizes = MAKES[make]
    with pytest.raises(ConfigError, match=message):
        FAMILIES[name].config(**(SIZES | sizes | own))


def test_slopes_are_those_of_the_paper():
    assert slopes(8) == [2.0**-n for n in range(1, 9)]
    assert slopes(12)[8:] == [2.0 ** -(n + 0.5) for n in range(4)]
    assert len(slopes(12)) == 12


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_number_of_parameters_on_every_card_is_that_of_its_sizes(name):
    card = PUBLISHED[name]
    config = FAMILIES[card.family].config(**card.sizes)
    outline = FAMILIES[card.family].outline(config)
    assert sum(parameter.numel() for parameter in outline.parameters()) == card.parameters
    assert config.longest == card.context_tokens
