"""Why: what a model sees at a place, beside what it would see where there is nothing."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
