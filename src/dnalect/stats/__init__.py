"""Numbers about numbers: draws, ranking, metrics, calibration, linear fits; no genome in it."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
