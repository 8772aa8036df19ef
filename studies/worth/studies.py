"""Which studies there are, and what each one asks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from studies.worth import (
    aligned,
    codons,
    consequences,
    conservation,
    effect,
    human,
    influence,
    likelihood,
    network,
    network_variants,
    profiles,
    promoters,
    regulation,
    reporter,
    splice,
    strains,
)
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
        likelihood.NAME,
        "Bits per base",
        "How many bits less than 2 the model takes for a base of the test regions, which neither it nor its rivals "
        "saw: all of them; *homology-free*, tiles of 512 bases without a 24-mer that the training regions share; "
        "*repeats*, bases in such a 24-mer; coding, between genes, and *promoters*, 500 bases before a start of "
        "transcription that are not coding. The rivals are Markov models of both sides of order 24, 12 bases on each "
        "side: *interpolated*, and *mixed*, all orders joined with weights fitted on the validation regions. The "
        "intervals draw blocks of 10 kb.",
        {YEAST: partial(likelihood.run, species=YEAST)},
    ),
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
        "SNPs between the strain S288C and others, W303 and RM, against substitutions of the same type in the same "
        "10 kb, coding against coding. Where a strain carries the base that other species have, the reference changed, "
        "and the base at the site nearly gives the answer away: these are reported apart. *Non-conservation within 10 "
        "bases*: the mean share of other species that have another base there than the reference, or none, the site "
        "itself left out. Then all substitutions of sound genes by their consequence, matched by codon position and by "
        "the substitution on the coding strand, so that neither gives the answer away; the intervals draw whole genes.",
        {YEAST: strains.run},
    ),
    Study(
        codons.NAME,
        "Why synonymous does not lie above missense",
        "Substitutions of sound genes that keep the amino acid against those that change it, of the same change at "
        "the same codon position. Which of them keep it is decided by the codon, so that whatever prefers some codons, "
        "for their bases or for how much they are used, ranks them too: *codon usage* is ln of the share of the "
        "alternate's codon in the genes of other chromosomes less that of the reference's; *the same three bases out "
        "of frame* is the model's own mean log-ratio of the same change of the same three bases on the coding "
        "strand of these genes where they are no codon. What the model knows of frame and code is left when that is "
        "taken off. *Genes of rare* and *of common codons* are thirds of them, by how common their codons are in genes "
        "of ribosomal proteins. *Within the codon* every score is ranked within the change first. The intervals draw "
        "whole genes.",
        {YEAST: codons.run},
    ),
    Study(
        conservation.NAME,
        "Conservation among relatives",
        "For each base the share of the aligned relatives that have the same base, which no model has been shown "
        "beside it, against what the model expects from one genome alone: the information of its prediction and the "
        "probability of the base that is there. *Z. tritici*: up to 12 relatives. *S. cerevisiae*: five strains of "
        "*S. paradoxus* and *S. arboricola*, its own other strains left out. The intervals draw blocks of 10 kb.",
        {YEAST: partial(conservation.run, species=YEAST), ZYMOSEPTORIA: conservation.run},
    ),
    Study(
        aligned.NAME,
        "With the genomes of relatives",
        "The score `column` (`dnalect score --alignment`): how much likelier the bases that relatives have at a site "
        "are with the alternate than with the reference base, under a model of substitution along their tree, alone "
        "and added to the log-ratio. Five strains of *S. paradoxus*, *S. arboricola* and, on chrI, *S. kudriavzevii* "
        "and *S. mikatae*; tree and rates are learned from the other chromosomes. No rival of the same kind is left "
        "out: who has relatives needs no model to do as well as the relatives alone.",
        {YEAST: aligned.run},
    ),
    Study(
        network.NAME,
        "A network that reads relatives",
        "A duplex with the columns of relatives beside it (`dnalect pretrain` with an alignment), on chromosomes that "
        "neither it nor the duplex inside learned from. Rivals: that duplex, the relatives alone (the score `column`), "
        "their sum, and that with the weight of the log-ratio that is best on the other chromosome. *Bound over "
        "unbound motifs*: matches of a factor's motif at a summit of its ChIP-exo against matches of like fit and GC "
        "without one near by, by the information of the prediction at the motif's core.",
        {YEAST: network.run},
    ),
    Study(
        network_variants.NAME,
        "A network that reads relatives, on variants of promoters",
        "Promoter variants and the reporter assay lie on chrI to chrX, which `aligned-yeast` learned from. So another "
        "of the same making is asked, which learned from half of the genome, on the rest of it (`make folds`). All is "
        "ranked within the substitution type. The relatives' tree is learned from the other chromosomes.",
        {YEAST: network_variants.run},
    ),
    Study(
        reporter.NAME,
        "Measured effects of natural yeast variants",
        "Substitutions between the strains BY and RM whose effect on expression a reporter assay measured "
        "(Renganaath et al. 2020), in two libraries: upstream of genes, and first tiles at starts of transcription. Do "
        "scores tell variants with a significant effect from the others, and do they rank with the size of the effect, "
        "and with its sign? Rivals are what is known of each variant: how near the gene lies, nucleosomes, frequency, "
        "and how many other species carry which allele. The derived allele is the one that relatives do not have. The "
        "intervals draw blocks of 10 kb.",
        {YEAST: reporter.run},
    ),
    Study(
        effect.NAME,
        "A head that learns effects of yeast variants",
        "What supervised predictors do: a head on the model's frozen states and scores learns which promoter variants "
        "are common, and which have a measured effect, from all chromosomes but the one that is judged. Is it better "
        "than the bare log-ratio, and than the same head on the relatives' genomes alone? The intervals draw promoters "
        "and blocks of 10 kb.",
        {YEAST: effect.run},
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
    Study(
        influence.NAME,
        "What variants change elsewhere",
        "The influence of a variant, what it changes in the predictions around it, beside the size of its log-ratio. "
        "Human: 15 regulatory elements of CAGI5, and pairs of alleles in a reporter (CAGI4, Tewhey 2016), zero-shot. "
        "Yeast: common promoter variants against singletons of the same type, from the major to the minor allele (a "
        "common one should change little), and measured effects (Renganaath 2020). A score can look good by telling "
        "transitions from transversions, so all is asked *within the substitution type*, too.",
        {YEAST: influence.run_yeast, HUMAN: influence.run_human},
    ),
)
