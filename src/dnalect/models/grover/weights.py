"""GROVER is a stock BERT: its weight names are DNABERT's."""

from dnalect.models.dnabert.weights import TABLE

__all__ = ["TABLE"]
