"""Measurements of the fake: `python -m benchmarks` holds it against a bare Starlette app on the same machine in the same minutes.

Absolute figures hold for one machine; the ratios and the targets are what counts.
"""
