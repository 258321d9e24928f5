"""Drifting: what moved between a pinned document or catalog and a newer one."""
