"""The deterministic world of one tenant. Imports the domain only."""
