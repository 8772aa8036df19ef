"""dnalect embed genome.fa --window 1000 -o windows.parquet"""

from dataclasses import replace

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.embed.options import PER_BASE, Options


@command("embed", Options)
def embed(options: Options) -> None:
    """Write the vectors that a model has for the sequences of INPUT.

    INPUT: a FASTA, a BED, a VCF (two rows for each alternate allele), a table with a column sequence, or a sequence.

    \b
    dnalect embed genome.fa --window 1000 --step 500 -o windows.parquet
    dnalect embed peaks.bed --reference genome.fa -o peaks.h5ad
    dnalect embed variants.vcf.gz --reference genome.fa -o alleles.npz
    dnalect embed labelled.csv --model duplex-yeast -o vectors.parquet --plot map.png --method tsne
    dnalect embed train.csv --model dnabert-6 --strands both -o train.parquet
    """
    from dnalect.jobs.embed.outputs import suffix_of

    with wrong_usage(OutputError):
        for output in options.outputs:
            suffix_of(output, options.pool == PER_BASE)
    from dnalect.api.given import as_file
    from dnalect.jobs.embed.job import embed_file

    with as_file(options.source) as path:
        done = embed_file(replace(options, source=path))
    if options.shard:
        say(f"{done.rows:,} vectors of shard {options.shard} are in {options.outputs[0]}.part")
        return
    say(f"{done.rows:,} vectors of {done.width:,} channels by {done.model}: {', '.join(options.outputs)}")
