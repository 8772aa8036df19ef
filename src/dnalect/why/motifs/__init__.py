"""Motifs: where scores of bases stand out, which known motifs these places are, and what variants do to sites."""
