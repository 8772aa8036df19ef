"""Which studies there are, and what each one asks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studies.worth import consequences, conservation, human, profiles, promoters, regulation, splice, strains
from studies.worth.bench import Findings, Options
from studies.worth.species import HUMAN, USTILAGO, YEAST, ZYMOSEPTORIA, Species


@dataclass(frozen=True, eq=False)
class Study:
    """One study. title, text: for the page. runs: species -> what measures a model on it."""

    name: str
    title: str
    text: str
    runs: dict[Species, Callable[[Options], Findings]]


STUDIES = (
    Study(
        promoters.NAME,
        "Natural variants of yeast promoters",
        "Alleles of 80-bp promoters in 1,011 yeast isolates, placed on S288C. *Common over singletons*: does the score "
        "rank variants that more than 5% of the isolates carry above variants of the same substitution type that one "
        "isolate carries? REF is not the ancestral allele, so this is asked a second time from the major to the minor "
        "allele. *Natural over random*: does it rank natural variants above substitutions of the same type in the same "
        "promoter that no isolate has? The intervals draw whole promoters.",
        {YEAST: promoters.run},
    ),
    Study(
        strains.NAME,
        "Strains, and what substitutions do to proteins",
        "SNPs between the strains S288C and W303 against substitutions of the same type in the same 10 kb, coding "
        "against coding. Then all substitutions of sound genes by their consequence, matched by codon position and by "
        "the substitution on the coding strand, so that neither gives the answer away; the intervals draw whole genes.",
        {YEAST: strains.run},
    ),
    Study(
        conservation.NAME,
        "Conservation among relatives",
        "For each base of *Z. tritici* the share of up to 12 aligned relatives that have the same base, which no model "
        "has seen, against what the model expects from one genome alone: the information of its prediction and the "
        "probability of the base that is there. The intervals draw blocks of 10 kb.",
        {ZYMOSEPTORIA: conservation.run},
    ),
    Study(
        profiles.NAME,
        "Around starts, stops, splice sites and tRNAs",
        "The mean information of the prediction (2 bits: one base is certain; 0: all are as likely) around "
        "landmarks, on their strand. The figures are differences between a landmark and what lies near by, in "
        "information and in *gain*: by how many bits the base that is there is likelier than by the composition of its "
        "contig. The intervals draw whole landmarks.",
        {YEAST: partial(profiles.run, species=YEAST), USTILAGO: partial(profiles.run, species=USTILAGO)},
    ),
    Study(
        human.NAME,
        "Human variants",
        "Variants of 1000 Genomes on chr20:1-2 Mb, common against seen once, matched by trinucleotide and alternate, "
        "which holds CpG apart. The change is read from the ancestral to the derived allele (AA of the file; capital "
        "letters are those that it is sure of); from REF to ALT, and from the major to the minor allele, the same "
        "question is biased and stands beside it as a warning. Every substitution of the HNF4A promoter (Kircher et "
        "al. 2019), and the variants of 15 regulatory elements of the CAGI5 challenge, whose effects reporter assays "
        "measured. The elements are scored as they stand, without flanks and without any training on such assays. "
        "*Within the substitution type* scores and effects are ranked among those of the same type, so that what a "
        "transition does on average tells nothing; of HNF4A a second time among those with about as many barcodes, "
        "which say how noisy a measurement is. Research use only.",
        {HUMAN: human.run},
    ),
    Study(
        splice.NAME,
        "Human splice sites",
        "G>A at the first base of an intron (GT) and at its last (AG) destroys the splice site. Is that disfavoured "
        "more than G>A on the same strand within 3 kb, on chr20:60-62.9 Mb? Asked of any other G, and of other GT and "
        "AG, which are not spliced. The splice motif is a position-weight matrix of the sites elsewhere on chr20, "
        "and knows nothing else. The intervals draw blocks of 10 kb. SpliceAI and Pangolin are made for this question.",
        {HUMAN: splice.run},
    ),
    Study(
        consequences.NAME,
        "Human coding substitutions",
        "All substitutions of genes whose reading frame is clear, on chr20:1-2 Mb and 60-62.9 Mb, by their "
        "consequence, matched by codon position and by the substitution on the coding strand, so that neither gives "
        "the answer away; then by the trinucleotide too, because CpG decides much in human. The intervals draw whole "
        "genes.",
        {HUMAN: consequences.run},
    ),
    Study(
        regulation.NAME,
        "Human motifs and promoters",
        "Matches of known motifs (HOCOMOCO) in the peaks of their factor (ENCODE, nine cell lines) against matches "
        "that fit as well and have no peak near by; TATA boxes of starts of genes against other matches; 300 bases "
        "around starts of genes in CpG islands against others in islands. Asked is how much the model expects the "
        "bases of a motif's core (columns of 1 bit or more) or of the 300: the mean ln p(reference), the same less "
        "that of the bases 10 to 60 away, and the information. Factors are pooled by ranking within each. The "
        "intervals draw blocks of 10 kb.",
        {HUMAN: regulation.run},
    ),
)
