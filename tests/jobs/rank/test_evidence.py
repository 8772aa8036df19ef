"""Evidence becomes values between 0 and 1, combined in the open."""

import numpy as np
import pytest

from dnalect.core.configs import with_file
from dnalect.core.errors import ConfigError, InputError, TableError
from dnalect.genome.bigwig import BigWig
from dnalect.jobs.rank.combining import combine, order_of
from dnalect.jobs.rank.evidence import fine_mapped, gather, within
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.settings import Settings
from dnalect.scored.reader import read_scored
from tests.jobs.rank.tables import HEAD, ROWS, write_table


@pytest.fixture
def scored(tmp_path):
    return read_scored(write_table(tmp_path / "scored.tsv"))


def by_name(evidence):
    return {each.name: each for each in evidence}


def test_places_within_the_file():
    raw = np.array([1.0, -3.0, 2.0, np.nan])
    for direction, order in (("high", [1, 0, 2]), ("low", [2, 0, 1]), ("abs", [0, 2, 1])):
        value = within(raw, direction)
        assert np.isnan(value[3])
        assert list(np.argsort(value[:3])) == order
        assert value[:3].min() == pytest.approx(1 / 6)
    assert within(np.array([5.0, 5.0]), "high").tolist() == [0.5, 0.5]


def test_the_percentile_is_used_as_it_is(scored):
    found = by_name(gather(scored, Settings()))
    np.testing.assert_allclose(found["llr"].value[:5], [0.99, 0.8, 0.1, 0.97, 0.95])
    assert np.isnan(found["llr"].value[5])
    high = by_name(gather(scored, Settings().with_weight("llr=2:high")))["llr"]
    assert high.weight == 2
    assert high.value[2] == 0.9


def test_without_percentiles_classes_are_ranked_apart(tmp_path):
    rows = [[value for value, name in zip(row, HEAD, strict=True) if name != "percentile"] for row in ROWS]
    head = [name for name in HEAD if name != "percentile"]
    value = by_name(gather(read_scored(write_table(tmp_path / "t.tsv", rows, head)), Settings()))["llr"].value
    np.testing.assert_allclose(value, [0.875, 0.375, 0.125, 0.625, 0.5, np.nan])


def test_regions_and_frequencies(scored):
    found = by_name(gather(scored, Settings()))
    assert found["region"].value.tolist() == [0.8, 0.8, 1.0, 0.2, 0.3, 1.0]
    assert np.isnan(found["frequency"].value[3])
    assert found["frequency"].value[0] == np.nanmax(found["frequency"].value)
    common = by_name(gather(scored, Settings().with_weight("frequency=1:high")))["frequency"].value
    assert np.nanargmax(common) == 2
    assert "frequency" not in by_name(gather(scored, Settings().with_weight("frequency=0")))


def test_conservation_is_the_mean_over_the_changed_bases(scored, tmp_path):
    path = tmp_path / "track.bw"
    track = BigWig(path, {"c1": 1000, "chrc2": 500})
    track.add(0, 100, np.full(10, 2.0, dtype=np.float32))
    track.add(1, 59, np.array([7.0, 3.0, 3.0], dtype=np.float32))
    track.finish()
    track.close()
    conserved = by_name(gather(scored, Settings(), str(path)))["conservation"]
    # The deletion TA>T at 60 takes the base at 61 (1-based): the second value of the run.
    np.testing.assert_allclose(conserved.raw, [2, 2, np.nan, np.nan, 3, np.nan])
    assert conserved.value[4] > conserved.value[0]
    other = BigWig(tmp_path / "other.bw", {"z": 100})
    other.finish()
    other.close()
    with pytest.raises(InputError, match="none of the variants"):
        gather(scored, Settings(), str(tmp_path / "other.bw"))


def test_the_score_is_the_sum_of_the_contributions(scored):
    evidence = gather(scored, Settings())
    found = combine(evidence)
    np.testing.assert_allclose(found.contributions.sum(axis=1)[:5], found.score[:5])
    np.testing.assert_allclose(found.shares.sum(axis=1), 1)
    assert found.score[0] == pytest.approx((0.99 + 0.25 * 0.8 + 0.25 * evidence[2].value[0]) / 1.5)
    # No frequency: the other two alone. No model's score: no score.
    assert found.score[3] == pytest.approx((0.97 + 0.25 * 0.2) / 1.25)
    assert np.isnan(found.score[5])


def test_fine_mapping_multiplies_the_odds(scored):
    evidence = gather(scored, Settings())
    plain = combine(evidence)
    pip = np.array([0.1, 0.5, 0.1, 0.1, np.nan, 0.1])
    mapped = combine(evidence, pip)
    mean = np.nanmean(pip)

    def odds(p):
        return p / (1 - p)

    for row in range(4):
        expected = odds(plain.mean[row]) * odds(pip[row]) / odds(mean)
        assert odds(mapped.score[row]) == pytest.approx(expected)
    assert mapped.score[4] == pytest.approx(plain.score[4])
    np.testing.assert_allclose(combine(evidence, pip, 0.0).score, plain.score)
    with pytest.raises(TableError, match="between 0 and 1"):
        fine_mapped(scored, "allele_count")


def test_the_order_does_not_depend_on_that_of_the_file(tmp_path):
    rows = [("c", n, ".", "A", "C", "snv", -1.0, 0.1, "", 1, 0.1, "G", "CDS") for n in (30, 4, 200)]
    ways = []
    for each in (rows, rows[::-1]):
        scored = read_scored(write_table(tmp_path / "t.tsv", each))
        evidence = gather(scored, Settings())
        order = order_of(combine(evidence).score, evidence, scored, ["G"] * 3)
        ways.append([scored.keys[row] for row in order.order])
    assert ways[0] == ways[1]
    assert [key[1] for key in ways[0]] == [4, 30, 200]


def test_a_column_counts_with_its_weight(tmp_path):
    rows = [(*row, change) for row, change in zip(ROWS, (0.1, -2.0, 0.3, 0.4, 1.0, -3.0), strict=True)]
    scored = read_scored(write_table(tmp_path / "t.tsv", rows, [*HEAD, "change"]))
    tuned = by_name(gather(scored, Settings().with_use("tuned=change:0.5")))["tuned"]
    assert (tuned.weight, tuned.direction, int(np.argmax(tuned.value))) == (0.5, "abs", 5)
    high = by_name(gather(scored, Settings().with_use("tuned=change:0.5:high")))["tuned"]
    assert int(np.argmax(high.value)) == 4
    # A fine-tuned model's judgement is enough for a rank.
    assert np.isfinite(combine(gather(scored, Settings().with_use("tuned=change"))).score[5])


def test_settings_from_a_file(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(
        '[weights]\nllr = 3\n[directions]\nfrequency = "high"\n[regions]\nCDS = 0.5\n'
        '[use.tuned]\ncolumn = "change"\nweight = 2.0\n'
    )
    found = with_file(Options, path, {"scored": "s.tsv"}).settings
    assert (found.weights["llr"], found.weights["region"], found.directions["frequency"]) == (3, 0.25, "high")
    assert (found.regions["CDS"], found.regions["promoter"], found.use["tuned"].weight) == (0.5, 0.8, 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[weights]\nlrr = 1", "weights.lrr is unknown. Did you mean llr"),
        ("[weights]\nllr = -1", "weights.llr = -1: must be a number, 0 to"),
        ("[weights]\nllr = nan", "finite"),
        ('[weights]\nllr = "1"', 'weights.llr = "1": must be a number'),
        ('[directions]\nllr = "down"', "one of high, low, abs"),
        ("[regions]\nCDS = 2", "0 to 1"),
        ("[wieghts]\nllr = 1", "wieghts is unknown. Did you mean weights"),
        ("weights = 1", "weights = 1: must be a table"),
        ("[use.x]\nweight = 1", "use.x.column is missing"),
        ("[use.x]\ncolumn = 5", "use.x.column = 5: must be a text"),
        ("[use.llr]\ncolumn = 'a'", "name of its own"),
        ("no toml", "no TOML"),
    ],
)
def test_wrong_settings_say_what_is_right(tmp_path, text, words):
    path = tmp_path / "w.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        with_file(Options, path, {"scored": "s.tsv"})


def test_wrong_options_say_what_is_right(scored):
    for text in ("llr", "llr=x", "lrr=1", "llr=1:up"):
        with pytest.raises(ConfigError):
            Settings().with_weight(text)
    for text in ("x", "x=", "x=a:b", "x=a:1:up", "pip=a"):
        with pytest.raises(ConfigError):
            Settings().with_use(text)
    with pytest.raises(ConfigError, match="no score to rank by"):
        gather(scored, Settings().with_weight("llr=0"))
    with pytest.raises(TableError, match="no column 'tuned'"):
        gather(scored, Settings().with_use("x=tuned"))
