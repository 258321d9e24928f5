"""The ASGI application; one thin module per noun."""
