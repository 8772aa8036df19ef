"""dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --report report.html"""

import shlex
import sys

import click

from dnalect.cli import machine


@click.command("score")
@click.argument("reference")
@click.argument("variants")
@click.option(
    *machine.OUTPUT,
    "outputs",
    multiple=True,
    help="out.vcf, .vcf.gz, .tsv, .parquet, a track (.bw, .bed, .bedgraph) or - (stdout, the default); "
    "may be repeated.",
)
@click.option(
    *machine.MODEL,
    help="Model or model folder; several, with commas between them, are an ensemble: the mean of their scores "
    "(write a comma of a name as \\,). Chosen by the reference's contig lengths if not given.",
)
@click.option(
    "--score",
    "scores",
    metavar="llr|distance|change|llr,distance|...",
    help="llr: log-likelihood ratio. distance: how far apart the model places the two haplotypes. change: of a "
    "fine-tuned model, what it predicts of the alternate less that of the reference. "
    "[default: llr; llr,change with a fine-tuned model]",
)
@click.option("--report", help="Write an HTML report here.")
@click.option("--multiqc", help="Write MultiQC custom content here (..._mqc.json).")
@click.option(
    "--annotate",
    metavar="GFF3|GTF",
    help="Add gene, region, consequence (missense, splice donor ...) and distance to the nearest TSS.",
)
@click.option(
    "--motifs",
    metavar="MEME",
    help="Add the motif whose best match changes most, with its bits; a file in MEME's format, e.g. of JASPAR or "
    "HOCOMOCO.",
)
@machine.rename
@click.option(
    "--assembly",
    metavar="NAME",
    help="What the reference is a part of, e.g. hg38, where its contigs are parts of chromosomes: 20:1-2000000.",
)
@click.option(
    "--force-reference",
    is_flag=True,
    help="Score even where the variants contradict the reference; the outputs say so.",
)
@click.option(
    "--dup-as-tandem",
    is_flag=True,
    help="Take <DUP> and <CN2>, <CN3> ... for copies right behind the original.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Bases of the window of an indel, of distances, and of a predicted change [default: the model's].",
)
@click.option(
    "--shifts",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Predicted change: the mean over an odd number of windows, 5 bases from one to the next.",
)
@machine.strands("Predicted change: strands that the model reads [default: as it was trained].", reverse=True)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 4096),
    help="Most windows in a batch; changes no number but by rounding [default: as many as have 16,384 tokens].",
)
@click.option(
    "--indels",
    type=click.Choice(["fast", "exact"]),
    default="fast",
    show_default=True,
    help="Insertions and deletions of masked models: fast hides the bases around them together (4 passes, 24 of 6-mers "
    "side by side), exact one by one and more of them (some 200 passes).",
)
@click.option(
    "--background",
    type=click.IntRange(min=0),
    help="Background SNVs for percentiles; 0: no percentiles [default: what came with the model, else as many as cost "
    "at most twice the scoring].",
)
@click.option(
    "--background-others",
    type=click.IntRange(min=0),
    help="Background variants of every other class and range of lengths; 0: percentiles of SNVs alone [default: as "
    "--background; none for masked models].",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the background.")
@click.option(
    "--precomputed",
    metavar="FOLDER",
    help="Look SNVs up in OUT.parquet of `dnalect scan`, made with the same model and reference.",
)
@machine.device
@machine.dtype
@machine.threads
@click.option("--no-provenance", is_flag=True, help="Leave version, command and checksums out, for reproducible bytes.")
def command(
    reference: str,
    variants: str,
    outputs: tuple[str, ...],
    scores: str | None,
    report: str | None,
    multiqc: str | None,
    batch_size: int | None,
    background_others: int | None,
    no_provenance: bool,
    **rest: object,
) -> None:
    """Score VARIANTS (VCF, TSV or BED; - for stdin) on REFERENCE (FASTA).

    Every record comes out, in order; what cannot be scored says why.

    \b
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --report report.html
    dnalect score genome.fa variants.vcf.gz -o scored.tsv --model dnabert-3,dnabert-6 --score llr,distance
    dnalect score genome.fa variants.vcf.gz -o scored.tsv --model my-finetuned-model --shifts 5
    """
    from dnalect.core.errors import ConfigError, OutputError
    from dnalect.jobs.choice import scores_of
    from dnalect.jobs.outputs import kind_of

    wanted = list(outputs) or ["-"]
    try:
        for output in wanted:
            kind_of(output, True)
        measured = None if scores is None else scores_of(scores)
    except (OutputError, ConfigError) as error:
        raise click.UsageError(str(error)) from error

    from dnalect.jobs.score import score_file
    from dnalect.jobs.scoring import Options

    options = Options(
        scores=measured,
        batch=batch_size,
        background_others=background_others,
        provenance=not no_provenance,
        command=shlex.join(["dnalect", *sys.argv[1:]]),
        **rest,  # type: ignore[arg-type]
    )
    summary = score_file(reference, variants, wanted, options, report, multiqc)
    counts = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(summary.outcomes.items(), key=lambda kv: -kv[1]))
    click.echo(f"dnalect: {summary.records:,} records, {summary.alternates:,} alternates: {counts or 'none'}", err=True)
    click.echo(f"dnalect: {summary.seen}", err=True)
