"""dnalect merge scored.vcf.gz.part"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.core.summaries import Summary
from dnalect.jobs.shards import MergeOptions


@command("merge", MergeOptions)
def merge(options: MergeOptions) -> None:
    """Put the shards of score, scan, embed or predict with --shard in FOLDER together: the outputs of one run.

    What no shard has done is done here.

    \b
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --shard 1/2
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --shard 2/2
    dnalect merge scored.vcf.gz.part
    """
    from dnalect.cli.score import told
    from dnalect.jobs.scan.job import Scanned
    from dnalect.jobs.shards import merge_shards

    done = merge_shards(options.folder)
    if isinstance(done, Summary):
        told(done)
    elif not isinstance(done, Scanned):
        say(f"{done.rows:,} rows by {done.model}")
    else:
        say(f"{done.bases:,} bases in {done.chunks:,} chunks")
