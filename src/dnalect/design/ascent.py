"""Up the gradient: logits of bases learn in place of weights, and the predictors read the bases that they favour.

Shapes: B sequences at once, L bases, K goals.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dnalect.core.records import Codes
from dnalect.design.asked import THERE_AND_BACK, Asked, Floats, Numbers
from dnalect.design.rules import Edits
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, decode
from dnalect.training.course import Course
from dnalect.training.loop import fit

# Calls of a step of a sequence: there and back, and one for what was mended.
EACH = THERE_AND_BACK + 1
# Steps from one beginning, and sequences at once: one for so many calls.
STEPS, SHARE, TOGETHER = 100, 400, 16
RATE = 0.3
# By how much what a sequence begins with is ahead of other bases, and how far logits are from that.
LOGIT, NOISE = 1.0, 0.2
# What a broken rule costs for each substitution, in standard deviations of the goals.
COST = 1.0
# Beginnings that tell how much goals vary.
FIRST = 16


class Soft(nn.Module):
    """Logits of the bases of B sequences (B, L, 4), which begin as some codes, no two of them just alike."""

    def __init__(self, codes: Codes, rng: np.random.Generator):
        super().__init__()
        noise = torch.from_numpy(rng.normal(scale=NOISE, size=(*codes.shape, UNKNOWN))).float()
        self.logits = nn.Parameter(LOGIT * one_hot(codes) + noise)


class Climb:
    """What is to be made small, as the training loop asks for it; on the way every step's sequences are asked for.

    origin: (B,) the templates that they began as. weights: (B, K) of the goals.
    """

    def __init__(self, asked: Asked, origin: Numbers, weights: Floats, rng: np.random.Generator):
        self.asked, self.problem, self.origin, self.rng = asked, asked.problem, origin, rng
        self.weights = torch.from_numpy(weights).float()
        self.starts = self.problem.starts[origin]
        self.free = self.problem.free[origin]
        self.edits = min((each.most for each in self.problem.rules.each if isinstance(each, Edits)), default=None)

    def cost(self, soft: Soft) -> Tensor:
        """Return what is lost of the goals, and what broken rules cost, added up."""
        codes = self.chosen(soft.logits.detach().numpy())
        shares = soft.logits.softmax(-1) * torch.from_numpy(self.free)[..., None]
        # Straight through: the bases that are there, with the gradient of the shares.
        bases = one_hot(codes) + shares - shares.detach()
        values = self.problem.panel.smooth(bases, decode(codes[0]))
        self._ask(codes, values.detach().double().numpy())
        gains = [aim.smooth(values[:, n]) for n, aim in enumerate(self.problem.panel.aims)]
        cost = -(torch.stack(gains, dim=1) * self.weights).sum()
        for rule in self.problem.rules.each:
            cost = cost + COST * rule.smooth(bases).sum()
        return cost

    def chosen(self, logits: npt.NDArray[np.float32]) -> Codes:
        """Return the bases (B, L) that are ahead; where edits are few, the changes that are ahead by most."""
        codes = np.where(self.free, logits.argmax(axis=2), self.starts).astype(np.uint8)
        if self.edits is None:
            return codes
        given = self.starts != UNKNOWN
        own = np.take_along_axis(logits, np.minimum(self.starts, 3)[..., None].astype(np.int64), axis=2)[..., 0]
        ahead = np.where(given & (codes != self.starts), logits.max(axis=2) - own, -np.inf)
        for row, order in enumerate(np.argsort(-ahead, axis=1)):
            back = order[self.edits :]
            back = back[given[row, back]]
            codes[row, back] = self.starts[row, back]
        return codes

    def _ask(self, codes: Codes, values: Floats) -> None:
        asked, kept = self.asked, self.problem.kept(codes, self.origin)
        asked.charge(THERE_AND_BACK * len(codes))
        asked.note(codes[kept], self.origin[kept], values[kept])
        if not kept.all():
            asked.ask(self.problem.mended(codes[~kept], self.origin[~kept], self.rng), self.origin[~kept])


def ascend(asked: Asked, rng: np.random.Generator) -> None:
    """Let some sequences at once climb until no call is left, from new beginnings after a while.

    Raises ModelError where a goal is no smooth function of bases.
    """
    problem = asked.problem
    first = asked.ask(*problem.begun(FIRST, rng))
    if not len(first):
        return
    problem.panel.check_smooth(decode(asked.codes[0]))
    spread = asked.gains(first).std(axis=0)
    spread[spread == 0] = 1.0
    together = int(np.clip(asked.most // SHARE, 1, TOGETHER))
    with fixed(problem.panel.models):
        while asked.left >= 2 * EACH * together:
            codes, origin = problem.begun(together, rng)
            if not len(codes):
                return
            steps = min(STEPS, asked.left // (EACH * len(codes)))
            weights = rng.dirichlet(np.ones(len(spread)), len(codes)) / spread
            soft, climb = Soft(codes, rng), Climb(asked, origin, weights, rng)
            course = Course([torch.optim.Adam(soft.parameters(), lr=RATE)], steps)
            fit(soft, _steps, lambda _, soft=soft, climb=climb: climb.cost(soft), course)  # type: ignore[misc]


def _steps(_: int) -> Iterator[list[None]]:
    return repeat([None])


def one_hot(codes: Codes) -> Tensor:
    """Return known bases (n, L) as (n, L, 4)."""
    return F.one_hot(torch.from_numpy(codes.astype(np.int64)), UNKNOWN).float()


@contextmanager
def fixed(models: Sequence[Model]) -> Iterator[None]:
    """Have no weight of the models want a gradient meanwhile."""
    wanted = [each for model in models for each in model.network.parameters() if each.requires_grad]
    for each in wanted:
        each.requires_grad_(False)
    try:
        yield
    finally:
        for each in wanted:
            each.requires_grad_(True)
