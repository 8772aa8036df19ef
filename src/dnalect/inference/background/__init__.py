"""Percentiles: where a score stands among background variants of the same class and of its length.

Scores of different classes or lengths can't be compared; their percentiles can.
"""

from dnalect.inference.background.percentiles import Background
from dnalect.inference.background.strata import Stratum, stratum

__all__ = ["Background", "Stratum", "stratum"]
