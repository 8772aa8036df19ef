"""The view `attention`: its head is the one that was asked for, its table has a row a head, its page a line a layer."""

from dataclasses import replace

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import ConfigError
from dnalect.genome.fasta import open_genome
from dnalect.genome.gff import open_annotation
from dnalect.genome.motifs import Motif
from dnalect.genome.regions import Region
from dnalect.why.attention import agreement
from dnalect.why.attention_view import beside, labels_of
from dnalect.why.subject import Subject
from dnalect.why.views import views_of
from why.tiny import bases_with_attention


@pytest.fixture(scope="module")
def subject(fasta, tmp_path_factory):
    model = dnalect.load(bases_with_attention(tmp_path_factory.mktemp("attention") / "it"))
    return Subject(model, open_genome(fasta), Region(0, 1000, 1024))


def test_the_view_has_its_maps_a_row_a_head_and_nulls(subject):
    (view,) = views_of(subject, ["attention"])
    assert [track.kind for track in view.tracks] == ["line", "curves", "matrix", "matrix", "matrix"]
    assert view.arrays["mean"].shape == view.arrays["rollout"].shape == (24, 24)
    np.testing.assert_allclose(view.arrays["layers"].mean(axis=0), view.arrays["mean"], atol=1e-6)
    assert view.table.column_names[:4] == ["layer", "head", "mean_distance", "special"]
    assert view.table.num_rows == 2 * 4
    assert view.strength.mean() == pytest.approx(1, abs=1e-5)
    assert [null.name for null in view.nulls] == ["shuffled", "untrained"]
    assert {null.view.tracks[-1].title for null in view.nulls} == {view.tracks[-1].title}  # the same head
    assert "Attention is no mechanism" in view.text


@pytest.mark.filterwarnings("ignore:it was trained on another genome")
def test_the_head_that_is_asked_for_is_shown(subject, tmp_path):
    asked = dnalect.explain(subject.genome, "chrA:1001-1024", subject.model, show="attention", head="2.3", nulls=False)
    view = asked.places[0].views[0]
    assert view.tracks[-1].title == "layer 2, head 3"
    asked.write(tmp_path / "why.html")
    page = (tmp_path / "why.html").read_text()
    assert page.count("<polyline") == 2
    assert "the head that was asked for" in page
    with pytest.raises(ConfigError, match=r"layers 1 to 2 with the heads 1 to 4, no head 3\.1"):
        dnalect.explain(subject.genome, "chrA:1001-1024", subject.model, show="attention", head="3.1")
    with pytest.raises(ConfigError, match="layer and head with a dot"):
        dnalect.explain(subject.genome, "chrA:1001-1024", subject.model, show="attention", head="3")


def test_attention_is_set_beside_dependencies(subject):
    attention, dependency = views_of(subject, ["attention", "dependency"], nulls=False)
    found = agreement(attention.arrays["mean"], dependency.arrays["map"])
    assert f"their mean {found.raw:.2f}, {found.within:.2f} among pairs equally far apart" in attention.text
    alike = beside(attention, replace(dependency, arrays={"map": attention.arrays["rollout"]}))
    assert "rollout 1.00, 1.00 among pairs equally far apart" in alike.text


def test_labels_are_of_bases_reference_motifs_and_annotation(subject, tmp_path):
    genome = dnalect.open_genome({"chrA": "ACGGGGTNttacaGG"})
    place = Region(0, 0, 15)
    found = labels_of(replace(subject, genome=genome, place=place))
    assert list(found) == ["GC", "runs", "repeats"]
    assert _text(found["GC"]) == ".xxxxx.....x.xx"
    assert _text(found["runs"]) == "..xxxx........."
    assert _text(found["repeats"]) == "........xxxxx.."
    gff = tmp_path / "genes.gff"
    gff.write_text("chrA\t.\tgene\t3\t8\t.\t+\t.\tID=a\nchrA\t.\tCDS\t3\t5\t.\t+\t0\tID=b\n")
    motif = Motif("TACA", np.array([[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]], dtype=np.float64))
    known = {"motifs": (motif,), "annotation": open_annotation(gff)}
    found = labels_of(replace(subject, genome=genome, place=place, **known))
    assert _text(found["coding"]) == "..xxx.........."
    assert _text(found["intergenic"]) == "xx......xxxxxxx"
    assert _text(found["promoter"]) == "xx............."
    assert _text(found["motifs"]) == ".........xxxx.."
    columns = views_of(replace(subject, **known), ["attention"], nulls=False)[0].table.column_names
    assert columns[-6:] == ["coding", "coding_p", "intergenic", "intergenic_p", "promoter", "promoter_p"]


def _text(mask):
    return "".join("x" if each else "." for each in mask)
