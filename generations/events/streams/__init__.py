"""The event streams: an ASGI process of its own, because streams stay open and pages are faster under WSGI."""
