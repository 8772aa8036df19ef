"""dnalect design --model FOLDER --goal expression=high --length 80 -o designs.fa -o designs.html"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import OutputError
from dnalect.core.reporter import say
from dnalect.jobs.design.options import Options


@command("design", Options, quiet="Say nothing but warnings and errors.")
def design(options: Options) -> None:
    """Design sequences towards fine-tuned models, under constraints, beside rivals at as many calls.

    No sequence that breaks a constraint is read or written. What a predictor says of what was made for it is no
    evidence: name a --judge that learned from other data, a --likelihood, and what is --known.

    \b
    dnalect design -m expression --goal expression=high --length 80 --gc 0.3-0.6 --forbid BsaI -o new.fa -o new.html
    dnalect design -m cells --goal cells.K562=high --goal cells.GM12878=low --from element.fa --edits 8 -o new.tsv
    dnalect design -m expression --goal expression=low --from ACGTN...NACGT --protect 1-17 --judge other -o new.fa
    """
    from dnalect.core.figures import table_of
    from dnalect.jobs.design.job import design_file
    from dnalect.jobs.design.options import check_suffix

    with wrong_usage(OutputError):
        for output in options.outputs:
            check_suffix(output)
    done = design_file(options)
    say(table_of(done.figures, 2))
    files = ", ".join("stdout" if output == "-" else output for output in options.outputs)
    say(f"{len(done.designs):,} designs after {done.groups[0].asked.calls:,} calls: {files}")
