"""Maps as files: a page that holds what it should, AnnData where scanpy looks, vectors read back, errors that help."""

import json
import re

import anndata
import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, DnalectError, InputError, OutputError

EVIL = "</script><b>&"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Forty sequences of two compositions, as a labelled table; one label would end a script if it were let."""
    rng = np.random.default_rng(2)
    path = tmp_path_factory.mktemp("map") / "t.csv"
    rows = [
        "".join(rng.choice(list("ACGT"), 90, p=[0.4, 0.1, 0.1, 0.4] if at % 2 else [0.1, 0.4, 0.4, 0.1]))
        for at in range(40)
    ]
    path.write_text(
        "sequence,label\n" + "".join(f"{row},{EVIL if at % 2 else 'rich'}\n" for at, row in enumerate(rows))
    )
    return path


@pytest.fixture(scope="module")
def made(table, model_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    outs = [folder / f"m.{suffix}" for suffix in ("html", "png", "svg", "h5ad")]
    found = dnalect.map_windows(
        table, model_folder, outputs=outs, method="tsne", permutations=19, count=2, progress=False
    )
    return found, folder


def test_the_page_holds_every_window_and_is_escaped(made):
    found, folder = made
    page = (folder / "m.html").read_text()
    assert EVIL not in page
    assert not re.search(r"""(src|href)=["']?https?:""", page)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert len(data["loci"]) == len(found) == 40
    assert [(p["who"], p["method"]) for p in data["pictures"][:2]] == [("tiny", "t-SNE"), ("tiny", "PCA")]
    assert {p["who"] for p in data["pictures"]} == {"tiny", "words of 3-5", "the same network, untrained"}
    label = data["columns"][0]
    assert label["name"] == "label"
    assert sorted(label["classes"]) == sorted([EVIL, "rich"])
    assert [label["classes"][k] for k in label["of"]] == found["label"]
    assert "neighbourhood purity" in page


def test_pictures_are_pictures(made):
    _, folder = made
    assert (folder / "m.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (folder / "m.svg").read_text()[:500]


def test_anndata_has_it_where_scanpy_looks(made):
    found, folder = made
    held = anndata.read_h5ad(folder / "m.h5ad")
    np.testing.assert_allclose(held.X, found.vectors)
    assert {"X_pca", "X_tsne"} <= set(held.obsm)
    np.testing.assert_allclose(held.obsm["X_tsne"], found.points, rtol=1e-4)
    assert held.varm["PCs"].shape == (held.n_vars, held.obsm["X_pca"].shape[1])
    assert held.uns["pca"]["variance_ratio"].sum() == pytest.approx(1, abs=0.05)
    assert [held.obs[name].dtype.name for name in ("leiden", "label")] == ["category"] * 2
    assert len(held.uns["leiden_colors"]) == held.obs["leiden"].nunique()
    assert held.uns["neighbors"]["connectivities_key"] in held.obsp
    ties = held.obsp["connectivities"]
    assert abs(ties - ties.T).max() == 0
    assert held.uns["dnalect"]["model"] == "tiny"
    assert set(held.uns["dnalect_purity"]["metric"]) == {"neighbourhood purity", "silhouette"}


def test_vectors_are_mapped_as_their_sequences_are(table, model_folder, made, tmp_path):
    found, folder = made
    for suffix in (".h5ad", ".parquet", ".npz"):
        vectors = tmp_path / f"v{suffix}"
        if suffix == ".h5ad":
            vectors.write_bytes((folder / "m.h5ad").read_bytes())
        else:
            dnalect.embed(model_folder, table, strands=2, outputs=vectors, progress=False)
        again = dnalect.map_windows(vectors, method="pca", colours="label", clusters="none", permutations=0)
        assert again["label"] == found["label"]
        np.testing.assert_array_equal(again.neighbours[:, 0], found.neighbours[:, 0])
        assert {figure.who for figure in again.figures} == {"tiny"}


def test_a_genome_is_cut_annotated_and_sampled(fasta, model_folder, tmp_path):
    gff = tmp_path / "g.gff"
    gff.write_text(
        "".join(f"chrA\t.\tCDS\t{low}\t{low + 400}\t.\t+\t0\tID=c{low}\n" for low in (200, 1200, 2200, 4200))
    )
    lines = []
    told = {
        "window": 100,
        "sample": 30,
        "annotate": gff,
        "method": "pca",
        "clusters": "kmeans",
        "count": 2,
        "apart": 200,
    }
    reporter = dnalect.Reporter(state=False, say=lines.append)
    found = dnalect.map_windows(fasta, model_folder, progress=reporter, permutations=9, rivals=["gc", "words"], **told)
    assert len(found) == 30
    assert set(found["region"]) == {"", "CDS", "intergenic"}
    assert [(c, s) for c, s in zip(found["contig"], found["start"], strict=True)] == sorted(
        zip(found["contig"], found["start"], strict=True)
    )
    assert any("30 of " in line for line in lines)
    assert {f.who for f in found.figures} == {"tiny", "GC content", "words of 3-5"}
    assert set(found["kmeans"]) == {"0", "1"}


@pytest.mark.parametrize(
    ("told", "error", "message"),
    [
        ({"outputs": "m.pdf"}, OutputError, "none of the suffixes .html, .png, .svg, .h5ad"),
        ({"colours": "kind"}, ConfigError, "no column 'kind'; there are id"),
        ({"rivals": "blast"}, ConfigError, "no rival 'blast': give some of words, untrained, gc, or none"),
        ({"clusters": "louvain"}, ConfigError, "one of leiden, kmeans, none"),
        ({"pool": "base"}, ConfigError, "a dot a window"),
    ],
)
def test_wrong_options_are_told(table, model_folder, told, error, message):
    with pytest.raises(error, match=re.escape(message)):
        dnalect.map_windows(table, model_folder, **told)


def test_what_holds_no_vectors_is_told(tmp_path, model_folder):
    for suffix in (".npz", ".parquet", ".h5ad"):
        path = tmp_path / f"v{suffix}"
        path.write_bytes(b"nothing")
        with pytest.raises(InputError, match="holds no vectors as dnalect embed writes them"):
            dnalect.map_windows(path)
    dnalect.embed(model_folder, ["ACGT" * 30] * 5, pool="base", outputs=tmp_path / "b.npz")
    with pytest.raises(InputError, match="a vector for every base"):
        dnalect.map_windows(tmp_path / "b.npz")
    with pytest.raises(DnalectError, match="at least four"):
        dnalect.map_windows({"sequence": ["ACGT" * 9]}, model_folder, method="pca")


def test_the_command_says_what_it_found(table, model_folder, tmp_path):
    words = ["map", str(table), "-m", str(model_folder), "--method", "pca", "--clusters", "none", "--permutations", "9"]
    done = CliRunner().invoke(command, [*words, "-o", str(tmp_path / "m.html")])
    assert done.exit_code == 0, done.output
    assert "label: neighbourhood purity " in done.output
    assert "40 windows by tiny" in done.output
    done = CliRunner().invoke(command, [*words, "-o", str(tmp_path / "m.txt")])
    assert done.exit_code == 2
