"""Which parameter is learned by which optimizer, and that Muon does what it says."""

import pytest
import torch
from torch import nn

from dnalect.models.families.duplex import Duplex, DuplexConfig
from dnalect.training.config import OptimConfig
from dnalect.training.optim import Muon, build, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (16, 5), (5, 16)])
def test_orthogonal_keeps_directions_and_evens_their_lengths(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    u, _, vh = torch.linalg.svd(matrix, full_matrices=False)
    lengths = torch.diagonal(u.T @ orthogonal(matrix) @ vh.T)
    assert lengths.min() > 0.3
    assert lengths.max() < 1.3
    torch.testing.assert_close(u @ torch.diag(lengths) @ vh, orthogonal(matrix), atol=1e-4, rtol=0)


def test_muon_solves_a_badly_scaled_regression() -> None:
    torch.manual_seed(0)
    x = torch.randn(256, 8) * torch.logspace(0, -2, 8)
    truth = torch.randn(4, 8)
    weight = nn.Parameter(torch.zeros(4, 8))
    optimizer = Muon([weight], lr=0.1)
    for step in range(300):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 300)
        optimizer.zero_grad()
        ((x @ (weight - truth).T) ** 2).mean().backward()
        optimizer.step()
    assert (weight - truth).abs().max() < 0.1


@pytest.mark.parametrize("half", [False, True])
def test_muon_equals_torch_where_torch_has_it(half: bool) -> None:
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(w) for w in torch.randn(1, 24, 12).repeat(2, 1, 1))
    pair = (
        Muon([ours], 0.02, weight_decay=0.1, half=half),
        torch.optim.Muon([theirs], 0.02, weight_decay=0.1, momentum=0.95),
    )
    for _ in range(10):
        gradient = torch.randn(24, 12)
        for weight, optimizer in zip((ours, theirs), pair, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    # torch iterates in bfloat16.
    torch.testing.assert_close(ours, theirs, atol=2e-2, rtol=0)


def test_matrices_of_one_shape_move_as_if_alone() -> None:
    torch.manual_seed(0)
    shapes = [(24, 12), (24, 12), (12, 24), (6, 4, 3), (6, 4, 3)]
    together = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    alone = [nn.Parameter(each.detach().clone()) for each in together]
    optimizers = [Muon(together, 0.02, weight_decay=0.1), *(Muon([each], 0.02, weight_decay=0.1) for each in alone)]
    for _ in range(4):
        for one, other in zip(together, alone, strict=True):
            one.grad = torch.randn(one.shape)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_every_parameter_has_one_optimizer() -> None:
    network = Duplex(DuplexConfig(width=8, kernel=3, dilations=(1, 2)))
    for name in ("adamw", "muon"):
        held = [p for o in build(network, OptimConfig(optimizer=name)) for g in o.param_groups for p in g["params"]]
        assert len(held) == len({id(p) for p in held}) == len(list(network.parameters()))
    muon, adamw = build(network, OptimConfig(optimizer="muon", learning_rate=1e-3, muon_rate=0.5))
    assert {g["lr"] for g in muon.param_groups} == {0.5}
    assert {g["lr"] for g in adamw.param_groups} == {1e-3}
    beside = {id(p) for g in adamw.param_groups for p in g["params"]}
    assert id(network.embedding.weight) in beside
    assert id(network.logits.weight) in beside
    assert id(network.join.weight) not in beside
