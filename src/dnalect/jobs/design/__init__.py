"""Designs towards predictors, under constraints, and what others say of them."""
