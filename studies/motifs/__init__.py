"""Study: which motifs a model of yeast knows without labels."""
