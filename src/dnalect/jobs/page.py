"""The page as a file: `dnalect page`."""

from typing import Annotated

from typing_extensions import Doc

from dnalect.core.configs import config
from dnalect.core.errors import OutputError
from dnalect.core.files import check_outputs, check_writable, write_text
from dnalect.core.flags import MODEL, File, Flag, Texts
from dnalect.page.build import page_text


@config
class PageOptions:
    """Which models go into the page, and where it is written."""

    output: Annotated[File, Flag(argument=True, metavar="OUT.html"), Doc("The file to write.")]
    models: Annotated[Texts, MODEL, Doc("Name or folder; repeatable [default: all that ship].")] = ()


def write_page(options: PageOptions) -> int:
    """Write the page, whole or not at all, and return its bytes.

    Raises OutputError where it can't be written, ModelError for a model that the browser can't run.
    """
    path = options.output
    check_writable(path)
    if path.suffix not in (".html", ".htm"):
        raise OutputError(f"the page is HTML: {path} should end in .html")
    check_outputs([path], options.models)
    text = page_text(options.models or None)
    write_text(path, text)
    return len(text.encode())
