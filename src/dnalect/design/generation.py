"""Sequences that a model finds likely, by whichever way its likelihoods allow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dnalect.core.errors import ConfigError
from dnalect.design.choice import Choice
from dnalect.design.gibbs import gibbs
from dnalect.design.sampling import sample
from dnalect.design.templates import Template
from dnalect.inference.likelihood import strategy_for
from dnalect.inference.likelihood.strategy import Strategy
from dnalect.models.model import Model
from dnalect.tokens.bases import decode, encode


@dataclass(frozen=True)
class Generated:
    """A sequence. drawn: bases of it that the model drew. bits: mean of -log2 p of a base by the model itself."""

    name: str
    sequence: str
    drawn: int
    bits: float

    @property
    def gc(self) -> float:
        """Share of G and C."""
        return (self.sequence.count("G") + self.sequence.count("C")) / len(self.sequence)


def generated(
    model: Model,
    templates: Sequence[Template],
    choice: Choice,
    seed: int = 0,
    sweeps: int = 10,
    apart: int = 32,
    batch: int | None = None,
) -> list[Generated]:
    """Return a sequence for each template, all of one length.

    sweeps, apart: of Gibbs sampling (see `gibbs`), which a causal model does without. batch: most sequences of a
    forward.
    Raises ModelError for a model that says nothing of how likely bases are, ConfigError for a `top_k` or `top_p` of
    four bases, InputError for what the model can't read or go on from.
    """
    strategy, length = strategy_for(model, batch), len(templates[0].codes)
    if strategy.given == "left":
        texts = sample(model, [each.given for each in templates], length, choice, seed, batch)
    else:
        if choice.top_k or choice.top_p < 1:
            raise ConfigError(
                f"{model.card.id} draws one of four bases at a time: --top-k and --top-p are for the words of causal "
                "models; take a lower --temperature"
            )
        model.encode([decode(templates[0].codes)])  # which refuses what is longer than the context
        found = gibbs(strategy, [each.codes for each in templates], sweeps, apart, choice, seed)
        texts = [decode(codes) for codes in found]
    free = [int((each.codes > 3).sum()) for each in templates]
    bits = own_bits(strategy, texts)
    told = zip(templates, texts, free, bits, strict=True)
    return [Generated(each.name, text, drawn, own) for each, text, drawn, own in told]


def own_bits(strategy: Strategy, texts: Sequence[str]) -> list[float]:
    """Return the mean over the bases of each text of -log2 p(base | what is given)."""
    codes = np.stack([encode(text) for text in texts])
    logs = strategy.within(codes)
    own = np.take_along_axis(logs, codes[..., None].astype(np.int64), axis=2)[..., 0]
    return [float(value) for value in -own.mean(axis=1, dtype=np.float64) / np.log(2)]
