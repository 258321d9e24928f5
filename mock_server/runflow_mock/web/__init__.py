"""Floor 3: the Starlette application; one thin module per noun."""
