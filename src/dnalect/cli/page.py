"""dnalect page out.html"""

from dnalect.cli.options import command
from dnalect.core.reporter import say
from dnalect.jobs.page import PageOptions


@command("page", PageOptions)
def page(options: PageOptions) -> None:
    """Write a page that runs DNA language models in the browser: one file, no network, nothing to install.

    \b
    dnalect page page.html
    dnalect page page.html --model duplex-yeast
    """
    from dnalect.jobs.page import write_page

    size = write_page(options)
    say(f"{options.output}: {size / 1e6:.1f} MB; open it in a browser, send it to a friend")
