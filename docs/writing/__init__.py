"""What the documentation has from the code: each module writes the parts of one subject."""
