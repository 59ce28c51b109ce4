"""Figures of this machine, and ratios between things measured in the same run."""
