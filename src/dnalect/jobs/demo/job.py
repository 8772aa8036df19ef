"""The demo: what the embedded models know of sequence that they never saw, and two real VCFs scored."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

from dnalect.core.errors import OutputError
from dnalect.core.figures import shown
from dnalect.core.records import Row
from dnalect.core.reporter import phase
from dnalect.core.summaries import Summary
from dnalect.core.tables import aligned
from dnalect.genome.coding import read_coding, sound_genes
from dnalect.genome.fasta import open_genome
from dnalect.inference.likelihood import scorer_for
from dnalect.jobs.demo import data
from dnalect.jobs.demo.genes import Genes, read_genes
from dnalect.jobs.demo.labels import Learned, learn
from dnalect.jobs.demo.pictures import draw
from dnalect.jobs.options import DemoOptions
from dnalect.jobs.score import score_file
from dnalect.jobs.score_options import Options
from dnalect.models.load import language_model
from dnalect.report.page import Page, Section, write_page
from dnalect.tokens.bases import encode

MODEL = "duplex-yeast"
# Bases of chrXIV whose genes are read.
READ = 100_000
SHOWN = 5
COMMAND = "dnalect demo"


@dataclass(frozen=True)
class Shown:
    """What the demo made. told: what the models know, and the lowest variants. files: what each is, and its path."""

    told: str
    files: tuple[tuple[str, Path], ...]


def demo(options: DemoOptions) -> Shown:
    """Write what the models know, and the scored variants, into the folder."""
    out = options.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}") from error
    picture, page = out / "knows.png", out / "index.html"
    genes, learned = knowledge(picture)
    yeast = _scored(out / "yeast", str(data.YEAST), str(data.YEAST_VARIANTS), annotate=str(data.YEAST_GENES))
    human = _scored(out / "human", str(data.HUMAN), str(data.HUMAN_VARIANTS), assembly="hg19")
    write_page(_page(genes, learned, yeast, human, picture), page)
    files = (
        ("start here", page),
        ("scored yeast VCF", out / "yeast.vcf.gz"),
        ("its report", out / "yeast.html"),
        ("scored human VCF", out / "human.vcf.gz"),
        ("its report", out / "human.html"),
    )
    return Shown(f"{_told(genes, learned)}\n{_table(yeast)}", files)


def knowledge(picture: Path) -> tuple[Genes, Learned]:
    """Measure what duplex-yeast knows of chrXIV and of a histone mark there, and draw it."""
    model, genome = language_model(MODEL), open_genome(data.YEAST)
    codes = encode(genome.fetch(0, 0, int(genome.lengths[0])))
    sound, _ = sound_genes(read_coding(data.YEAST_GENES)[genome.names[0]], codes)
    with phase("reading genes that the model never saw", total=2) as bar:
        genes = read_genes(scorer_for(model, genome), genome, sound, READ)
        bar.update()
        learned = learn(model, data.YEAST_LABELS)
        bar.update()
    draw(genes, learned, picture)
    return genes, learned


def _scored(stem: Path, reference: str, variants: str, **more: Any) -> Summary:
    outputs = (f"{stem}.vcf.gz", f"{stem}.tsv")
    return score_file(Options(reference, variants, outputs, report=f"{stem}.html", command=COMMAND, **more))


def _told(genes: Genes, learned: Learned) -> str:
    frames, stops = genes.in_frame, genes.separated["missense"]
    few, many = learned.model[1], learned.kmers[-1]
    return f"""What {MODEL} knows of sequence that it never saw:
  reading frames    a new stop codon in frame against the same one out of frame: AUROC {shown(frames)}
  consequences      missense above stop gained: AUROC {shown(stops)} (kind of substitution alone: {genes.by_type["missense"]:.3f})
  histone marks     H4 from {few[0]:,.0f} labels: AUROC {few[1].mean:.3f}; k-mer counts from {many[0]:,.0f} labels: {many[1].mean:.3f}
"""  # noqa: E501


def _page(genes: Genes, learned: Learned, yeast: Summary, human: Summary, picture: Path) -> Page:
    frames, synonymous, missense = genes.in_frame, genes.separated["synonymous"], genes.separated["missense"]
    first, few, many = learned.model[0], learned.model[1], learned.kmers[-1]
    scored = Section(
        "Two real VCFs, scored",
        (
            "yeast.html: what differs between two laboratory strains (BY and RM) in the first quarter of a chromosome, "
            "with the gene and the consequence of each variant.",
            "human.html: what the 1000 Genomes Project found in 100,000 bases of chromosome 20, indels and structural "
            "variants among it. duplex-human is a small model of two chromosomes: it knows exons, CpG and promoters "
            "better than a Markov model does, and splice sites, too, though a motif of them knows them better. Its "
            "report says how common and rare alleles fare here.",
        ),
        columns=("file", "records", "alleles", "with a score"),
        rows=tuple(
            (name, f"{s.records:,}", f"{s.alternates:,}", f"{s.outcomes.get('scored', 0):,}")
            for name, s in (("yeast.vcf.gz", yeast), ("human.vcf.gz", human))
        ),
        right=frozenset({"records", "alleles", "with a score"}),
        links=(("yeast report", "yeast.html"), ("human report", "human.html")),
    )
    return Page(
        "What a DNA language model of 4 MB knows",
        f"{MODEL} learned from the bases of yeast alone: no genes, no labels. Chromosome XIV it never saw.",
        (
            Section(
                "Reading frames, consequences, histone marks",
                (
                    f"Of all substitutions that spell TAA, TAG or TGA in {genes.count} genes, those in the gene's "
                    f"reading frame score lowest: AUROC {shown(frames, 2)} against the other two frames. The three "
                    "letters are the same; only the frame differs.",
                    f"Gained stops score below missense substitutions with AUROC {shown(missense, 2)}, and below "
                    f"synonymous ones with {shown(synonymous, 2)}. The kind of substitution alone (A to T, C to T ...) "
                    f"reaches {genes.by_type['missense']:.2f} and {genes.by_type['synonymous']:.2f}.",
                    f"The states inside the model, frozen, with a regression on {first[0]:,.0f} labelled windows: "
                    f"AUROC {shown(first[1], 2)} on {learned.tested} windows of chromosomes XIII and XIV; with "
                    f"{few[0]:,.0f} labels {shown(few[1], 2)}. k-mer counts need {many[0]:,.0f} labels for "
                    f"{shown(many[1], 2)}.",
                ),
                pictures=(("", picture.read_bytes()),),
                wide=True,
            ),
            scored,
        ),
        {"command": COMMAND, "model": f"{MODEL} {language_model(MODEL).card.revision}"},
    )


def _table(summary: Summary) -> str:
    """The lowest-ranked variants as aligned text."""
    lines = [["variant", "gene", "consequence", "score", "percentile"], *(_cells(row) for row in summary.top[:SHOWN])]
    return "The natural variants that it expects least:\n" + indent(aligned(lines), "  ") + "\n"


def _cells(row: Row) -> list[str]:
    score = row.score
    return [
        f"{row.contig}:{row.position:,} {_short(row.ref)}>{_short(row.alt)}",
        row.gene,
        row.consequence,
        "" if score.value is None else f"{score.value:.2f}",
        "" if score.percentile is None else f"{score.percentile:.2%}",
    ]


def _short(allele: str) -> str:
    return allele if len(allele) <= 12 else f"{allele[:9]}..."
