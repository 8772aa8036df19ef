"""Distances between haplotypes: against plain loops on toy networks, and what must hold for any network."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.core.encoding import Encoding
from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.genome.windows.sliding import over_its_range
from dnalect.inference.distance import _weights
from dnalect.inference.likelihood import MaskedScorer, scorer_for
from dnalect.tokens.bases import reverse_complement
from models.folders import TINY, make
from tests.inference.toys import TOKENIZERS, Hashed, flipped, random_genome, some, variant

NOTHING = np.empty(0, dtype=np.uint8)
CODES = {base: code for code, base in enumerate("ACGT")}


@pytest.fixture
def genome(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    return random_genome(tmp_path / "g.fa")


@pytest.fixture(params=[*TINY, "duplex"])
def model(request, tmp_path, model_folder):
    """A tiny model of random weights of every family."""
    return dnalect.load(model_folder if request.param == "duplex" else make(request.param, tmp_path / request.param))


def opposite(text):
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def plain(model, genome, v, flank, strands, phases):
    """The definition, one window and one token at a time."""
    left, right = (
        genome.fetch(0, *ends).tobytes().decode() for ends in ((v.start - flank, v.start), (v.end, v.end + flank))
    )
    alleles = ["".join("ACGT"[code] for code in codes) for codes in (v.ref, v.alt)]
    beside = 0 if v.kind in ("snv", "mnv") else 1
    views = []
    for strand in range(strands):
        for phase in range(phases):
            means = []
            for allele in alleles:
                text, low, high = left + allele + right, flank - beside, flank + len(allele) + beside
                if strand:
                    text, low, high = opposite(text), len(text) - high, len(text) - low
                encoding = model.tokenizer.encode([text[phase:]])
                spans = encoding.spans[0].tolist()
                hidden = model.hidden(encoding.input_ids[0])
                window = [h for h, (a, b) in zip(hidden, spans, strict=True) if b > a]
                site = [h for h, (a, b) in zip(hidden, spans, strict=True) if a < high - phase and b > low - phase]
                means.append((np.mean(window, axis=0), np.mean(site, axis=0)))
            row = []
            for u, w in zip(*means, strict=True):
                row += [1 - u @ w / np.sqrt((u @ u) * (w @ w)), np.sqrt(((u - w) ** 2).sum()), u @ w]
            views.append(row)
    return np.mean(views, axis=0)


@pytest.mark.parametrize("name", TOKENIZERS)
@pytest.mark.parametrize("strands", [1, 2])
def test_distances_are_those_of_the_definition(genome, name, strands):
    model = Hashed(TOKENIZERS[name]())
    scorer = MaskedScorer(model, genome, flank=40, strands=strands)
    variants = some(genome)
    assert {v.kind for v in variants} == {"snv", "mnv", "insertion", "deletion"}
    for v, found in zip(variants, scorer.distances(variants), strict=True):
        whole = over_its_range(v, genome, scorer.longest_allele)
        expected = plain(model, genome, whole, 40, strands, 6 if name == "chunks" else 1)
        assert found == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("name", TOKENIZERS)
def test_swapped_alleles_are_as_far_apart(genome, tmp_path, name):
    variants = some(genome)
    for v, found in zip(
        variants, MaskedScorer(Hashed(TOKENIZERS[name]()), genome, 40).distances(variants), strict=True
    ):
        other, back = flipped(genome, v, tmp_path)
        (turned,) = MaskedScorer(Hashed(TOKENIZERS[name]()), other, 40).distances([back])
        # Sums of another order round otherwise on some processors.
        assert turned == pytest.approx(found, rel=1e-6)
        assert found.cosine_site > 0
        assert found.l2_window > 0


@pytest.mark.parametrize("name", TOKENIZERS)
def test_toy_distances_depend_on_neither_batch_nor_neighbours(genome, name):
    variants = some(genome)
    together = MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank=40, batch=7).distances(variants)
    alone = [MaskedScorer(Hashed(TOKENIZERS[name]()), genome, flank=40, batch=1).distances([v])[0] for v in variants]
    assert np.array(together) == pytest.approx(np.array(alone), abs=1e-6)


def test_the_reference_is_read_once_for_all_alternates_of_a_record(genome):
    snvs = some(genome)[:3]
    for count, windows in ((1, 2), (3, 4)):
        model = Hashed(TOKENIZERS["kmers"]())
        MaskedScorer(model, genome, flank=40, strands=2).distances(snvs[:count])
        assert model.passes == 2 * windows


def test_no_change_is_no_distance(genome, model):
    none = normalise(0, 300, np.array([0], dtype=np.uint8), np.array([0], dtype=np.uint8), genome)
    (found,) = scorer_for(model, genome).distances([none])
    assert (found.cosine_window, found.l2_window, found.cosine_site, found.l2_site) == (0, 0, 0, 0)
    assert found.inner_window > 0


def test_every_class_has_distances_with_every_family(genome, model):
    variants = some(genome)[:-1]
    scorer = scorer_for(model, genome)
    found = np.array(scorer.distances(variants))
    assert found.shape == (len(variants), 6)
    assert np.isfinite(found).all()
    assert (found[:, [0, 1, 3, 4]] > 0).all()
    assert (found[:, [0, 3]] <= 2).all()
    # Most of a window is far from the change.
    assert np.median(found[:, 4] / found[:, 1]) > 2
    again = [scorer_for(model, genome, batch=1).distances([v])[0] for v in variants]
    assert np.array(again) == pytest.approx(found, rel=1e-3, abs=1e-6)


def test_both_strands_give_the_same_distances(genome, model, tmp_path):
    text = genome.contig("c").tobytes().decode()
    (tmp_path / "rc.fa").write_text(f">c\n{opposite(text)}\n")
    other = open_genome(tmp_path / "rc.fa")
    variants = some(genome)[:4]
    at = next(n for n in range(400, 500) if text[n] not in (text[n - 1], text[n + 1]))
    variants.append(variant(genome, at, 1, ""))
    # Where the contig ends within the window, the site is not in its middle.
    variants += [variant(genome, at, 1, "ACGT"[(CODES[text[at]] + 1) % 4]) for at in (9, 893)]
    turned = [
        Variant(0, len(text) - v.end, len(text) - v.start, reverse_complement(v.ref), reverse_complement(v.alt))
        for v in variants
    ]
    here, there = scorer_for(model, genome).distances(variants), scorer_for(model, other).distances(turned)
    assert np.array(here) == pytest.approx(np.array(there), rel=1e-3, abs=1e-6)


def test_the_head_is_not_run(genome, model, monkeypatch):
    def never(*_):
        raise AssertionError("the head ran")

    monkeypatch.setattr(model.network, "head" if model.can.likelihood == "leave_one_out" else "logits", never)
    assert len(scorer_for(model, genome).distances(some(genome)[:2])) == 2
    with pytest.raises(AssertionError):
        scorer_for(model, genome).score(some(genome)[:1])


def test_unknown_bases_and_ends_of_contigs(tmp_path, model, genome):
    """Unknown bases around, and a flank that ends with the contig: a number all the same."""
    text = genome.contig("c").tobytes().decode()
    (tmp_path / "n.fa").write_text(f">c\n{text[:299]}N{text[300:310]}N{text[311:340]}{'N' * 4}{text[344:400]}\n")
    other = open_genome(tmp_path / "n.fa")
    places = (300, 309, 395, 4)
    variants = [variant(other, at, 1, "ACGT"[(CODES[text[at]] + 1) % 4]) for at in places]
    variants += [Variant(0, at, at + 1, variant(other, at, 1, "").ref, NOTHING) for at in (300, 309)]
    assert np.isfinite(np.array(scorer_for(model, other, flank=24).distances(variants))).all()


def test_a_site_that_no_token_covers_is_that_of_its_neighbours():
    """As where a tokenizer drops unknown bases: words of bases 0-2, 3-5 and 8-10 between special tokens."""
    spans = np.array([[(0, 0), (0, 3), (3, 6), (8, 11), (0, 0)]], dtype=np.int32)
    encoding = Encoding(np.zeros((1, 5), dtype=np.int64), np.ones((1, 5), dtype=np.bool_), spans)
    third, half = np.float32(1) / 3, 0.5
    for site, expected in (((6, 8), [0, 0, half, half, 0]), ((5, 8), [0, 0, 1, 0, 0]), ((5, 9), [0, 0, half, half, 0])):
        (found,) = _weights(encoding, np.array([0]), np.array([site]))
        assert found.tolist() == [[0, third, third, third, 0], expected]


def test_duplex_features_stand_at_each_base_having_read_it(model_folder):
    """A stream knows its base and all before it, none after; the other strand's are the same with halves swapped."""
    network = dnalect.load(model_folder).network
    width = network.config.width
    codes = torch.from_numpy(np.random.default_rng(1).integers(0, 4, (1, 40)))
    inside = torch.ones_like(codes, dtype=torch.bool)
    changed = codes.clone()
    changed[0, 20] = (codes[0, 20] + 1) % 4
    with torch.inference_mode():
        before, after = network.features(codes, inside)[0][0], network.features(changed, inside)[0][0]
        back = network.features(3 - codes.flip(1), inside)[0][0].flip(0)
    left, right = ((before - after)[:, half].abs().amax(dim=1) > 0 for half in (slice(0, width), slice(width, None)))
    assert left.nonzero().min() == right.nonzero().max() == 20
    assert torch.allclose(before, torch.cat([back[:, width:], back[:, :width]], dim=1), atol=1e-6)
