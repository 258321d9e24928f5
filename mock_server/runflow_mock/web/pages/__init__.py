"""Pages and texts of the www and docs sides: plain functions from records and a base address to HTML, Markdown and JSON.

Nothing here reads a request; `web/site.py` builds the base address and says which page. No page loads anything from another host.
"""
