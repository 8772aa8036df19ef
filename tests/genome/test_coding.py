from pathlib import Path

import numpy as np
import pytest

from dnalect.core.errors import InputError
from dnalect.genome.coding import CONSEQUENCES, every_substitution, read_coding, sound_genes
from dnalect.genome.fasta import open_genome
from dnalect.tokens.bases import BASES, decode, encode, reverse_complement

DEMO = Path(__file__).parents[2] / "src" / "dnalect" / "demo_data"
# M A W K * with an intron inside the codon of W.
FIRST, INTRON, SECOND = "ATGGCTT", "GTATGTCAG", "GGAAATAA"
HEAD = "CCCCC"
GENE = HEAD + FIRST + INTRON + SECOND + "TTTTTTT"


def contig(forward: bool) -> np.ndarray:
    codes = encode(GENE)
    return codes if forward else reverse_complement(codes)


def gff(path: Path, forward: bool, attributes: str = "locus_tag=Y1", phase: str = ".") -> Path:
    begin, length = len(HEAD), len(GENE)
    parts = [(begin, begin + len(FIRST))]
    parts.append((parts[0][1] + len(INTRON), parts[0][1] + len(INTRON) + len(SECOND)))
    if not forward:
        parts = [(length - end, length - start) for start, end in reversed(parts)]
    strand = "+" if forward else "-"
    lines = [f"c\tx\tCDS\t{start + 1}\t{end}\t.\t{strand}\t{phase}\t{attributes}" for start, end in parts]
    path.write_text("##gff-version 3\n" + "\n".join(lines) + "\n")
    return path


def by_hand(position: int, alt: str) -> str:
    """Consequence of a substitution on the coding strand, from the spliced gene."""
    table = {"ATG": "M", "GCT": "A", "GCA": "A", "GCC": "A", "GCG": "A", "TGG": "W", "AAA": "K", "AAG": "K", "TAA": "*"}
    spliced = FIRST + SECOND
    index = position - len(HEAD) - (len(INTRON) if position >= len(HEAD) + len(FIRST) else 0)
    codon = index // 3 * 3
    if codon in (0, len(spliced) - 3):
        return "other"
    changed = (spliced[:index] + alt + spliced[index + 1 :])[codon : codon + 3]
    if changed in ("TAA", "TAG", "TGA"):
        return "nonsense"
    return "synonymous" if table.get(changed) == table[spliced[codon : codon + 3]] else "missense"


@pytest.mark.parametrize("forward", [True, False])
def test_a_gene_with_an_intron_on_either_strand(tmp_path, forward):
    codes = contig(forward)
    (gene,) = read_coding(gff(tmp_path / "a.gff", forward))["c"]
    assert decode(gene.bases(codes)) == FIRST + SECOND
    assert gene.protein(codes) == "MAWK*"
    assert gene.fault(codes) == ""
    every = every_substitution([gene], codes)
    assert len(every) == 3 * len(FIRST + SECOND)
    assert (codes[every.positions] == every.ref).all()
    for n in range(len(every)):
        position = int(every.positions[n]) if forward else len(GENE) - 1 - int(every.positions[n])
        assert GENE[position] == BASES[every.coding_ref[n]]
        assert CONSEQUENCES[every.consequence[n]] == by_hand(position, BASES[every.coding_alt[n]])
        assert every.alt[n] == (every.coding_alt[n] if forward else 3 - every.coding_alt[n])
    assert {"synonymous", "missense", "nonsense", "other"} == {CONSEQUENCES[n] for n in every.consequence}


def test_both_strands_give_the_same_consequences(tmp_path):
    counts = []
    for forward in (True, False):
        codes = contig(forward)
        genes = read_coding(gff(tmp_path / "a.gff", forward))["c"]
        every = every_substitution(genes, codes)
        counts.append(sorted(zip(every.codon_position, every.coding_alt, every.consequence, strict=True)))
    assert counts[0] == counts[1]


def test_a_base_of_two_genes_is_left_out(tmp_path):
    codes = contig(True)
    (gene,) = read_coding(gff(tmp_path / "a.gff", True))["c"]
    assert len(every_substitution([gene, gene], codes)) == 0


def test_the_phase_of_the_first_part_is_cut_off(tmp_path):
    path = tmp_path / "a.gff"
    path.write_text("c\tx\tCDS\t4\t12\t.\t+\t2\tID=a\nc\tx\tCDS\t1\t12\t.\t-\t1\tID=b\n")
    genes = {gene.name: gene for gene in read_coding(path)["c"]}
    assert genes["a"].positions[0] == 5
    assert genes["b"].positions[0] == 10


@pytest.mark.parametrize("attributes", ["Parent=mRNA:a", 'name "gm.1"; proteinId 7', "locus_tag=Y;gene=Z"])
def test_parts_are_joined_by_whatever_names_the_transcript(tmp_path, attributes):
    assert len(read_coding(gff(tmp_path / "a.gff", True, attributes))["c"]) == 1


@pytest.mark.parametrize(
    ("sequence", "fault"),
    [
        ("ATGAAATAA", ""),
        ("ATGAAATA", "length is no multiple of 3"),
        ("ATAAAATAA", "no start codon"),
        ("ATGAAAAAA", "no stop codon"),
        ("ATGTAATAA", "stop codon inside"),
        ("ATGANATAA", "unknown base"),
        ("ATG", "shorter than two codons"),
    ],
)
def test_a_gene_says_what_is_wrong_with_it(tmp_path, sequence, fault):
    path = tmp_path / "a.gff"
    path.write_text(f"c\tx\tCDS\t1\t{len(sequence)}\t.\t+\t0\tID=a\n")
    genes, faults = sound_genes(read_coding(path)["c"], encode(sequence))
    assert [len(genes), dict(faults)] == ([0, {fault: 1}] if fault else [1, {}])


def test_a_gff_without_cds_is_refused(tmp_path):
    path = tmp_path / "a.gff"
    path.write_text("c\tx\tgene\t1\t9\t.\t+\t.\tID=a\n")
    with pytest.raises(InputError, match="no CDS"):
        read_coding(path)


def test_known_genes_of_yeast_chromosome_one():
    codes = encode(np.asarray(open_genome(DEMO / "yeast_chrI.fa.gz").contig("chrI")))
    genes = read_coding(DEMO / "yeast_chrI.gff.gz")["chrI"]
    sound, faults = sound_genes(genes, codes)
    assert len(sound) == len(genes) == 94
    assert not faults
    proteins = {gene.name: gene.protein(codes) for gene in genes}
    assert proteins["YAL038W"].startswith(
        "MSRLERLTSLNVVAGSDLRRTSIIGTIGPKTNNPETLVALRKAGLNIVRMNFSHGSYEYHKSVIDNARKSEELYPGRPLAIALDTKGPEIRTG"
    )
    assert len(proteins["YAL038W"]) == 501  # CDC19, with the stop
    assert proteins["YAL003W"].startswith(
        "MASTDFSKIETLKQLNASLADKSYIEGTAVSQADVTVFKAFQSAYPEFSRWFNHIASKADEFDSFPAASAAAAEE"
    )  # has an intron
