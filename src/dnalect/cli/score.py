"""dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --report report.html"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.core.summaries import Summary
from dnalect.jobs.score_options import Options


@command("score", Options)
def score(options: Options) -> None:
    """Score VARIANTS (VCF, TSV or BED; - for stdin) on REFERENCE (FASTA).

    Every record comes out, in order; what cannot be scored says why.

    \b
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --report report.html
    dnalect score genome.fa variants.vcf.gz -o scored.tsv --model dnabert-3,dnabert-6 --score llr,distance
    dnalect score genome.fa variants.vcf.gz -o scored.tsv --model my-finetuned-model --shifts 5
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --shard 3/8
    """
    from dnalect.scored.writers import kind_of

    with wrong_usage(OutputError):
        for output in options.outputs:
            kind_of(output, True)
    if options.shard:
        from dnalect.jobs.shards import score_shard

        records = score_shard(options)
        say(f"{records:,} records of shard {options.shard} are in {options.outputs[0]}.part")
        return
    from dnalect.jobs.score import score_file

    told(score_file(options))


def told(summary: Summary) -> None:
    """Say what became of the records."""
    counts = ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(summary.outcomes.items(), key=lambda kv: -kv[1]))
    say(f"{summary.records:,} records, {summary.alternates:,} alternates: {counts or 'none'}")
    say(summary.seen)
