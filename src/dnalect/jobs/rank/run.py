"""A scored file -> ranked table, table of haplotypes, page: the whole job."""

from dnalect.core.files import check_outputs
from dnalect.core.reporter import say
from dnalect.jobs.rank.options import Options
from dnalect.jobs.rank.outputs import haplotype_path, kind_of, write_outputs
from dnalect.jobs.rank.ranking import Ranked, rank_variants
from dnalect.jobs.selection import named_models


def rank_file(options: Options) -> Ranked:
    """Rank a scored file and write the table, the table of haplotypes, and the page, all or none.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    kind_of(options.output)
    more = [haplotype_path(options.output)] if options.haplotypes else []
    given = (options.scored, options.labels, options.haplotypes, options.config, options.conservation)
    others = (options.annotate, options.group_by, options.reference, *named_models(options.model))
    check_outputs([options.output, options.report, *more], (*given, *others))
    ranked = rank_variants(options)
    write_outputs(ranked, options.output, options.report)
    for note in ranked.notes:
        say(note)
    return ranked
