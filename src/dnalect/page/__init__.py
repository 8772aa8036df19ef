"""The page: what people ask of a DNA language model by touching it, in one file or from a server."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
