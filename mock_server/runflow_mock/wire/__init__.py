"""JSON and HTTP forms of domain values. Imports the domain only."""
