"""Labelled sequences in: one reader a format, and what is made of the rows that they read.

file -> `Table` (table.py, bed.py, fasta.py) -> `Rows` (rows.py) -> `Examples` (read.py).
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
