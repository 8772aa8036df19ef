"""The page as one file: the same bytes every time, whole, escaped, and nothing from elsewhere."""

import base64
import json
import re
from importlib import resources

import pytest
from click.testing import CliRunner

from dnalect.cli.page import page as command
from dnalect.core.errors import DnalectError, OutputError
from dnalect.genome.fasta import open_genome
from dnalect.jobs.page import PageOptions, write_page
from dnalect.page import assets, build


@pytest.fixture(scope="module")
def text():
    return build.page_text(["duplex-human"])


def test_the_same_bytes_every_time_and_not_too_many(text):
    assert text == build.page_text(["duplex-human"])
    assert len(text) < build.LARGEST / 2


def test_nothing_is_asked_of_a_network(text):
    loads = re.findall(
        r'(?:src|href)="([^"#]+)"', text[: text.index("<body>")] + re.sub(r"<script.*?</script>", "", text, flags=re.S)
    )
    assert all(each.startswith(("data:", "https://github.com/")) for each in loads), loads
    assert "default-src 'none'" in text


def test_every_import_is_in_the_import_map(text):
    addresses = json.loads(re.search(r'<script type="importmap">(.*?)</script>', text, re.S)[1])["imports"]
    assert {"front/file.js", "front/main.js", "engine/engine.js"} <= addresses.keys()
    assert "front/served.js" not in addresses
    for address in addresses.values():
        code = base64.b64decode(address.partition(",")[2]).decode()
        named = re.findall(r'^import [^"\n]*"([^"]+)";$', code, re.M)
        assert set(named) <= addresses.keys()


def test_data_can_not_end_their_element(monkeypatch):
    assert "</script>" not in assets.json_text({"name": "</script><script>alert(1)</script>"})
    monkeypatch.setattr(
        assets, "_kept", lambda name: {"bases": "ACGT", "text": "</script>"} | {"contig": "1", "offset": 0}
    )
    monkeypatch.setattr(assets, "_features", lambda name: [])
    assert "</script>" not in assets.data()["genomes"]


def test_bases_are_packed_four_a_byte(text):
    genomes = json.loads(assets.data()["genomes"])
    found = genomes["human"]
    codes = base64.b64decode(found["packed"])
    spelled = "".join("ACGT"[(byte >> shift) & 3] for byte in codes for shift in (6, 4, 2, 0))[: found["length"]]
    genome = open_genome(str(resources.files("dnalect") / "demo_data" / "human_chr20_slice.fa.gz"))
    assert spelled == genome.contig(genome.names[0]).tobytes().decode()
    assert found["offset"] == 1_000_000
    motif = found["features"][0]
    assert spelled[motif["start"] - 1_000_000 : motif["end"] - 1_000_000] == "AGGGTGCCCTCTTGTGGCCT"
    for each in genomes.values():
        assert 0.3 < each["gc"] < 0.5
    names = {each["name"] for each in genomes["yeast"]["features"]}
    assert {"HHF2", "POR1", "SUF6"} <= names


def test_examples_lie_where_they_say(text):
    genomes, examples = (json.loads(assets.data()[name]) for name in ("genomes", "examples"))
    for each in examples:
        genome = genomes[each["genome"]]
        assert genome["offset"] <= each["start"] < each["end"] <= genome["offset"] + genome["length"]
    assert sorted(each["opens"] for each in examples if "opens" in each) == ["change", "depend"]


def test_a_page_that_would_be_too_large_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "LARGEST", 1_000_000)
    with pytest.raises(OutputError, match="choose fewer models"):
        write_page(PageOptions(tmp_path / "page.html", ("duplex-human",)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "models", "told"),
    [
        ("page.txt", (), "should end in .html"),
        ("no/page.html", (), "does not exist"),
        (".", (), "is a folder"),
        ("page.html", ("no-such-model",), "no-such-model"),
    ],
)
def test_what_can_not_be_written_is_said_before(tmp_path, name, models, told):
    with pytest.raises(DnalectError, match=told):
        write_page(PageOptions(tmp_path / name, models))
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_it_wrote(tmp_path):
    path = tmp_path / "page.html"
    done = CliRunner().invoke(command, [str(path), "-m", "duplex-human"], catch_exceptions=False)
    assert done.exit_code == 0
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
