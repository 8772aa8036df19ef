"""Variants -> table of candidate targets, picture: the whole of `dnalect link`."""

from dnalect.core.files import check_outputs
from dnalect.jobs.link.options import Options
from dnalect.jobs.link.outputs import write_outputs
from dnalect.jobs.link.targets import Linked, link_variants
from dnalect.jobs.rank.outputs import kind_of


def link_file(options: Options) -> Linked:
    """Link the variants of a file with genes, and write the table and the picture, all or none.

    Raises a DnalectError and leaves nothing behind where an input or output is unusable.
    """
    kind_of(options.output)
    given = (options.scored, options.annotate, options.domains, *options.contacts, *options.active)
    check_outputs([options.output, options.picture], given)
    linked = link_variants(options)
    write_outputs(linked, options.output, options.picture, options.at)
    return linked
