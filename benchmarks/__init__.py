"""Measure the package against named alternatives, as ratios of one run."""
