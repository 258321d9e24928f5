"""The matrix: a client is run through situations, each in a tenant of its own, and judged by what it did."""
