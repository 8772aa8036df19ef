"""What is alike without a label: maps, clusters, neighbourhoods, the nearest windows, elements of other genomes."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
