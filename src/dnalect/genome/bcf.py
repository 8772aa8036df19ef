"""BCF in, as the lines of VCF that `bcftools view` would write of it."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from dnalect.core.errors import VcfError
from dnalect.core.urls import is_url, shown
from dnalect.genome.streams import open_lines

MAGIC = b"BCF\x02"


@contextmanager
def open_vcf_lines(source: str, what: str) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a file or stdin as `open_lines` does, those of a BCF as VCF.

    Raises InputError where it cannot be read or is cut short, VcfError where a BCF is damaged.
    """
    with open_lines(source, what) as lines:
        first = next(lines, b"")
        every = chain([first] if first else [], lines)
        if first.startswith(MAGIC):
            with tempfile.NamedTemporaryFile(suffix=".bcf") as spooled:
                yield _lines(shown(source), _named(source, every, spooled))
        else:
            yield every


def _named(source: str, unpacked: Iterable[bytes], spooled: Any) -> str:
    """The name of a file that holds the BCF: pysam reads no bytes that were read before."""
    if source != "-" and not is_url(source):
        return source
    spooled.writelines(unpacked)
    spooled.flush()
    return str(spooled.name)


def _lines(source: str, path: str) -> Iterator[bytes]:
    import pysam

    # htslib's own messages would come before ours.
    before = pysam.set_verbosity(0)
    try:
        with pysam.VariantFile(path) as file:
            yield from str(file.header).encode().splitlines(keepends=True)
            yield from _records(file)
    # pysam says that it can't read a kind of file with a RuntimeError.
    except (OSError, ValueError, RuntimeError) as error:
        name = "on standard input" if source == "-" else source
        raise VcfError(f"the BCF {name} is damaged or cut short: {error}; `bcftools view` says more") from error
    finally:
        pysam.set_verbosity(before)


def _records(file: Any) -> Iterator[bytes]:
    for record in file:
        yield str(record).encode()
