"""What a SKILL.md says, read out of its text (`reading`) and held against an OpenAPI document (`holding`)."""
