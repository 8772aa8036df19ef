"""The command line: thin commands, made of the options of jobs; for those of others, too."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
