"""Masked models: indels, batches of mixed lengths and training steps."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from precision import indels

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.inference.likelihood import MaskedScorer
from dnalect.inference.run import run
from dnalect.jobs.demo.data import DATA
from dnalect.models.card import Card
from dnalect.models.model import Ask, Model
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.bases import decode
from dnalect.tokens.names import named
from dnalect.training.optim import Muon
from ratios.rows import Row, Rows, costs, product

INDELS, MIXED, STEP = 15.0, 1.7, 0.4
GENOME = DATA / "yeast_chrXIV.fa.gz"
WINDOW = 512


def masked_models() -> Rows:
    """Of small networks what does not depend on their size."""
    genome, rng = dnalect.open_genome(str(GENOME)), np.random.default_rng(1)
    small = random_model({"width": 128, "layers": 4, "heads": 4, "hidden": 512})
    yield _indels(small, genome, indels(genome, 6, rng))
    yield _mixed(small, rng)
    yield _step(small)


def random_model(sizes: dict[str, int]) -> PublishedModel:
    """Return DNABERT with random weights, of its own size but for `sizes`."""
    torch.manual_seed(1)
    family = FAMILIES["dnabert"]
    network = family.build(family.config(vocabulary=4101, longest=WINDOW, **sizes))
    count = sum(each.numel() for each in network.parameters())
    card = Card("it", "r", "s", "dnabert", "dnabert-6", {}, context_bases=WINDOW, window=WINDOW, parameters=count)
    return PublishedModel(card, family, named("dnabert-6"), network, torch.device("cpu"), torch.float32)


def _indels(model: Model, genome: Genome, variants: Sequence[Variant]) -> Row:
    fast, exact = (MaskedScorer(model, genome, 96, indels=how) for how in ("fast", "exact"))
    ours, slow = costs(lambda: fast.score(variants), lambda: exact.score(variants), repeats=1)
    return Row("masked model, indels", slow / ours, "times the rate", INDELS, "of --indels exact")


def _mixed(model: Model, rng: np.random.Generator) -> Row:
    """Sequences of 50 to 500 bases, in the order of a file, against the loop's own batches."""
    texts = [decode(rng.integers(0, 4, int(n)).astype(np.uint8)) for n in rng.integers(50, 501, 256)]
    ask = Ask(logits=False, states=(None,))

    @torch.inference_mode()
    def padded() -> None:
        for low in range(0, len(texts), 16):
            model.forward(model.encode(texts[low : low + 16]), ask)

    ours, slow = costs(partial(run, model, texts, ask, lambda _: None), padded, repeats=3)
    return Row("sequences of mixed lengths", slow / ours, "times the rate", MIXED, "of batches of 16 as they come")


def _step(model: PublishedModel) -> Row:
    """A training step in float32, which is what this compares; 15% of the tokens have a loss."""
    network, rng = model.network.train(), np.random.default_rng(1)
    ids = torch.from_numpy(rng.integers(5, 4101, (16, 128)))
    mask, hidden = torch.ones_like(ids, dtype=torch.bool), torch.from_numpy(rng.random((16, 128)) < 0.15)
    config = network.config
    dense = config.layers * (4 * config.width**2 + 2 * config.width * config.hidden)
    attention = config.layers * 2 * ids.shape[1] * config.width
    flops = 6.0 * ((dense + attention) * ids.numel() + 4101 * config.width * int(hidden.sum()))
    muon = Muon([p for p in network.parameters() if p.ndim > 1], 0.01)

    def step() -> None:
        logits = network.logits(network(ids, mask).last[hidden])
        torch.autograd.backward(torch.nn.functional.cross_entropy(logits, ids[hidden]))
        muon.step()
        muon.zero_grad()

    (took,) = costs(step, repeats=3)
    share = flops / took / product(torch.float32)
    return Row("encoder, training step, float32", share, "of the rate", STEP, "of a bare product; a width of 128")
