"""Contests: each measures some rows for all contenders, in turns, and says of those that fail what went wrong."""
