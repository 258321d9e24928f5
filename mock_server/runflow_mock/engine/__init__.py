"""Floor 1: the deterministic world of one tenant. Imports the domain only."""
