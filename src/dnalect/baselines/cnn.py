"""The small convolutional network of Genomic Benchmarks (Grešová et al. 2023), from scratch on the task's own data.

As published: an embedding of 100 channels; three convolutions over 8 bases with 16, 8 and 4
channels, each with batch norm, ReLU and a pool of 2; a linear layer of 512 without a
nonlinearity, and one to the outputs; Adam at 0.001, batches of 64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.baselines.base import KINDS, labelled
from dnalect.baselines.kmers import padded
from dnalect.core.calibration import Calibration
from dnalect.core.examples import Examples, Target
from dnalect.models.heads import HeadSpec
from dnalect.tokens.bases import UNKNOWN
from dnalect.training.course import Checks, Course
from dnalect.training.loop import fit
from dnalect.training.objectives import loss_of

CHANNELS, KERNEL, EMBEDDING, HIDDEN = (16, 8, 4), 8, 100, 512
# Shorter sequences leave nothing after three convolutions and pools.
SHORTEST = 64
BATCH = 64


class Network(nn.Module):
    """Codes (n, length) of bases, unknown ones among them, to raw outputs (n, K)."""

    def __init__(self, length: int, outputs: int):
        super().__init__()
        self.embedding = nn.Embedding(UNKNOWN + 1, EMBEDDING)
        widths = (EMBEDDING, *CHANNELS)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, KERNEL) for before, after in zip(widths, CHANNELS, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for width in CHANNELS)
        for _ in CHANNELS:
            length = (length - KERNEL + 1) // 2
        self.dense = nn.Linear(CHANNELS[-1] * length, HIDDEN)
        self.last = nn.Linear(HIDDEN, outputs)

    def forward(self, codes: Tensor) -> Tensor:
        x = F.one_hot(codes, UNKNOWN + 1).float().transpose(1, 2)
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            assert isinstance(convolution, nn.Conv1d)
            weight: Tensor = convolution.weight
            if number == 0:
                # Embedding and convolution in one: the same map and gradients, 20 times fewer products.
                weight = torch.einsum("oek,be->obk", weight, self.embedding.weight)
            x = F.max_pool1d(torch.relu(norm(F.conv1d(x, weight, convolution.bias))), 2)
        out: Tensor = self.last(self.dense(x.flatten(1)))
        return out


@dataclass(frozen=True)
class Cnn:
    """epochs: at most. patience: epochs without a better loss on the tuning examples, whose best epoch is kept.

    device: as torch names it.
    """

    name: str = "CNN"
    epochs: int = 30
    patience: int = 4
    rate: float = 1e-3
    device: str = "cpu"
    kinds: tuple[str, ...] = KINDS

    def fit_predict(
        self, train: Examples, tune: Examples, test: Sequence[str], target: Target, seed: int
    ) -> npt.NDArray[np.float64]:
        """As `Rival`: sequences are filled up to the longest one to learn from; what is longer is cut there."""
        learnt, labels = labelled(train, target, "training")
        other, told = labelled(tune, target, "validation")
        width = max([SHORTEST, *map(len, learnt.sequences)])
        centre, spread = (labels.mean(), labels.std() or 1.0) if target.kind == "signal" else (0.0, 1.0)
        x, held = _codes(learnt.sequences, width), _codes(other.sequences, width)
        y, truth = (torch.from_numpy((each - centre) / spread).float() for each in (labels, told))
        devices = [torch.device(self.device)] if self.device.startswith("cuda") else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            network = Network(width, len(target.outputs) if target.kind != "signal" else 1).to(self.device)
            self._train(network, (x, y), (held, truth), target)
        raw = self._outputs(network, _codes(test, width)).double().numpy()
        return raw[:, 0] * spread + centre if target.kind == "signal" else Calibration().apply(target, raw)

    def _train(
        self, network: Network, train: tuple[Tensor, Tensor], tune: tuple[Tensor, Tensor], target: Target
    ) -> None:
        """Leave the network with the weights of its best epoch."""
        count = len(train[0])
        # Batch norm of a single item is undefined.
        a_pass = max(1, (count + BATCH - 2) // BATCH)

        def batches(_: int) -> Iterator[list[Tensor]]:
            while True:
                for rows in torch.split(torch.randperm(count), BATCH)[:a_pass]:
                    yield [rows]

        def loss(rows: Tensor) -> Tensor:
            return _loss(network(train[0][rows].to(self.device)), train[1][rows].to(self.device), target)

        def figures(_: Network) -> dict[str, float]:
            return {"minus loss": -float(_loss(self._outputs(network, tune[0]), tune[1], target))}

        course = Course([torch.optim.Adam(network.parameters(), lr=self.rate)], self.epochs * a_pass)
        fit(network, batches, loss, course, Checks(figures, a_pass, "minus loss", self.patience))

    @torch.no_grad()
    def _outputs(self, network: Network, codes: Tensor) -> Tensor:
        network.eval()
        return torch.cat([network(part.to(self.device)).cpu() for part in torch.split(codes, 8 * BATCH)])


def _codes(sequences: Sequence[str], width: int) -> Tensor:
    return torch.from_numpy(padded([text[:width] for text in sequences], width).astype(np.int64))


def _loss(raw: Tensor, labels: Tensor, target: Target) -> Tensor:
    """The mean loss of the labels that are there."""
    loss, known = loss_of(HeadSpec(target.name, target.kind, target.outputs), raw, labels)
    return loss / max(1, known)
