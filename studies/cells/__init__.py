"""What a sequence, and the signals around it, tell of the cells in which it is open."""
