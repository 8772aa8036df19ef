"""The rows of `make bench`: each what one thing costs beside another, measured in the same process or run."""
