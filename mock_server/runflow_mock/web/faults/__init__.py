"""Faults of exchanges: which rules a request meets (`meeting`), what leaves then (`plans`), and how (`sending`)."""
