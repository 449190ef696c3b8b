"""What `make run` is made of: one supervisor, and the real services a newcomer does not have.

- `bootstrap` installs uv and the locked environment; plain Python, nothing else.
- `options` says what the environment gave; `plan` turns the rest into children.
- `supervisor` starts, watches and stops the children; `leftovers` ends those of a run that was killed.
- `commands` lets every `manage.py` command find the running services, or starts them for its length.

PostgreSQL and Valkey come from the extra `local`; nothing here is imported in production.
"""
