"""What the network promises: nothing of base i at i, exact equivariance, padding that is nothing."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.models.pooled import pool_states


def network(**sizes) -> Duplex:
    torch.manual_seed(0)
    made = Duplex(DuplexConfig(**({"width": 16, "dilations": (1, 2, 4, 8)} | sizes))).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return made


def drawn(rows: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    codes = torch.randint(0, 5, (rows, length), generator=torch.Generator().manual_seed(1))
    return codes, torch.ones_like(codes, dtype=torch.bool)


@torch.inference_mode()
def test_a_base_never_changes_its_own_logits_and_changes_all_within_reach():
    net = network()
    codes, inside = drawn(2, 300)
    codes[codes == 4] = 0
    before = net(codes, inside)
    changed = codes.clone()
    changed[:, 150] = (codes[:, 150] + 1) % 4
    after = net(changed, inside)
    assert torch.equal(before[:, 150], after[:, 150])
    moved = (before != after).any(-1).all(0).nonzero().flatten()
    assert moved[0] == 150 - net.config.reach
    assert moved[-1] == 150 + net.config.reach
    assert len(moved) == 2 * net.config.reach


@torch.inference_mode()
@pytest.mark.parametrize("join", ["concat", "product"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_reverse_complement_is_exact(dtype, join):
    net = network(join=join).to(dtype)
    codes, inside = drawn(3, 257)
    inside[1, :40] = False
    inside[2, -30:] = False
    forward = net(codes, inside)
    turned = net(net.complement[codes.flip(1)], inside.flip(1))
    assert torch.equal(forward, turned.flip(1).flip(-1))


@torch.inference_mode()
def test_padding_is_the_end_of_the_window_on_either_side():
    net = network()
    codes, inside = drawn(2, 200)
    alone = net(codes, inside)
    junk, _ = drawn(2, 300)
    junk[:, 60:260] = codes
    outside = torch.zeros(2, 300, dtype=torch.bool)
    outside[:, 60:260] = True
    assert torch.equal(net(junk, outside)[:, 60:260], alone)


@torch.inference_mode()
def test_batch_size_does_not_matter():
    net = network()
    codes, inside = drawn(33, 128)
    together = net(codes, inside)
    for size in (1, 2, 5, 16):
        parts = [net(c, i) for c, i in zip(codes.split(size), inside.split(size), strict=True)]
        assert torch.equal(torch.cat(parts), together)


@torch.inference_mode()
@pytest.mark.parametrize(("dilation", "stride"), [(1, 1), (4, 1), (1, 2)])
def test_a_product_of_matrices_is_the_convolution(dilation, stride):
    """What GPUs compute."""
    block, read = network().blocks[1], torch.randn(3, 50, 16)
    image = read.transpose(1, 2)
    conv = block.conv
    exact = torch.nn.functional.conv1d(image, conv.weight[:, :, 0], conv.bias, stride=stride, dilation=dilation)
    torch.testing.assert_close(block.by_product(read, dilation, stride), exact.transpose(1, 2), atol=1e-6, rtol=1e-5)


@torch.inference_mode()
def test_the_pyramid_equals_the_whole_forward():
    net = network()
    reach = net.config.reach
    codes, inside = drawn(20, 2 * reach + 1)
    inside[3, :50] = False
    inside[4, -1:] = False
    inside[5, : reach + 1] = False
    inside[5, reach] = True
    assert torch.allclose(net.at_center(codes, inside), net(codes, inside)[:, reach], atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("common", [0, 3, 20, 70, 120])
@pytest.mark.parametrize("join", ["concat", "product"])
def test_pairs_with_common_ends_equal_whole_forwards(model_folder, common, join):
    """Windows of several lengths, insertions and deletions, unknown bases within and at the ends."""
    rng = np.random.default_rng(common)
    net = network(join=join)
    model = dnalect.load(model_folder)
    model.network = net
    ends = [rng.integers(0, 5, (2, common)) for _ in range(6)]
    ends[1][0][: common // 2] = ends[2][1][-(common // 2) :] = 4
    between = [[rng.integers(0, 4, size) for size in rng.integers(1, 90, 6)] for _ in range(2)]
    windows, others = (
        [np.concatenate([left, middle, right]) for (left, right), middle in zip(ends, each, strict=True)]
        for each in between
    )
    for found, given in zip(model.pairs(windows, others), (windows, others), strict=True):
        for row, codes in zip(found, given, strict=True):
            whole = net(torch.from_numpy(codes)[None], torch.from_numpy(codes != 4)[None])
            torch.testing.assert_close(row[None, : len(codes)], whole, atol=2e-5, rtol=1e-5)


def test_impossible_sizes_are_refused():
    for sizes in ({"kernel": 1}, {"dilations": ()}, {"dilations": (0,)}, {"width": 0}, {"dropout": 1.0}):
        with pytest.raises(ConfigError):
            DuplexConfig(**sizes)
    assert DuplexConfig().reach == 316


@pytest.mark.parametrize("join", ["concat", "product"])
def test_parameters_are_counted_without_the_network(join):
    config = DuplexConfig(width=12, kernel=3, dilations=(1, 2), expansion=3, join=join)
    assert config.parameters == sum(p.numel() for p in Duplex(config).parameters())


def test_a_long_window_carries_no_spans_until_they_are_asked_for(model_folder):
    model = dnalect.load(model_folder)
    encoding = model.encode(["ACGT" * 200, "GGA"])
    pool_states(model.states(encoding), encoding, "mean")
    assert encoding.covers.shape == (2, 800)
    assert "spans" not in vars(encoding)
    assert encoding.spans[1, :4].tolist() == [[0, 1], [1, 2], [2, 3], [0, 0]]
