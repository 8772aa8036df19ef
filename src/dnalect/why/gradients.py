"""Gradients of one number of a model: saliency, input x gradient, integrated gradients.

Shapes: L bases; rows of the input, which are bases with 4 columns, or of byte pairs tokens with V.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dnalect.core.errors import ConfigError, InputError, ModelError
from dnalect.core.records import Codes
from dnalect.inference.likelihood.causal import one_sided
from dnalect.inference.run import evaluating
from dnalect.models.model import Model
from dnalect.tokens.bases import UNKNOWN, decode, encode
from dnalect.why.nulls import shuffled
from dnalect.why.soft import SoftWindow

METHODS = ("saliency", "input_x_gradient", "integrated")
BASELINES = ("uniform", "zeros", "shuffled")
# Points of the path of integrated gradients (Gauss-Legendre), and shuffled sequences whose mean is taken.
STEPS, DRAWS = 20, 4
# Rows of the input that one batch of the path may have.
ROWS = 1 << 13
Baseline = Literal["uniform", "zeros", "shuffled"]
Floats = npt.NDArray[np.floating[Any]]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Number:
    """One number of a model as a smooth function of a window.

    meaning: in words. value: n versions of the input -> (n,). free: (rows,) what may change; the rest stays as it is.
    """

    meaning: str
    window: SoftWindow
    value: Callable[[Tensor], Tensor]
    free: Mask


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each base adds to a number.

    values: (L, 4) in A, C, G, T order; of byte pairs (L, 1), a token's share of each of its bases. by_base: (L,), their
    sum, of saliency the largest. change: the number at the sequence less that at the baseline, which the sum over
    `values` should be; None of other methods than integrated gradients.
    """

    method: str
    meaning: str
    values: Floats
    by_base: Floats
    change: float | None = None

    @property
    def gap(self) -> float:
        """How far the sum is from the change, as a share of the change's size; 0 is complete. 0 of other methods."""
        return 0.0 if self.change is None else abs(float(self.values.sum()) - self.change) / max(abs(self.change), 1e-6)


def likelihood_of(model: Model, codes: Codes, place: slice) -> Number:
    """Return the sum of ln p(base | the rest) over the known bases of a place. Which bases are asked for stays.

    codes: (W,) of a window with the place inside. A base is never explained by itself: of each the model says what it
    expects from all others. Of a masked model every seventh word is hidden in one pass, on this strand, in the window's
    frame of words; of byte pairs it is the sum of ln P(word | the rest). Raises ModelError for a
    model without likelihoods, and for a causal one.
    """
    window = SoftWindow(model, decode(codes))
    if model.can.likelihood is None:
        raise ModelError(f"{model.card.id} does not say how likely bases are")
    if model.can.likelihood == "causal":
        raise one_sided(model)
    free = _within(window, place)
    if not window.by_base:
        columns = np.flatnonzero(free).tolist()
        return Number(
            f"sum of ln P(word | the rest) over {len(columns)} words",
            window,
            lambda given: window.word_log_probs(given, columns).sum(1),
            free,
        )
    sites = (place.start + np.flatnonzero(free[place])).tolist()
    weights = torch.eye(4)[torch.from_numpy(codes[sites].astype(np.int64))]
    meaning = f"sum of ln p(base | the rest) over {len(sites)} bases"
    return Number(meaning, window, _weighed(window, sites, weights), free)


def log_ratio_of(model: Model, codes: Codes, place: slice, site: int, alternate: int) -> Number:
    """Return ln p(alternate | the rest) - ln p(the base that is there | the rest) at one site of a window.

    codes, place: as in `likelihood_of`. site: 0-based in the window. alternate: a base code. Raises InputError where
    the base is unknown, ModelError for byte pairs, for a causal model and for one without likelihoods.
    """
    if codes[site] == UNKNOWN:
        raise InputError(f"base {site + 1} of the window is unknown: there is nothing to compare")
    if model.can.likelihood == "causal":
        raise one_sided(model)
    window = SoftWindow(model, decode(codes))
    weights = (torch.arange(4) == alternate).float() - (torch.arange(4) == int(codes[site])).float()
    names = decode(np.array([codes[site], alternate], dtype=np.uint8))
    meaning = f"ln p({names[1]} | the rest) - ln p({names[0]} | the rest) at the variant"
    return Number(meaning, window, _weighed(window, [site], weights[None]), _within(window, place))


def prediction_of(model: Model, codes: Codes, place: slice, target: str, column: int = 0, meaning: str = "") -> Number:
    """Return what a head of a fine-tuned model predicts: log-odds of its own of classes and tracks, or a signal.

    column: of the head's outputs. Of a class it is its logit less the log-sum of the others'. meaning: in words, ""
    for one made of the output's name. Raises ConfigError for a head or a column that the model has not.
    """
    specs = model.can.targets
    if target not in specs or not 0 <= column < len(specs[target].outputs):
        raise ConfigError(f"{model.card.id} has the heads {', '.join(specs)}; output {column} of {target!r} is none")
    spec, window = specs[target], SoftWindow(model, decode(codes))

    def value(given: Tensor) -> Tensor:
        raw = window.prediction(given, target)
        if spec.kind != "classes":
            return raw[:, column]
        others = [n for n in range(raw.shape[1]) if n != column]
        return raw[:, column] - raw[:, others].logsumexp(1)

    kind = "value" if spec.kind == "signal" else "log-odds"
    return Number(meaning or f"{kind} of {spec.outputs[column]}", window, value, _within(window, place))


def attributions(
    number: Number,
    methods: Sequence[str] = METHODS,
    baseline: Baseline = "uniform",
    steps: int = STEPS,
    draws: int = DRAWS,
    seed: int = 1,
) -> list[Attribution]:
    """Return what each base of a window adds to a number, by each of METHODS.

    "saliency": |gradient|; "input_x_gradient": the gradient at the base that is there; "integrated": gradients
    integrated along the straight way from a baseline (Sundararajan 2017), whose sum is the number's change.
    baseline: "uniform", a quarter of every base; "zeros", nothing; "shuffled", the mean over `draws` sequences with the
    same dinucleotides. Of byte pairs, whose shuffled sequences have other words, only the first two, the first being
    all words of bases alike. steps: points of the path.
    Raises ConfigError for other methods and baselines.
    """
    if wrong := [name for name in methods if name not in METHODS]:
        raise ConfigError(f"methods of gradients are {', '.join(METHODS)}, not {wrong[0]!r}")
    plain = number.window.plain
    with evaluating(number.window.model.network):
        (gradient,) = _gradients(number, plain[None])
        found = {"saliency": gradient.abs(), "input_x_gradient": gradient * plain}
        change = None
        if "integrated" in methods:
            ways = [_integrated(number, plain, each, steps) for each in _baselines(number, baseline, draws, seed)]
            found["integrated"] = torch.stack([values for values, _ in ways]).mean(0)
            change = float(np.mean([each for _, each in ways]))
    return [_on_bases(number, name, found[name], change if name == "integrated" else None) for name in methods]


def first_order(number: Number) -> Floats:
    """Return about what each substitution changes (L, 4): its gradient less that of the base that is there.

    In-silico mutagenesis to first order (Sasse 2024), for one pass there and back. Of a window whose input is bases; 0
    where it may not change.
    """
    plain = number.window.plain
    with evaluating(number.window.model.network):
        (gradient,) = _gradients(number, plain[None])
    return np.asarray((gradient - (gradient * plain).sum(1, keepdim=True)).cpu().double().numpy())


def _weighed(window: SoftWindow, sites: Sequence[int], weights: Tensor) -> Callable[[Tensor], Tensor]:
    weights = weights.to(window.model.device)
    return lambda given: (window.log_probs(given, sites) * weights).sum((1, 2))


def _within(window: SoftWindow, place: slice) -> Mask:
    """Which rows of a window's input may change: those within a place."""
    spans = window.bases_of_rows
    return np.asarray(window.movable & (spans[:, 0] >= place.start) & (spans[:, 1] <= place.stop))


def _gradients(number: Number, points: Tensor) -> Tensor:
    """Gradients at points of the input (n, rows, columns), 0 where it may not change."""
    points = points.detach().requires_grad_()
    with torch.enable_grad():
        (found,) = torch.autograd.grad(number.value(points).sum(), points)
    return found * torch.from_numpy(number.free).to(found.device)[:, None]


def _integrated(number: Number, plain: Tensor, baseline: Tensor, steps: int) -> tuple[Tensor, float]:
    """Integrated gradients (rows, columns) from a baseline, and the change of the number."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(plain)
    together = max(1, ROWS // len(plain))
    for low in range(0, steps, together):
        part = slice(low, low + together)
        along = torch.from_numpy((nodes[part] + 1) / 2).to(plain)[:, None, None]
        share = torch.from_numpy(weights[part] / 2).to(plain)[:, None, None]
        total += (_gradients(number, baseline + along * (plain - baseline)) * share).sum(0)
    with torch.no_grad():
        ends = number.value(torch.stack([baseline, plain])).double()
    return total * (plain - baseline), float(ends[1] - ends[0])


def _baselines(number: Number, name: str, draws: int, seed: int) -> Iterator[Tensor]:
    window, free = number.window, torch.from_numpy(number.free).to(number.window.plain.device)[:, None]
    plain = window.plain
    if name == "zeros":
        yield plain * ~free
    elif name == "uniform":
        yield torch.where(free, _alike(window).to(plain), plain)
    elif name == "shuffled" and window.by_base:
        rng, codes = np.random.default_rng(seed), encode(window.text)
        inside = np.flatnonzero(number.free)
        for _ in range(draws):
            codes[inside] = shuffled(codes[inside], rng)
            yield SoftWindow(window.model, decode(codes)).plain
    elif name == "shuffled":
        raise ConfigError("shuffled sequences have other byte pairs: take the baseline uniform or zeros")
    else:
        raise ConfigError(f"baselines are {', '.join(BASELINES)}, not {name!r}")


def _alike(window: SoftWindow) -> Tensor:
    """A row of the input that says nothing: a quarter of every base, or as much of every word of bases."""
    if window.by_base:
        return torch.full((4,), 0.25)
    words = window.model.tokenizer.words
    bases = torch.tensor([bool(word) and set(word) <= set("ACGT") for word in words]).float()
    return bases / bases.sum()


def _on_bases(number: Number, method: str, values: Tensor, change: float | None) -> Attribution:
    found = values.detach().cpu().double().numpy()
    if number.window.by_base:
        by_base = found.max(1) if method == "saliency" else found.sum(1)
        return Attribution(method, number.meaning, found, by_base, change)
    rows = found.max(1) if method == "saliency" else found.sum(1)
    spans = number.window.bases_of_rows
    by_base = np.zeros(len(number.window.text))
    for row in np.flatnonzero(number.free):
        low, high = spans[row]
        # A sum is shared out, a size is that of all.
        by_base[low:high] += rows[row] / (1 if method == "saliency" else high - low)
    return Attribution(method, number.meaning, by_base[:, None], by_base, change)
