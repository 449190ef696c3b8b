"""The management API under `/api/v1/`: everything of a team except submitting. One module per resource.

Each operation names the scope it needs, reads rows through `visible_to` and calls the same services as the pages. Lists
are paginated by cursor. Errors are problem details. `openapi` describes all of it.
"""
