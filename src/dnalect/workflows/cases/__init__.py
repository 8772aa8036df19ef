"""The case studies of the textbook chapter, on real data."""
