"""Calibration: what captures of a service show about the points on which the sources disagree.

A capture is redacted before anything is seen in it, so that nothing which is told or written can hold what was taken out.
"""
