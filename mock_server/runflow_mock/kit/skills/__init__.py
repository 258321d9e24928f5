"""SKILL.md files: found where agents look for them, compared with their pin, and checked claim by claim."""
