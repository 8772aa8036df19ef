"""Designed promoters and elements, and what judges say of them that the designer did not use."""
