"""Files of genomes: FASTA, VCF, regions, annotation, tracks; alleles -> windows, or the reason why not."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
