"""Benchmarks of the bridge, always as ratios to something measured in the same run."""
