"""Labelled sequences in: one reader a format, and what is made of the rows that they read.

file -> `Table` (table.py, bed.py, fasta.py) -> `Rows` (rows.py) -> `Examples` (read.py).
"""

from dnalect.examples.read import read_examples, read_parts
from dnalect.examples.signal import signal_over

__all__ = ["read_examples", "read_parts", "signal_over"]
