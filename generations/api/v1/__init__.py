"""The management API under `/api/v1/`: everything of a team but the videos themselves, one module a noun.

Each operation names the scope it needs, checks what the caller may see in `access`, and calls the services that the
pages call too. Lists come in pages by cursor, errors as problem details; `openapi` tells all of it to machines.
"""
