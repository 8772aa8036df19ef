"""New sequences: drawn from what a model finds likely."""
