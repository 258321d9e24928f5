"""The Starlette application; one thin module per noun."""
