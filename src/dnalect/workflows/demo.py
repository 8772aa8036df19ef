"""The demo: natural promoter variants of yeast chromosome I, scored with the embedded model."""

import sys
from pathlib import Path

from dnalect.core.errors import OutputError
from dnalect.core.records import Summary
from dnalect.workflows.score import score_file
from dnalect.workflows.scoring import Options

DATA = Path(__file__).parent.parent / "demo_data"
REFERENCE = DATA / "yeast_chrI.fa.gz"
VARIANTS = DATA / "promoter_variants.vcf.gz"
GENES = DATA / "yeast_chrI.gff.gz"
SHOWN = 10


def demo(out: Path) -> Path:
    """Score the shipped variants into `out` and return the path of the report."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}") from error
    report = out / "report.html"
    outputs = [out / "scored.vcf.gz", out / "scored.tsv"]
    summary = score_file(
        str(REFERENCE),
        str(VARIANTS),
        [str(path) for path in outputs],
        Options(annotate=str(GENES), command="dnalect demo"),
        report=str(report),
    )
    sys.stdout.write(table(summary))
    sys.stdout.write(f"\nannotated VCF  {outputs[0]}\ntable          {outputs[1]}\nreport         {report}\n")
    return report


def table(summary: Summary) -> str:
    """Return the lowest-ranked variants as aligned text."""
    lines = [["rank", "position", "change", "score", "percentile", "p(ref)", "carriers", "gene", "nearest TSS"]]
    for rank, row in enumerate(summary.top[:SHOWN], 1):
        score = row.score
        lines.append(
            [
                str(rank),
                f"{row.contig}:{row.position:,}",
                f"{row.ref}>{row.alt}",
                f"{score.value:.2f}",
                f"{score.percentile:.3%}" if score.percentile is not None else "",
                f"{score.ref_prob:.2f}" if score.ref_prob is not None else "",
                "" if row.allele_count is None else str(row.allele_count),
                row.gene,
                "" if row.tss_distance is None else f"{row.tss_distance:+}",
            ]
        )
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    rows = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\nThe alternates that the model expects least:\n\n" + "\n".join(rows) + "\n"
