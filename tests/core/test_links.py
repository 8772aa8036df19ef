"""Links to genome browsers, and that the script of a page makes the same ones."""

import json
import re
import shutil
import subprocess
from importlib import resources

import pytest

from dnalect.core.links import contig_names, for_page, links

SNV = ("20", 1_000_010, "A", "G", 1_000_010)


@pytest.mark.parametrize(
    ("assembly", "contig", "names"),
    [
        ("GRCh37 (hg19)", "20", ("chr20", "20", 0)),
        ("GRCh38", "chrX", ("chrX", "X", 0)),
        ("GRCh38", "chrM", ("chrM", "MT", 0)),
        ("GRCh38", "20:1000001-2000000", ("chr20", "20", 1_000_000)),
        ("GRCh38", "chrUn_KI270302v1", None),
        ("R64", "chrIV", ("chrIV", "IV", 0)),
        ("R64 (sacCer3)", "4", ("chrIV", "IV", 0)),
        ("R64", "chrMito", ("chrM", "Mito", 0)),
        ("", "chr1", None),
        ("GRCm39", "chr1", None),
    ],
)
def test_a_contig_has_the_names_of_its_browsers(assembly, contig, names):
    assert contig_names(assembly, contig) == names


def test_links_of_a_human_snv():
    assert dict(links("GRCh37 (hg19)", *SNV)) == {
        "UCSC": "https://genome.ucsc.edu/cgi-bin/hgTracks?db=hg19&position=chr20%3A999990-1000030"
        "&highlight=hg19.chr20%3A1000010-1000010",
        "gnomAD": "https://gnomad.broadinstitute.org/variant/20-1000010-A-G?dataset=gnomad_r2_1",
        "Ensembl": "https://grch37.ensembl.org/Homo_sapiens/Location/View?r=20%3A999990-1000030",
        "IGV": "http://localhost:60151/goto?locus=20%3A999990-1000030",
    }
    assert "gnomad_r4" in dict(links("GRCh38", *SNV))["gnomAD"]


def test_a_slice_is_shown_in_its_assembly_and_as_it_is_in_igv():
    found = dict(links("GRCh38", "20:1000001-2000000", 10, "A", "G", 10))
    assert "chr20%3A1000001-1000030" in found["UCSC"]
    assert found["gnomAD"].endswith("20-1000010-A-G?dataset=gnomad_r4")
    assert found["IGV"].endswith("locus=20%3A1000001-2000000%3A1-30")


def test_long_and_symbolic_alleles_are_shown_as_regions():
    for ref, alt in (("A", "<DEL>"), ("A" * 60, "A"), ("A", "*")):
        found = dict(links("GRCh38", "chr20", 1000, ref, alt, 1500))
        assert "/region/20-980-1520?" in found["gnomAD"]
        assert "highlight=hg38.chr20%3A1000-1500" in found["UCSC"]


def test_yeast_and_what_is_not_known():
    found = dict(links("R64 (sacCer3)", "chrIV", 100, "A", "G", 100))
    assert list(found) == ["UCSC", "Ensembl", "SGD", "IGV"]
    assert found["SGD"] == "https://browse.yeastgenome.org/?loc=chrIV%3A80..120"
    assert [label for label, _ in links("", "chr1", 5, "A", "G", 5)] == ["IGV"]


def test_hostile_names_stay_inside_the_address():
    ((_, url),) = links("", 'x"&<script>/../', 5, "A", "G", 5)
    assert url == "http://localhost:60151/goto?locus=x%22%26%3Cscript%3E%2F..%2F%3A1-25"


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_script_of_a_page_makes_the_same_links():
    script = resources.files("dnalect.report").joinpath("templates/report.js").read_text()
    body = re.search(r"  function links\(r\) \{.*?\n  \}\n", script, re.DOTALL)[0]
    cases = [
        ("GRCh37", *SNV),
        ("GRCh38", "20:1000001-2000000", 10, "A", "<DEL>", 300),
        ("R64", "chrIV", 100, "AC", "A", 102),
        ("GRCh38", "odd&name", 5, "A", "G", 5),
    ]
    for assembly, contig, position, ref, alt, end in cases:
        page = json.dumps(for_page(assembly, [contig]))
        row = json.dumps([contig, position, f"{ref}>{alt}", end])
        code = f"""
        function Made() {{ this.kids = []; }}
        Made.prototype.appendChild = function (kid) {{ this.kids.push(kid); }};
        var document = {{createElement: function () {{ return new Made(); }}}};
        var look = {page}, columns = ["contig", "position", "change"], at = {{contig: 0, position: 1, change: 2}};
        {body}
        console.log(JSON.stringify(links({row}).kids.map(function (a) {{ return [a.textContent, a.href]; }})));
        """
        out = subprocess.run(["node", "-e", code], capture_output=True, text=True, check=True)
        assert [tuple(each) for each in json.loads(out.stdout)] == links(assembly, contig, position, ref, alt, end)
