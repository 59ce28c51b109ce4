"""What must not happen to a caller, whatever happens to us. `make chaos` runs the long form of each story."""
