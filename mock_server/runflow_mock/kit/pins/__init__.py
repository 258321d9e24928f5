"""Pins: digests of what others publish, the files that hold them, and what a newer copy changes."""
