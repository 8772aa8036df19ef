"""dnalect predict my-model genome.fa --window 300 --step 100 -o genome.bw"""

from dataclasses import replace

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.predict.options import Options


@command("predict", Options, quiet="Say nothing but warnings and errors.")
def predict(options: Options) -> None:
    """Write what MODEL, a folder that dnalect finetune made, predicts of the sequences of INPUT.

    INPUT: a FASTA (with --window a genome in tiles), a BED, a table with a column sequence,
    or a sequence. Of a model of tracks (Enformer, SpliceAI): a FASTA or a BED, in bins.

    \b
    dnalect predict my-model sequences.fa -o - | head
    dnalect predict my-model peaks.bed --reference genome.fa -o peaks.tsv -o peaks.bed
    dnalect predict my-model genome.fa --window 300 --step 100 -o genome.bw
    """
    from dnalect.jobs.predict.outputs import suffix_of

    with wrong_usage(OutputError):
        for output in options.outputs:
            suffix_of(output)
    from dnalect.api.given import as_file
    from dnalect.jobs.predict.job import predict_file

    *before, source = options.given
    with as_file(source) as path:
        done = predict_file(replace(options, given=(*before, path)))
    if options.shard:
        say(f"{done.rows:,} predictions of shard {options.shard} are in {options.outputs[0]}.part")
        return
    files = ", ".join("stdout" if output == "-" else output for output in options.outputs)
    say(f"{done.rows:,} predictions by {done.model}: {files}")
