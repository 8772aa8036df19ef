"""Masked models: indels, batches of mixed lengths, training steps, and 10,000 SNVs beside the ordinary pipeline."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from precision import indels

import dnalect
from dnalect.core.records import Variant
from dnalect.genome.fasta import Genome
from dnalect.genome.names import ContigNames
from dnalect.genome.variants import open_variants
from dnalect.genome.windows.alleles import Rules, resolve
from dnalect.inference.likelihood import MaskedScorer
from dnalect.inference.run import run
from dnalect.jobs.demo.data import DATA
from dnalect.models.card import Card
from dnalect.models.model import Ask, Model
from dnalect.models.published import PublishedModel
from dnalect.models.recognise import FAMILIES
from dnalect.tokens.bases import decode, encode
from dnalect.tokens.names import named
from dnalect.training.optim import Muon
from ratios.encoders import SHAPES, networks
from ratios.rows import Row, Rows, costs, product

INDELS, MIXED, PIPELINE, STEP = 15.0, 1.7, 5.0, 0.4
GENOME, SNVS = DATA / "yeast_chrXIV.fa.gz", DATA / "BY_RM_chrXIV.vcf.gz"
WINDOW = 512


def masked_models() -> Rows:
    """Of small networks what does not depend on their size; of DNABERT's own size the pipeline."""
    genome, rng = dnalect.open_genome(str(GENOME)), np.random.default_rng(1)
    small = _model({"width": 128, "layers": 4, "heads": 4, "hidden": 512})
    yield _indels(small, genome, indels(genome, 6, rng))
    yield _mixed(small, rng)
    yield _step(small)
    yield from pipeline(genome)


def _model(sizes: dict[str, int]) -> PublishedModel:
    """DNABERT with random weights."""
    torch.manual_seed(1)
    family = FAMILIES["dnabert"]
    network = family.build(family.config(vocabulary=4101, longest=WINDOW, **sizes))
    card = Card("it", "r", "s", "dnabert", "dnabert-6", {}, context_bases=WINDOW, window=WINDOW, parameters=1)
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


def pipeline(genome: Genome) -> Rows:
    """The first SNVs of a cross, as dense as they are: their rate with 24 of them, the ordinary pipeline's with four.

    That one cuts a window for each, hides the six words that cover it, and asks transformers in batches of eight, on
    both strands: the same definition.
    """
    theirs = networks(SHAPES[0])[1]
    if theirs is None:
        return
    model, chosen = _model({}), _natural(genome, 24)
    scorer = MaskedScorer(model, genome, WINDOW // 2)
    few = chosen[:4]
    ours, slow = costs(lambda: scorer.score(chosen), lambda: _ordinary(theirs, genome, few), repeats=1)
    ratio = (slow / len(few)) / (ours / len(chosen))
    hours = 1e4 * ours / len(chosen) / 3600
    how = f"of pysam, tokens as text and transformers; 10,000 SNVs are {hours:.1f} core-hours here"
    yield Row("SNVs, DNABERT's size, float32", ratio, "times the rate", PIPELINE, how)


def _natural(genome: Genome, count: int) -> list[Variant]:
    found: list[Variant] = []
    with open_variants(str(SNVS), genome) as source:
        names = ContigNames(genome, "auto")
        for record in source.records:
            made = resolve(record, names.number(record.contig), genome, Rules(50, WINDOW // 2))
            found += [each for each in made if isinstance(each, Variant) and each.kind == "snv"]
            if len(found) >= count:
                break
    return found[:count]


@torch.inference_mode()
def _ordinary(network: Any, genome: Genome, variants: Sequence[Variant]) -> None:
    words = {word: n for n, word in enumerate(named("dnabert-6").words)}
    rows: list[tuple[list[int], range]] = []
    for each in variants:
        start = each.start - WINDOW // 2
        text = decode(encode(genome.fetch(each.contig, start, start + WINDOW - 2)))
        for strand, at in ((text, WINDOW // 2), (_reverse(text), len(text) - 1 - WINDOW // 2)):
            ids = [words[strand[n : n + 6]] for n in range(len(strand) - 5)]
            hidden = range(at - 5, at + 1)
            for n in hidden:
                ids[n] = words["[MASK]"]
            rows.append(([words["[CLS]"], *ids, words["[SEP]"]], hidden))
    for low in range(0, len(rows), 8):
        part = rows[low : low + 8]
        ids = torch.tensor([each for each, _ in part])
        logits = network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        for n, (_, hidden) in enumerate(part):
            logits[n, [h + 1 for h in hidden]].log_softmax(-1)


def _reverse(text: str) -> str:
    return decode(3 - encode(text)[::-1])
