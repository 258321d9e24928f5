"""Records, tables and decisions. Standard library and msgspec only; no I/O, no clock, no entropy."""
