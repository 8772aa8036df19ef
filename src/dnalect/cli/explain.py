"""dnalect explain genome.fa --region chrI:1,001-1,200 -o why.html"""

from dnalect.cli.options import command, wrong_usage
from dnalect.core.errors import ConfigError, OutputError
from dnalect.core.reporter import say
from dnalect.jobs.explain.options import Options


@command("explain", Options, quiet="Say nothing but warnings and errors.")
def explain(options: Options) -> None:
    """Show what a model sees at places of REFERENCE (FASTA), beside what it sees where there is nothing.

    \b
    Views (--show):
      substitutions  what every substitution of a base changes
      influence      what a variant changes in the predictions around it
      dependency     how a substitution at each base moves what is expected at the others
      motifs         stretches that stand out, and the known motifs that they are (--motifs FILE)
      gradients      what each base adds to what the model says: integrated gradients, saliency
      attention      which bases each base looks at, of transformers; it is no mechanism

    \b
    dnalect explain genome.fa --region chrI:1,001-1,200 -o why.html
    dnalect explain genome.fa --variant chrI:1001:A:G -o why.html -o why.tsv
    dnalect explain genome.fa --vcf variants.vcf.gz --top 5 -o why.html
    """
    from dnalect.jobs.explain.job import explain_file, suffix_of
    from dnalect.why.views import names_of

    with wrong_usage(OutputError, ConfigError):
        if not options.outputs:
            raise OutputError("say where to write: -o why.html, why.npz or why.tsv")
        for output in options.outputs:
            suffix_of(output)
        if options.show:
            names_of(options.show)
    found = explain_file(options)
    for place in found.places:
        for view in place.views:
            say("\n  ".join([f"{place.title}: {view.title.lower()}", *(null.text for null in view.nulls)]))
