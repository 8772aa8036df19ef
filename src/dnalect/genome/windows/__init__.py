"""Where to look: alleles -> variants and haplotype windows."""
