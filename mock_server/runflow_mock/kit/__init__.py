"""What judges and tells about servers, clients, receivers, documents and skills.

It looks at the fake, and at any other server, over HTTP, or through `openapi` and `media`, which both may use.
Nothing that serves imports it.
"""
