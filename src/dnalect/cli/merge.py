"""dnalect merge scored.vcf.gz.part"""

from dnalect.cli.options import command
from dnalect.jobs.shards import MergeOptions


@command("merge", MergeOptions)
def merge(options: MergeOptions) -> None:
    """Put the shards of `dnalect score --shard` in FOLDER together: the outputs that one run would have written.

    What no shard has scored is scored here.

    \b
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --shard 1/2
    dnalect score genome.fa variants.vcf.gz -o scored.vcf.gz --shard 2/2
    dnalect merge scored.vcf.gz.part
    """
    from dnalect.cli.score import told
    from dnalect.jobs.shards import merge_shards

    told(merge_shards(options.folder))
