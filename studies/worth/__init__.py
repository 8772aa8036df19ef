"""Studies of what a model knows; each hands back rows and plots."""
