"""What models say of windows and variants: the forward loop, likelihoods, scores, distances, changes."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
