"""The view `gradients`: of what a place is asked, where its window ends, and what its page says."""

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.core.records import Variant
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.tokens.bases import encode
from dnalect.why.gradient_view import number_of
from dnalect.why.subject import Subject
from dnalect.why.views import views_of
from inference.predictors import make_predictor


@pytest.fixture(scope="module")
def subject(fasta, model_folder):
    return Subject(dnalect.load(model_folder), open_genome(fasta), Region(0, 2, 42))


def test_a_window_ends_with_the_contig_and_the_place_is_in_it(subject):
    number, place = number_of(subject)
    assert number.window.text == subject.genome["chrA"][: 42 + 15].upper()
    assert number.window.text[place] == subject.bases
    assert number.meaning == "sum of ln p(base | the rest) over 40 bases"


def test_a_variant_is_asked_why_it_is_less_likely(subject):
    place = Region(0, 1000, 1040)
    ref = Subject(subject.model, subject.genome, place).codes[18]
    variant = Variant(0, 1018, 1019, np.array([ref]), np.array([(ref + 1) % 4], dtype=np.uint8))
    number, _ = number_of(Subject(subject.model, subject.genome, place, variant))
    assert number.meaning.startswith(f"ln p({'ACGT'[(ref + 1) % 4]} | the rest) - ln p({'ACGT'[ref]} | the rest)")
    there = number.value(number.window.plain[None]).item()
    (score,) = dnalect.score(
        subject.genome, [("chrA", 1019, "ACGT"[ref], "ACGT"[(ref + 1) % 4])], subject.model, background=0
    )
    assert there == pytest.approx(score.score.value, abs=1e-4)


def test_the_view_has_its_numbers_and_its_nulls(subject):
    (view,) = views_of(subject, ["gradients"])
    total = view.arrays["integrated"].sum(axis=1)
    np.testing.assert_allclose(view.table["integrated"].to_numpy(), total, atol=1e-5)
    np.testing.assert_allclose(view.strength, np.abs(total), atol=1e-5)
    letters = view.tracks[0]
    assert letters.kind == "signed"
    np.testing.assert_allclose(letters.values.sum(axis=1), total, atol=1e-5)
    assert [null.name for null in view.nulls] == ["shuffled", "untrained"]
    assert "No base has a part in what is said of itself." in view.text


def test_a_prediction_is_explained(subject, model_folder, tmp_path):
    model = dnalect.load(make_predictor(tmp_path / "tuned", model_folder))
    place = Region(0, 1000, 1040)
    with pytest.raises(ConfigError, match="predicts activity, open, factor_SP1_2, factor_GATA: choose one"):
        views_of(Subject(model, subject.genome, place), ["gradients"])
    chosen = Subject(model, subject.genome, place, output="open")
    (view,) = views_of(chosen, ["gradients"])
    assert "log-odds of open yes against no" in view.text
    assert "No base has a part" not in view.text
    assert [null.name for null in view.nulls] == ["shuffled"]
    number, inside = number_of(chosen)
    assert (len(number.window.text), inside) == (64, slice(12, 52))
    raw = model.forward(model.encode([number.window.text]), dnalect.models.Ask(targets=True)).targets["open"][0]
    assert number.value(number.window.plain[None]).item() == pytest.approx((raw[1] - raw[0]).item(), abs=1e-5)


def test_signed_letters_stand_below_where_they_take_away(subject, tmp_path):
    found = dnalect.explain(subject.genome, "chrA:3-42", subject.model, show="gradients", nulls=False)
    found.write(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text()
    assert "integrated gradients (sum of ln p(base | the rest) over 40 bases)" in page
    assert encode(subject.bases).size == 40
