"""Genomes of relatives beside a reference: which base they have at a site, and what that says of the four bases."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
