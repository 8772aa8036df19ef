"""A scored file -> ranked table, table of haplotypes, page: the whole job."""

from dnalect.core.files import check_outputs
from dnalect.core.reporter import say
from dnalect.jobs.choice import named_models
from dnalect.jobs.rank.outputs import haplotype_path, kind_of, write_outputs
from dnalect.jobs.rank.ranking import Options, Ranked, rank_variants


def rank_file(path: str, output: str, options: Options, report: str | None = None) -> Ranked:
    """Rank a scored file and write the table, the table of haplotypes, and the page, all or none.

    output: .tsv, .parquet or "-" for a TSV on stdout. Raises a DnalectError and leaves nothing
    behind where an input or output is unusable.
    """
    kind_of(output)
    more = [haplotype_path(output)] if options.haplotypes else []
    given = (path, options.labels, options.haplotypes, options.weights, options.conservation, options.annotate)
    check_outputs([output, report, *more], (*given, options.group_by, options.reference, *named_models(options.model)))
    ranked = rank_variants(path, options)
    write_outputs(ranked, output, report)
    if not options.quiet:
        for note in ranked.notes:
            say(note)
    return ranked
