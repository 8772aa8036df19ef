"""Every score against its definition, computed the slow way from whole forwards."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.background import Background, stratum
from dnalect.inference.background.draws import Draws
from dnalect.inference.likelihood.scorers import TILE, LeaveOneOutScorer
from dnalect.tokens.bases import UNKNOWN, encode


@pytest.fixture(scope="module")
def model(model_folder):
    return dnalect.load(model_folder)


@pytest.fixture
def genome(fasta):
    return open_genome(fasta)


@pytest.fixture
def scorer(model, genome):
    return LeaveOneOutScorer(model, genome)


def slow(model, codes):
    """ln p(base | the rest) of one sequence by the plain forward: (L, 4) float64."""
    ids = torch.from_numpy(codes.astype(np.int64))[None]
    with torch.inference_mode():
        return torch.log_softmax(model.network(ids, ids != UNKNOWN).double(), -1)[0].numpy()


def variant(genome, start, size, alt, contig=0):
    return normalise(contig, start, encode(genome.fetch(contig, start, start + size)), encode(alt), genome)


def changed(genome, start, size, step=1):
    return "".join("ACGT"[(c + step) % 4] for c in encode(genome.fetch(0, start, start + size)))


def score(scorer, *variants):
    return [s.value for s in scorer.score(variants)]


def test_snv_is_the_difference_of_log_probabilities_in_the_whole_contig(scorer, model, genome):
    whole = encode(genome.contig("chrA"))
    log_p = slow(model, whole)
    sites = [40, 700, 1023, 1024, 2999 - 16, 5900]
    variants = [variant(genome, at, 1, changed(genome, at, 1)) for at in sites]
    for at, found in zip(sites, scorer.score(variants), strict=True):
        ref, alt = whole[at], (whole[at] + 1) % 4
        assert found.value == pytest.approx(log_p[at, alt] - log_p[at, ref], abs=1e-5)
        assert found.ref_prob == pytest.approx(np.exp(log_p[at, ref]), abs=1e-5)


def test_tiles_equal_single_sites(scorer, genome):
    positions = np.arange(TILE - 100, TILE + 100)
    contigs = np.zeros_like(positions)
    dense = scorer.at_sites(contigs, positions)
    single = np.concatenate([scorer.at_sites(contigs[i : i + 1], positions[i : i + 1]) for i in range(200)])
    assert np.abs(dense - single).max() < 1e-5


def test_sites_come_back_in_the_order_asked_for(scorer):
    contigs, positions = np.array([1, 0, 0, 1, 0]), np.array([300, 900, 40, 300, 5000])
    together = scorer.at_sites(contigs, positions)
    for i in range(5):
        assert np.allclose(together[i], scorer.at_sites(contigs[[i]], positions[[i]])[0], atol=1e-5)


def test_mnv_follows_brooks_lemma(scorer, model, genome):
    """Both orders of changing the differing bases, each step conditioned on the current haplotype."""
    start, size = 2000, 5
    alt = encode(changed(genome, start, size))
    ref = encode(genome.fetch(0, start, start + size))
    alt[2] = ref[2]
    flank = 200
    around = encode(genome.fetch(0, start - flank, start + size + flank))
    total = 0.0
    for order in ((0, 1, 3, 4), (4, 3, 1, 0)):
        haplotype = around.copy()
        for i in order:
            row = slow(model, haplotype)[flank + i]
            total += row[alt[i]] - row[ref[i]]
            haplotype[flank + i] = alt[i]
    found = score(scorer, normalise(0, start, ref, alt, genome))[0]
    assert found == pytest.approx(total / 2, abs=1e-4)


@pytest.mark.parametrize(("start", "size", "alt"), [(1500, 1, ""), (1500, 0, "ACCA"), (1500, 7, "GG"), (1500, 40, "")])
def test_indel_is_the_difference_of_pseudo_likelihoods(scorer, model, genome, start, size, alt):
    v = variant(genome, start, size, alt)
    whole = encode(genome.packed)
    count = np.bincount(whole, minlength=5)[:4].astype(float)
    q = np.append(np.log((count + count[::-1] + 1) / (2 * count.sum() + 4)), 0)

    def total(allele):
        left = encode(genome.fetch(0, v.start - scorer.flank, v.start))
        right = encode(genome.fetch(0, v.end, v.end + scorer.flank))
        codes = np.concatenate([left, allele, right])
        return (slow(model, codes)[np.arange(len(codes)), codes] - q[codes]).sum()

    assert score(scorer, v)[0] == pytest.approx(total(v.alt) - total(v.ref), abs=1e-3)


def test_indels_are_the_same_read_as_whole_windows(scorer, genome, monkeypatch):
    """What a variant leaves as it was is computed once; near the end of a contig, too."""
    length = int(genome.lengths[0])
    given = [(1500, 1, ""), (1500, 0, "ACCA"), (1600, 7, "GG"), (1500, 40, ""), (40, 2, ""), (length - 45, 0, "ACGTAC")]
    variants = [variant(genome, *each) for each in given]
    short = score(scorer, *variants)
    monkeypatch.setattr(type(scorer.model), "pairs", lambda *_: None)
    assert short == pytest.approx(score(scorer, *variants), abs=1e-5)
    monkeypatch.setattr(type(scorer.model), "pairs", _no_memory)
    assert short == pytest.approx(score(scorer, *variants), abs=1e-5)


def _no_memory(*_):
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory")


def test_far_flanks_do_not_matter_for_indels(model, genome):
    """Beyond the reach of the allele both haplotypes have the same terms."""
    v = variant(genome, 1500, 3, "")
    near = LeaveOneOutScorer(model, genome, flank=2 * model.can.reach + 2)
    far = LeaveOneOutScorer(model, genome, flank=4 * model.can.reach)
    assert score(near, v)[0] == pytest.approx(score(far, v)[0], abs=1e-4)


def test_equal_haplotypes_get_equal_scores(scorer, genome):
    """Any TA of CTATATATATATG at 500 that goes is the same loss; padding changes nothing."""
    losses = {score(scorer, variant(genome, at, 2, ""))[0] for at in range(501, 510)}
    assert len(losses) == 1
    padded = normalise(0, 1990, encode(genome.fetch(0, 1990, 2010)),
                       np.concatenate([encode(genome.fetch(0, 1990, 2000)), encode(changed(genome, 2000, 1)),
                                       encode(genome.fetch(0, 2001, 2010))]), genome)  # fmt: skip
    assert score(scorer, padded) == score(scorer, variant(genome, 2000, 1, changed(genome, 2000, 1)))


@pytest.mark.parametrize(("size", "alt_size"), [(1, 1), (4, 4), (20, 20), (3, 1), (2, 6)])
def test_swapped_alleles_get_exactly_the_opposite(model, genome, fasta, tmp_path, size, alt_size):
    rng = np.random.default_rng(size)
    start = 2000
    first = encode(changed(genome, start, size)) if size == alt_size else rng.integers(0, 4, alt_size).astype(np.uint8)
    v = normalise(0, start, encode(genome.fetch(0, start, start + size)), first, genome)
    bases = genome.contig("chrA").tobytes().decode()
    swapped = tmp_path / "swapped.fa"
    alt = "".join("ACGT"[c] for c in v.alt)
    second = genome.contig("chrB").tobytes().decode()
    # The second contig evens the base composition out, so that q is the same for both.
    swapped.write_text(f">chrA\n{bases[: v.start]}{alt}{bases[v.end :]}\n>chrB\n{second}\n")
    other = open_genome(swapped)
    back = normalise(0, v.start, v.alt, v.ref, other)
    one, two = LeaveOneOutScorer(model, genome), LeaveOneOutScorer(model, other)
    two.__dict__["log_background"] = one.log_background
    assert score(one, v)[0] == -score(two, back)[0]


def test_no_change_scores_zero(scorer, genome):
    assert score(scorer, variant(genome, 2000, 3, genome.fetch(0, 2000, 2003).tobytes().decode())) == [0.0]


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_neither_batch_size_nor_threads_change_a_bit(model, genome, scorer, batch):
    rng = np.random.default_rng(5)
    variants = []
    for at in rng.integers(200, 2800, 60):
        size, alt = int(rng.integers(0, 4)), "".join(rng.choice(list("ACGT"), int(rng.integers(0, 4))))
        variants.append(variant(genome, int(at), size, alt))
    before = score(scorer, *variants)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        assert score(LeaveOneOutScorer(model, genome, batch=batch), *variants) == before
    finally:
        torch.set_num_threads(threads)
    assert [score(scorer, v)[0] for v in variants] == pytest.approx(before, abs=1e-5)


def test_a_long_mnv_is_scored_like_an_indel(scorer, model, genome):
    v = variant(genome, 2000, 20, changed(genome, 2000, 20))
    assert v.kind == "mnv"
    assert scorer.score([v])[0].value is not None
    assert stratum(v) == ("mnv_long", 20)


@pytest.mark.parametrize(("snvs", "others"), [(None, None), (600, 40)])
def test_percentiles_are_places_among_variants_drawn_from_the_genome(scorer, snvs, others):
    background = Background(scorer, snvs, others)
    variants = [variant(scorer.genome, 1500, 1, changed(scorer.genome, 1500, 1)), variant(scorer.genome, 1500, 3, "")]
    low, high = (background.percentiles(variants, [value] * 2) for value in (-1e6, 1e6))
    assert all(0 < one < 0.03 for one in low)
    assert high == [1.0, 1.0]
    found = background.percentiles(variants, score(scorer, *variants))
    assert all(0 < one < 1 for one in found)


def test_background_snvs_have_the_distribution_of_all_snvs(scorer, genome, model):
    drawn = Draws(scorer, "snv", 0, 1, print).at_least(3000)["value"]
    positions = np.concatenate([np.arange(64, 2960), np.arange(3140, 5900)])
    ref = encode(genome.contig("chrA"))[positions]
    log_p = scorer.at_sites(np.zeros_like(positions), positions)
    every = (log_p - log_p[np.arange(len(ref)), ref][:, None])[np.arange(4) != ref[:, None]]
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(drawn, share) == pytest.approx(np.quantile(every, share), abs=0.1 * float(every.std()))


def test_what_a_score_costs_is_counted_in_bases(scorer, genome, model):
    snvs = [variant(genome, 2000, 1, changed(genome, 2000, 1, step)) for step in (1, 2, 3)]
    tile = TILE + 2 * model.can.reach
    assert scorer.cost(snvs) == scorer.cost(snvs[:1]) == 2 * model.card.parameters * (tile // scorer.worth_a_tile)
    lost = variant(genome, 1500, 7, "")
    assert scorer.cost([lost]) == 2 * model.card.parameters * (4 * scorer.flank + len(lost.ref))
    dense = [variant(genome, at, 1, changed(genome, at, 1)) for at in range(64, 4000, 3)]
    assert 0.9 < scorer.cost(dense) / (2 * model.card.parameters * tile) <= 1
    near = dense[:100]
    assert scorer.cost(near) < scorer.cost(dense) / 5


def test_sites_that_lie_close_together_are_read_at_once(scorer, genome, monkeypatch):
    positions = np.concatenate([[70], np.arange(500, 560, 2), np.arange(4090, 4110), [5500]])
    contigs = np.zeros_like(positions)
    alone = np.concatenate([scorer.at_sites(contigs[[n]], positions[[n]]) for n in range(len(positions))])
    read = []
    centers = scorer.likelihood.centers
    monkeypatch.setattr(scorer.likelihood, "centers", lambda codes: read.append(len(codes)) or centers(codes))
    assert scorer.at_sites(contigs, positions) == pytest.approx(alone, abs=1e-5)
    assert sum(read) < 10
