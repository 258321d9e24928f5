"""Probes: what a webhook handler is sent to find out how it behaves."""
