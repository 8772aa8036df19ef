"""Every score against its definition, computed the slow way from whole forwards."""

import numpy as np
import pytest
import torch

import dnalect
from dnalect.genome.fasta import open_genome
from dnalect.inference.background import Background, stratum
from dnalect.inference.leave_one_out import TILE, LeaveOneOutScorer
from dnalect.tokens.bases import UNKNOWN, encode
from dnalect.windows.alleles import normalise


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


def test_far_flanks_do_not_matter_for_indels(model, genome):
    """Beyond the reach of the allele both haplotypes have the same terms."""
    v = variant(genome, 1500, 3, "")
    near = LeaveOneOutScorer(model, genome, flank=2 * model.reach + 2)
    far = LeaveOneOutScorer(model, genome, flank=4 * model.reach)
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
    assert stratum(v) == "mnv_17-50"


def test_percentile_is_by_its_formula(scorer):
    background = Background(scorer, snvs=9)
    background.values["snv"] = np.array([-3, -2, -2, -2, 0, 1, 1, 2, 5], dtype=np.float32)
    assert background.percentile("snv", -2) == (1 + 1 + 1.5) / 10
    assert background.percentile("snv", -9) == 1 / 10
    assert background.percentile("snv", 9) == 1.0


@pytest.mark.parametrize(
    "name", ["snv", "mnv_2", "mnv_3-4", "insertion_1", "insertion_2-4_tandem", "deletion_1_tandem", "deletion_5-20"]
)
def test_backgrounds_are_drawn_from_their_stratum_once(scorer, name):
    background = Background(scorer, snvs=600, others=40)
    seen = []
    scorer_score = scorer.score
    scorer.score = lambda variants: seen.extend(variants) or scorer_score(variants)
    background.percentile(name, 0.0)
    values = background.values[name]
    assert len(values) == (600 if name == "snv" else 40)
    assert (np.diff(values) >= 0).all()
    assert {stratum(v) for v in seen} <= {name}
    seen.clear()
    again = Background(scorer, snvs=600, others=40)
    again.percentile(name, 0.0)
    assert not seen
    assert np.array_equal(again.values[name], values)


def test_a_small_background_is_spread_over_the_genome(model, tmp_path, monkeypatch):
    """Sites of one window are alike: 1,000 SNVs of two windows would be a background of two places."""
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))
    text = "".join(np.random.default_rng(0).choice(list("ACGT"), 300_000))
    (tmp_path / "long.fa").write_text(f">c\n{text}\n")
    scorer, drawn = LeaveOneOutScorer(model, open_genome(tmp_path / "long.fa")), []
    at_sites = scorer.at_sites
    scorer.at_sites = lambda contigs, positions: drawn.append(positions) or at_sites(contigs, positions)
    background = Background(scorer, snvs=1_000)
    background.percentile("snv", 0.0)
    assert len(background.values["snv"]) == 1_000
    assert len(np.unique(np.concatenate(drawn) // 512)) > 100


def test_background_snvs_have_the_distribution_of_all_snvs(scorer, genome, model):
    background = Background(scorer, snvs=3000)
    background.percentile("snv", 0.0)
    positions = np.concatenate([np.arange(64, 2960), np.arange(3140, 5900)])
    ref = encode(genome.contig("chrA"))[positions]
    log_p = scorer.at_sites(np.zeros_like(positions), positions)
    every = (log_p - log_p[np.arange(len(ref)), ref][:, None])[np.arange(4) != ref[:, None]]
    for share in (0.1, 0.5, 0.9):
        expected = np.quantile(every, share)
        assert np.quantile(background.values["snv"], share) == pytest.approx(expected, abs=0.1 * float(every.std()))
