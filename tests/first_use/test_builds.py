"""Another assembly, or a part of one, is recognised, and nothing is claimed that isn't known."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import dnalect
from dnalect.core.errors import AssemblyError, ContigNameError, ModelError
from dnalect.core.reporter import Reporter, using
from dnalect.genome.builds import the_build
from dnalect.genome.fasta import open_genome
from dnalect.genome.regions import read_regions
from dnalect.jobs import selection
from dnalect.jobs.score import score_file, score_variants
from dnalect.jobs.score_options import Options
from dnalect.jobs.selection import foreign, model_for
from dnalect.models.assemblies import origin_of, saw
from dnalect.models.catalogue import embedded_cards

CARDS = {card.id: card for card in embedded_cards()}
HUMAN, YEAST = CARDS["duplex-human"], CARDS["duplex-yeast"]


@pytest.fixture(autouse=True)
def said():
    """What the runs say: without a listener a warning would be raised."""
    found = []
    with using(Reporter(say=found.append)):
        yield found


def genome(**contigs):
    return SimpleNamespace(names=tuple(contigs), lengths=np.array(list(contigs.values())))


def whole(name):
    return genome(**the_build(name).contigs)


def test_every_human_assembly_gets_the_human_model_and_is_told_apart():
    for name in ("hg19", "hg38", "hs1", "hg18"):
        assert model_for(whole(name), None) == "duplex-human"
        told = foreign(HUMAN, origin_of(whole(name)))
        assert (told == "") == (name == "hg19")
        assert name == "hg19" or ("same species" in told and "unknown for this assembly" in told)
    assert model_for(genome(chr20=63_025_520), None) == "duplex-human"
    assert model_for(whole("sacCer3"), None) == "duplex-yeast"


def test_the_default_reads_a_window_at_once_and_is_the_one_that_is_worth_most(monkeypatch):
    worth = {"duplex-yeast": 0.52, "better": 0.55, "masked": 0.6, "relatives": 0.55}
    cards = [replace(YEAST, id=name) for name in worth]
    cards[2], cards[3] = replace(cards[2], family="dnabert"), replace(cards[3], genomes=YEAST.genomes * 2)
    monkeypatch.setattr(selection, "embedded_cards", lambda: [*cards, HUMAN])
    monkeypatch.setattr(selection, "_worth", lambda card: worth.get(card.id, 0))
    found, own = selection.fitting(origin_of(whole("sacCer3")))
    assert ([card.id for card in found], own) == (["better", "relatives", "duplex-yeast", "masked"], True)
    assert model_for(genome(**{"chrXIV:1001-2000": 1000}), None) == "better"


def test_without_a_model_the_message_says_what_the_reference_is():
    for reference, words in (
        (whole("mm10"), r"Mus musculus, whose GRCm38 \(mm10\) this reference is.*duplex-human"),
        (genome(scaffold_1=12_345), r"GRCh38 \(hg38\)"),
        (genome(**{"X:1-5000": 5000}), "named like parts of several genomes"),
    ):
        with pytest.raises(ModelError, match=words):
            model_for(reference, None)


def test_seen_is_true_false_or_unknown():
    hg19, hg38, mouse = (origin_of(whole(name)) for name in ("hg19", "hg38", "mm10"))
    twenty = hg19.names.index("chr20")
    assert saw(HUMAN, hg19, twenty, 10_000_000, 10_000_001) is True
    assert saw(HUMAN, hg19, twenty, 60_500_000, 60_500_001) is False
    assert saw(HUMAN, hg38, twenty, 10_000_000, 10_000_001) is None
    assert saw(HUMAN, mouse, 0, 10_000_000, 10_000_001) is False
    assert saw(HUMAN, origin_of(genome(contig7=9_000_000)), 0, 5, 6) is None


@pytest.mark.parametrize("name", ["20:1000001-3000000", "chr20:1,000,001-3,000,000"])
def test_a_slice_is_placed_once_its_assembly_is_known(name):
    part = genome(**{name: 2_000_000})
    assert model_for(part, None) == "duplex-human"
    assert saw(HUMAN, origin_of(part), 0, 5, 6) is None
    assert "--assembly" in foreign(HUMAN, origin_of(part))
    hg19, hg38 = (origin_of(part, the_build(each)) for each in ("hg19", "hg38"))
    assert saw(HUMAN, hg19, 0, 5, 6) is False
    assert saw(HUMAN, hg19, 0, 1_500_000, 1_500_001) is True
    assert foreign(HUMAN, hg19) == ""
    assert saw(HUMAN, hg38, 0, 5, 6) is None
    assert "same species" in foreign(HUMAN, hg38)


def vcf(tmp_path, fasta, header="", shift=0, count=80):
    """Substitutions of chrA, whose REF is what stands `shift` bases further."""
    bases = open_genome(fasta).contig("chrA").tobytes().decode().upper()
    lines = [
        f"chrA\t{at + 1}\t.\t{bases[at + shift]}\t{'A' if bases[at + shift] != 'A' else 'C'}\t.\t.\t."
        for at in range(1000, 1000 + 20 * count, 20)
    ]
    path = tmp_path / "v.vcf"
    head = "##fileformat=VCFv4.2\n" + header + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "\n".join(lines) + "\n")
    return str(path)


def score(tmp_path, fasta, model_folder, variants, **options):
    out = tmp_path / "out.tsv"
    made = Options(str(fasta), variants, [str(out)], model=str(model_folder), background=0, **options)
    return score_file(made), out


def test_a_header_with_other_lengths_stops_the_run_and_names_both(tmp_path, fasta, model_folder):
    header = "##contig=<ID=chrA,length=6100,assembly=GRCh38>\n##contig=<ID=chrB,length=900>\n"
    variants = vcf(tmp_path, fasta, header)
    with pytest.raises(AssemblyError, match=r"chrA has 6,100 bases.*6,000 in the.*--force-reference"):
        score(tmp_path, fasta, model_folder, variants)
    assert not (tmp_path / "out.tsv").exists()
    with pytest.raises(AssemblyError):
        next(score_variants(str(fasta), variants, model=str(model_folder), percentiles=False))
    found, out = score(tmp_path, fasta, model_folder, variants, force_reference=True)
    assert found.notes[0].startswith("FORCED")
    assert "# dnalect forced_reference: chrA has 6,100" in out.read_text()


def test_other_names_of_a_contig_are_compared_too(tmp_path, fasta, model_folder):
    variants = vcf(tmp_path, fasta, "##contig=<ID=A,length=6100>\n")
    with pytest.raises(AssemblyError, match="A has 6,100"):
        score(tmp_path, fasta, model_folder, variants)


@pytest.mark.parametrize("header", ["", "##contig=<ID=chrA>\n", "##contig=<ID=chrA,length=6000>\n",
                                    "##contig=<ID=chrA,length=9000>\n##contig=<ID=chrZ,length=5>\n"])  # fmt: skip
def test_what_agrees_or_may_be_a_part_is_scored(tmp_path, fasta, model_folder, header):
    found, _ = score(tmp_path, fasta, model_folder, vcf(tmp_path, fasta, header))
    assert found.outcomes == {"scored": 80}
    assert not any("FORCED" in note or "REF" in note for note in found.notes)


def test_a_small_contig_of_another_length_sets_only_itself_aside(tmp_path, fasta, model_folder):
    variants = vcf(tmp_path, fasta, "##contig=<ID=chrA,length=6001>\n##contig=<ID=chrB,length=900>\n")
    long = "chrB\t100\t.\tA\tC\t.\t.\t.\n"
    with open(variants, "a") as file:
        file.write(long)
    with pytest.raises(AssemblyError):
        score(tmp_path, fasta, model_folder, variants)
    text = (tmp_path / "v.vcf").read_text().replace("length=6001", "length=6000").replace("length=900", "length=50")
    (tmp_path / "v.vcf").write_text(text)
    found, out = score(tmp_path, fasta, model_folder, variants)
    assert found.outcomes == {"scored": 80, "contig_missing": 1}
    assert "contig_missing:other_length" in out.read_text()
    assert any("chrB has 50 bases" in note for note in found.notes)


def test_many_other_reference_alleles_stop_the_run(tmp_path, fasta, model_folder):
    variants = vcf(tmp_path, fasta, shift=7)
    with pytest.raises(AssemblyError, match=r"of the first 80 alleles.*another REF.*--force-reference"):
        score(tmp_path, fasta, model_folder, variants)
    assert not (tmp_path / "out.tsv").exists()
    found, _ = score(tmp_path, fasta, model_folder, variants, force_reference=True)
    assert found.notes[0].startswith("FORCED")
    few, _ = score(tmp_path, fasta, model_folder, vcf(tmp_path, fasta, shift=7, count=40))
    assert "another REF" in few.notes[0]


def test_unknown_is_written_as_unknown(tmp_path, fasta, model_folder):
    part = tmp_path / "part.fa"
    part.write_text(">chrQ\n" + open_genome(fasta).contig("chrA")[1000:2000].tobytes().decode() + "\n")
    (tmp_path / "q.tsv").write_text("chrom\tpos\tref\talt\n" + f"chrQ\t500\t{_base(part, 499)}\tN\n")
    (row,) = score_variants(str(part), str(tmp_path / "q.tsv"), model=str(model_folder), percentiles=False)
    assert row.seen is None
    found, out = score(tmp_path, part, model_folder, str(tmp_path / "q.tsv"))
    assert found.facts[-1].startswith("Whether the model saw these places in training is unknown")
    assert "# dnalect seen_in_training: unknown for this assembly" in out.read_text()
    head, values = (line.split("\t") for line in out.read_text().splitlines()[-2:])
    assert values[head.index("seen_in_training")] == ""


def _base(path, at):
    return open_genome(path).packed[at : at + 1].tobytes().decode()


def test_variants_of_other_contigs_only_are_told_once(fasta, model_folder, tmp_path, said):
    vcf = tmp_path / "other.vcf"
    vcf.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr22\t50\t.\tA\tC\t.\t.\t.\n")
    options = Options(str(fasta), str(vcf), [str(tmp_path / "o.tsv")], model=str(model_folder), background=0)
    found = score_file(options)
    (told,) = [each for each in said if "no variant lies on a contig of" in each]
    assert "chrA" in told
    assert "--rename-contigs auto" in told
    assert told in found.notes


def test_what_is_told_of_a_part_chooses_the_model():
    part = genome(**{"X:1-5000": 5000})
    assert model_for(part, None, the_build("hg38")) == "duplex-human"
    with pytest.raises(ModelError, match="GRCm38"):
        model_for(part, None, the_build("mm10"))
    assert model_for(genome(**{"chrXIV:1,001-2,000": 1000}), None) == "duplex-yeast"
    # Of another length than the name says, or beyond the chromosome, it is a contig like any other.
    for wrong in ({"20:1000001-3000000": 1_999_999}, {"20:90000001-90002000": 2000}):
        with pytest.raises(ModelError, match="--model"):
            model_for(genome(**wrong), None)


@pytest.mark.parametrize("name", ["20:1000001-1002000", "chr20:1,000,001-1,002,000"])
def test_places_of_a_chromosome_are_not_taken_for_those_of_a_part(name, model_folder):
    bases = "".join(np.random.default_rng(5).choice(list("ACGT"), 2000))
    parts, alt = {name: bases}, "A" if bases[899] != "A" else "C"
    (row,) = dnalect.score(parts, [(name, 900, bases[899], alt)], model_folder, background=0)
    assert row.score.value is not None
    for options in ({}, {"rename": "auto"}):
        with pytest.raises(ContigNameError, match=f"part alone, '{name}'.*take 1,000,000 from their positions"):
            dnalect.score(parts, [("20", 1_000_900, bases[899], alt)], model_folder, background=0, **options)
    with pytest.raises(ContigNameError, match="the regions are on"):
        read_regions(open_genome(parts), ["chr20:1000100-1000200"])
