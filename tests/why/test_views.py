"""The seam: names of views, who refuses, and nulls beside them."""

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError, ModelError
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import Region
from dnalect.models.model import Abilities
from dnalect.tokens.bases import decode
from dnalect.why.nulls import shuffled
from dnalect.why.subject import Subject
from dnalect.why.views import VIEWS, names_of, views_of


@pytest.fixture(scope="module")
def subject(fasta, model_folder):
    return Subject(dnalect.load(model_folder), open_genome(fasta), Region(0, 1000, 1040))


def test_names_come_once_in_their_order():
    assert names_of("substitutions, substitutions") == ("substitutions",)
    with pytest.raises(ConfigError, match="Did you mean substitutions"):
        names_of("substitution")
    with pytest.raises(ConfigError, match="name what to show"):
        names_of(" , ")


def test_every_view_refuses_what_says_nothing():
    nothing = Abilities(None, context_bases=512, layers=1, width=5, words=5)
    assert all(entry.refuses(nothing) for entry in VIEWS.values())


def test_a_place_that_is_too_long_is_refused(subject):
    place = Region(0, 0, VIEWS["substitutions"].longest + 1)
    with pytest.raises(ConfigError, match="up to 2,000 bases"):
        views_of(Subject(subject.model, subject.genome, place), ["substitutions"])


def test_substitutions_are_the_scores_and_information(subject):
    (view,) = views_of(subject, ["substitutions"], nulls=False)
    text = decode(subject.around(100))
    p = dnalect.base_probabilities(subject.model, text)[0, 100:140]
    assert np.allclose(view.tracks[0].values.sum(axis=1), 2 + (p * np.log2(p)).sum(axis=1), atol=1e-5)
    own = np.log(p)[np.arange(40), ["ACGT".index(base) for base in subject.bases]]
    assert np.allclose(view.arrays["effects"], np.log(p) - own[:, None], atol=1e-5)
    assert view.table.column_names == ["contig", "position", "ref", "A", "C", "G", "T", "bits"]
    assert view.table["position"].to_pylist()[0] == 1001


def test_nulls_are_the_same_of_other_sequence_and_another_network(subject):
    (view,) = views_of(subject, ["substitutions"])
    drawn, twin = view.nulls
    rng = np.random.default_rng(subject.seed)
    other = subject.drawn(lambda codes: shuffled(codes, rng))
    assert drawn.bases == other.bases != subject.bases == twin.bases
    assert sorted(drawn.bases) == sorted(subject.bases)
    (again,) = views_of(other, ["substitutions"], nulls=False)
    assert np.array_equal(drawn.view.arrays["effects"], again.arrays["effects"])
    assert not np.allclose(twin.view.arrays["effects"], view.arrays["effects"])
    assert "of 40 are above" in drawn.text
    assert "untrained" in twin.text


def test_a_model_that_says_nothing_has_no_view(subject):
    class Mute:
        can = Abilities(None, context_bases=512, layers=1, width=5, words=5)
        card = subject.model.card

    with pytest.raises(ModelError, match="no view 'substitutions'"):
        views_of(Subject(Mute(), subject.genome, subject.place), ["substitutions"])
