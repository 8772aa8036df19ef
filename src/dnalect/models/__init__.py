"""Models: the seam (`Model`), families, loading, heads, pooling, LoRA."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
