"""Backgrounds: what is drawn, what it may cost, what is kept, and what a percentile says."""

import math

import numpy as np
import pytest

from dnalect.core.errors import ModelError
from dnalect.core.records import Score, Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.windows.alleles import normalise
from dnalect.inference.background import Background, percentiles, stratum
from dnalect.inference.background.draws import Draws
from dnalect.inference.background.quantiles import Quantiles, pooled
from dnalect.inference.background.strata import lengths_of
from dnalect.inference.background.tables import Table, fitting, read_table, tables_in, write_table
from dnalect.inference.background.variants import block
from dnalect.tokens.bases import encode


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DNALECT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "g.fa"
    rng = np.random.default_rng(0)
    text = "".join(rng.choice(list("ACGT"), 60_000)) + "CACACACACA" * 200
    path.write_text(f">c\n{text}\n")
    return open_genome(path)


class Fake:
    """Scores by a rule instead of a network: -0.4 a changed base, with noise that grows with the length."""

    sites, draws_others, reach, longest_allele, identity = None, True, 64, 3_000, "fake"

    def __init__(self, genome, each=1):
        self.genome, self.each, self.scored = genome, each, []

    def cost(self, variants):
        return self.each * len(variants)

    def score(self, variants):
        self.scored += variants
        return [Score(-0.4 * v.changed + math.sqrt(v.changed) * _noise(v), kind=v.kind) for v in variants]


def _noise(variant: Variant) -> float:
    return float(np.random.default_rng((variant.start, *variant.alt.tolist(), 1)).standard_normal())


def deletion(genome, start, size):
    return normalise(0, start, encode(genome.fetch(0, start, start + size)), encode(""), genome)


def snv(genome, start):
    ref = encode(genome.fetch(0, start, start + 1))
    return normalise(0, start, ref, (ref + 1) % 4, genome)


def only(background, variant, value):
    return background.percentiles([variant], [value])[0]


def test_a_percentile_is_by_its_formula():
    found = Quantiles.of(np.array([-3, -2, -2, -2, 0, 1, 1, 2, 5])).percentiles(np.array([-2, -9, 9, 0.5, np.nan]))
    assert found[:4].tolist() == [(1 + 1 + 1.5) / 10, 1 / 10, 1.0, (1 + 5) / 10]
    assert np.isnan(found[4])


def test_quantiles_keep_the_tails_and_lose_little_between():
    rng = np.random.default_rng(1)
    full = Quantiles.of(np.round(rng.standard_t(3, 20_000), 3))
    thin = full.thinned(100, 1_000)
    assert len(thin.values) == 1_200
    asked = np.sort(rng.standard_t(3, 5_000))
    before, after = full.percentiles(asked), thin.percentiles(asked)
    assert np.abs(before - after).max() < 1 / 1_000
    tail = (before < 95 / 20_000) | (before > 1 - 95 / 20_000)
    assert tail.sum() > 10
    assert np.abs(before - after)[tail].max() < 2 / 20_000


@pytest.mark.parametrize("group", ["snv", "mnv", "mnv_long", "insertion", "deletion", "insertion_tandem"])
@pytest.mark.parametrize("band", [0, 1, 4, 6])
def test_variants_are_of_their_group_and_lengths(genome, group, band):
    band = {"snv": 0, "mnv": 2, "mnv_long": 5}.get(group, band)
    made = block(genome, group, band, 3_000, 64, np.random.default_rng(2))
    low, high = lengths_of(band)
    assert len(made) == (96 if group == "snv" else 8)
    assert {stratum(v).group for v in made} == {group}
    assert all(low <= stratum(v).length <= high and stratum(v).band == band for v in made)


def test_tandem_deletions_are_found_where_there_are_some(genome):
    made = [v for n in range(40) for v in block(genome, "deletion_tandem", 1, 3_000, 64, np.random.default_rng(n))]
    assert made
    assert all(v.tandem and v.changed == 2 for v in made)
    assert not block(genome, "deletion_tandem", 11, 3_000, 64, np.random.default_rng(2))


def test_draws_are_nested_and_kept(genome):
    few = Draws(Fake(genome), "deletion", 3, 1, print).at_least(24)
    measure = Fake(genome)
    many = Draws(measure, "deletion", 3, 1, print).at_least(80)
    assert np.array_equal(few, many[:24])
    assert len(measure.scored) == 56
    again = Fake(genome)
    assert np.array_equal(Draws(again, "deletion", 3, 1, print).at_least(24), few)
    assert not again.scored
    assert not np.array_equal(Draws(Fake(genome), "deletion", 3, 2, print).at_least(24), few)


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-7], lambda b: b[:9] + bytes([b[9] ^ 4]) + b[10:]])
def test_a_damaged_background_is_drawn_again(genome, damage):
    told = []
    draws = Draws(Fake(genome), "deletion", 3, 1, told.append)
    before = draws.at_least(24)
    draws.run.path(draws.key).write_bytes(damage(draws.run.path(draws.key).read_bytes()))
    again = Draws(Fake(genome), "deletion", 3, 1, told.append)
    assert np.array_equal(again.at_least(24), before)
    assert "damaged" in told[-1]
    assert np.array_equal(Draws(Fake(genome), "deletion", 3, 1, told.append).at_least(24), before)
    assert len(told) == 1


def test_scores_of_all_lengths_are_judged_alike():
    """Place and spread of a length are taken out: percentiles are uniform at each, and no floor is shared."""
    rng = np.random.default_rng(3)
    lengths = np.exp(rng.uniform(0, np.log(2_000), 2_000)).astype(np.int64)
    pool = pooled("deletion", (1, 2_048), lengths, -0.4 * lengths + np.sqrt(lengths) * rng.standard_normal(2_000))
    for length in (1, 30, 300, 1_900):
        found = pool.percentiles(np.full(4_000, length), -0.4 * length + math.sqrt(length) * rng.standard_normal(4_000))
        assert np.quantile(found, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.15)
    longer = pool.percentiles(np.array([300, 1_900]), np.array([-0.4 * 300 + 20, -0.4 * 1_900 - 50]))
    assert longer[0] > 0.8 > 0.2 > longer[1]


def test_a_single_length_is_judged_as_it_is():
    values = np.array([-3.0, -2.0, -2.0, 4.0])
    pool = pooled("deletion", (1, 1), np.ones(4, dtype=np.int64), values)
    assert pool.percentiles(np.ones(1, dtype=np.int64), np.array([-2.0])).tolist() == [(1 + 1 + 1) / 5]


@pytest.mark.parametrize("each", [10**9, 10**6])
def test_a_coarse_background_costs_at_most_twice_the_scoring(genome, each, monkeypatch):
    monkeypatch.setattr(percentiles, "FLOOR", 0)
    variants = [snv(genome, at) for at in range(100, 250)] + [deletion(genome, 300 + n, 2 + n % 60) for n in range(60)]
    variants = [variant for variant in variants if not variant.tandem]
    found = []
    for _ in range(2):
        measure = Fake(genome, each)
        background = Background(measure)
        found.append(background.percentiles(variants, [score.value for score in measure.score(variants)]))
        assert measure.cost(measure.scored) - measure.cost(variants) <= 2 * measure.cost(variants)
    # The second time from the cache: the same.
    assert found[0] == found[1]
    assert all(each is not None for each in found[0])
    assert "coarse, seed 1: " in str(background)
    assert "deletions of 2-64 bases (standard error up to 0." in str(background)
    assert not np.array_equal(
        found[0], Background(Fake(genome, each), seed=2).percentiles(variants, [0.0] * len(variants))
    )


@pytest.mark.parametrize("each", [10**12, 1])
def test_structural_variants_have_as_many_draws_as_are_enough_for_all_sizes(genome, each):
    measure = Fake(genome, each)
    background = Background(measure)
    asked = [v for band in (6, 9, 11) for v in block(genome, "sv_deletion", band, 3_000, 64, np.random.default_rng(1))]
    assert all(found is not None for found in background.percentiles(asked, [-1.0] * len(asked)))
    bands = [stratum(variant).band for variant in measure.scored]
    assert set(bands) == set(range(6, 12))
    assert bands.count(6) > bands.count(7)
    assert background.count("sv") == len(bands) == 48


def test_what_junctions_say_is_the_same_for_all_sizes():
    rng = np.random.default_rng(2)
    lengths, values = rng.integers(50, 8_000, 300), rng.normal(size=300)
    pool = pooled("sv_deletion", (33, 8192), lengths, values)
    judged = [pool.percentiles(np.full(4, length), np.array([-1.3, 0.0, 1.3, np.nan])) for length in (33, 500, 8192)]
    assert np.abs(np.array(judged)[:, :3] - [0.1, 0.5, 0.9]).max() < 0.12
    assert np.isnan(judged[0][3])
    assert pool.error < 0.06
    few = pooled("sv_deletion", (33, 8192), lengths[:48], values[:48])
    assert few.error == pytest.approx(0.5 / math.sqrt(48))


def test_lengths_that_cost_too_much_are_told_with_their_price(genome):
    told = []
    background = Background(Fake(genome, 4 * 10**9), notify=told.append)
    variants = [deletion(genome, 300, 6), deletion(genome, 9_000, 2_500)]
    assert background.percentiles(variants, [-2.0, -2.0])[1] is None
    assert [each for each in told if "of 2,049-4,096 bases get no percentile: --background-others 200 draws" in each]


def test_a_background_that_is_there_stays(genome):
    background = Background(Fake(genome, 10**9))
    one = deletion(genome, 700, 5)
    before = only(background, one, -3.0)
    background.percentiles([deletion(genome, 900 + n, 1 + n) for n in range(300)], [0.0] * 300)
    assert only(background, one, -3.0) == before


def test_what_costs_too_much_is_told_with_its_price(genome):
    told = []
    background = Background(Fake(genome, 10**12), notify=told.append)
    measure = background.measure
    variants = [snv(genome, 100), snv(genome, 200)]
    assert background.percentiles(variants, [0.0, -1.0]) == [None, None]
    assert background.percentiles(variants, [0.0, -1.0]) == [None, None]
    assert told == [
        "SNVs get no percentile: --background 1000 draws a background, at about 500 times the cost of scoring them"
    ]
    assert not measure.scored


def test_masked_models_draw_snvs_alone_unless_asked(genome):
    measure, told = Fake(genome), []
    measure.draws_others = False
    background = Background(measure, notify=told.append)
    found = background.percentiles([snv(genome, 100), deletion(genome, 300, 4)], [-1.0, -2.0])
    assert found[0] is not None
    assert found[1] is None
    assert sum("deletions of 3-4 bases get no percentile: --background-others 200" in each for each in told) == 1
    assert only(Background(measure, others=40), deletion(genome, 300, 4), -2.0) is not None


def test_as_many_as_were_asked_for(genome):
    measure = Fake(genome)
    background = Background(measure, snvs=500, others=30)
    assert only(background, snv(genome, 100), -1e9) == 1 / 501
    assert only(background, deletion(genome, 300, 300), -1e9) == 1 / 31
    assert {stratum(v).band for v in measure.scored} == {0, 9}
    assert only(Background(measure, snvs=500, others=0), deletion(genome, 300, 30), -1.0) is None
    assert Background(measure, snvs=0).percentiles([snv(genome, 100)], [1.0]) == [None]


def test_nan_has_no_percentile(genome):
    background = Background(Fake(genome), snvs=200, others=20)
    found = background.percentiles([snv(genome, 100), snv(genome, 101)], [float("nan"), None])
    assert found == [None, None]


def table_of(genome, **more):
    rng = np.random.default_rng(5)
    lengths = np.exp(rng.uniform(0, np.log(64), 3_000)).astype(np.int64)
    pools = (
        pooled("snv", (1, 1), np.ones(30_000, dtype=np.int64), rng.standard_normal(30_000)),
        pooled("deletion", (1, 64), lengths, -0.4 * lengths + rng.standard_normal(3_000)),
    )
    facts = {"model": "ab" * 32, "definition": "d", "flank": 9, "dtype": "float32", "references": (genome.checksum,)}
    return Table(**facts | {"among": "g", "seed": 1, "pools": pools} | more)


def test_a_table_gives_the_percentiles_of_the_whole_draw(genome, tmp_path):
    table = table_of(genome)
    size = write_table(tmp_path / "background.npz", table)
    assert size < 40_000
    (read,) = tables_in(tmp_path, table.model)
    assert str(read) == "came with the model, seed 1: 30,000 SNVs, 3,000 deletions among variants of g"
    rng = np.random.default_rng(6)
    for whole, thin in zip(table.pools, read.pools, strict=True):
        lengths = np.ones(2_000, dtype=np.int64) if whole.group == "snv" else rng.integers(1, 65, 2_000)
        values = (whole.group != "snv") * -0.4 * lengths + 1.1 * rng.standard_normal(2_000)
        apart = np.abs(whole.percentiles(lengths, values) - thin.percentiles(lengths, values))
        assert apart.max() < (0.001 if whole.group == "snv" else 0.015)


def test_a_table_is_of_its_weights_and_whole(genome, tmp_path):
    table, path, told = table_of(genome), tmp_path / "background.npz", []
    write_table(path, table)
    with pytest.raises(ModelError, match="of other weights"):
        read_table(path, "cd" * 32)
    data = path.read_bytes()
    for bad in (b"", data[:-1], data[:500] + bytes([data[500] ^ 1]) + data[501:]):
        path.write_bytes(bad)
        assert tables_in(tmp_path, table.model, told.append) == []
    assert len(told) == 3
    assert all("is damaged" in each for each in told)


def test_which_table_fits(genome):
    own, other = table_of(genome), table_of(genome, references=("x",))
    assert fitting([other, own], "d", 9, genome.checksum, known=True) is own
    assert fitting([other], "d", 9, genome.checksum, known=True) is other
    assert fitting([other], "d", 9, genome.checksum, known=False) is None
    assert fitting([own], "d", 10, genome.checksum, known=True) is None
    assert fitting([own], "other", 9, genome.checksum, known=True) is None


def test_a_table_is_taken_before_anything_is_drawn(genome):
    measure, told = Fake(genome), []
    background = Background(measure, notify=told.append, table=table_of(genome))
    variants = [snv(genome, 100), deletion(genome, 300, 20), deletion(genome, 300, 200)]
    found = background.percentiles(variants, [-1.0, -8.0, -80.0])
    assert found[0] == pytest.approx(0.159, abs=0.01)
    assert found[1] == pytest.approx(0.5, abs=0.1)
    assert found[2] is None
    assert not measure.scored
    assert "deletions of 129-256 bases get no percentile" in told[0]
    # Asked for, they are drawn.
    only(Background(measure, snvs=300, table=table_of(genome)), variants[0], -1.0)
    assert measure.scored


def test_alike_stands_for_the_background_of_the_same_lengths(genome):
    background = Background(Fake(genome), table=table_of(genome))
    long = background.alike([deletion(genome, 300, 60)] * 3)
    assert len(long) == 3 * 99
    assert np.median(long) == pytest.approx(-24, abs=1)
    assert len(background.alike([deletion(genome, 300, 200)])) == 0
    assert background.count("deletion") == 3_000
