"""A picture of vectors, and sequences on the command line."""

import numpy as np
import pytest
from click.testing import CliRunner

import dnalect
from dnalect.alike.projection import reduced
from dnalect.cli.main import dnalect as command
from dnalect.core.errors import ConfigError, InputError, OutputError


def test_two_clusters_stay_apart():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 12))
    vectors[20:] += 5
    for method in ("pca", "tsne"):
        points, axes = reduced(vectors, method)
        assert points.shape == (40, 2)
        one, other = points[:20].mean(axis=0), points[20:].mean(axis=0)
        assert np.linalg.norm(one - other) > 2 * points[:20].std()
        assert all(axes)
    with pytest.raises(InputError, match="at least four"):
        reduced(vectors[:3])
    with pytest.raises(InputError, match="all vectors are the same"):
        reduced(np.ones((9, 4)))
    with pytest.raises(ConfigError, match="one of pca, tsne, umap"):
        reduced(vectors, "mds")


def test_a_map_is_drawn(model_folder, tmp_path):
    frame = {"sequence": [base * 40 + "ACGT" for base in "ACGTAC"], "label": list("aabbcc")}
    found = dnalect.embed(model_folder, frame)
    found.plot(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match="no column 'kind'; there are id"):
        found.plot(tmp_path / "map.png", colour="kind")


def test_a_map_of_windows_shows_itself_and_is_written(model_folder, tmp_path):
    frame = {"sequence": [base * 40 + "ACGT" for base in "ACGTAC"], "label": list("aabbcc")}
    found = dnalect.map_windows(frame, str(model_folder), method="pca", clusters="none", rivals="none")
    assert found._repr_png_().startswith(b"\x89PNG")
    assert found._repr_html_ is None
    measures = found.measures.to_pandas()
    assert list(measures.columns[:5]) == ["task", "part", "who", "metric", "n"]
    assert not measures.duplicated(["task", "part", "who", "metric"]).any()
    found.write(tmp_path / "map.svg", tmp_path / "map.html", tmp_path / "map.tsv")
    assert "<svg" in (tmp_path / "map.svg").read_text()
    assert {"label", "x", "y"} <= set((tmp_path / "map.tsv").read_text().splitlines()[0].replace('"', "").split("\t"))
    with pytest.raises(OutputError, match="none of the suffixes"):
        found.write(tmp_path / "map.tsv", tmp_path / "map.pdf")


def test_a_sequence_on_the_command_line_is_read(model_folder, tmp_path):
    words = ["embed", "ACGTTGCAACGTT", "-m", str(model_folder), "--strands", "both", "-o", str(tmp_path / "v.npz")]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    with np.load(tmp_path / "v.npz") as found:
        vectors, told = found["embedding"], str(found["metadata"])
    assert vectors.shape[0] == 1
    assert "the second half of the channels repeats the first" in told
    np.testing.assert_array_equal(*np.split(vectors, 2, axis=1))
