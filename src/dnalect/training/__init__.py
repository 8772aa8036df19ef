"""The one loop, objectives, corpus, recipes, fine-tuning."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
