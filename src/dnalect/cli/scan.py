"""dnalect scan genome.fa -o genome.parquet -o genome.bw"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.scan.options import Options


@command("scan", Options, quiet="Say nothing but warnings and errors.")
def scan(options: Options) -> None:
    """Compute every single-base substitution of REFERENCE (FASTA).

    A scan that was stopped goes on where it was when the same command is given again.

    \b
    dnalect scan genome.fa -o genome.parquet -o genome.bw
    dnalect scan genome.fa -o genome.parquet --shard 3/20
    """
    from dnalect.jobs.scan.outputs import paths_of

    with wrong_usage(OutputError):
        names = [str(path) for output in options.outputs for path in paths_of(output)]
    from dnalect.jobs.scan.job import scan_genome

    done = scan_genome(options)
    if options.shard:
        say(f"{done.chunks:,} chunks of shard {options.shard} are in {options.outputs[0]}.part")
        return
    say(f"{done.bases:,} bases in {done.chunks:,} chunks: {', '.join(names)}")
