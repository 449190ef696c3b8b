"""`make run`: one supervisor process that starts all services and our own processes on one machine.

- `bootstrap` installs uv and the locked environment. It uses only the standard library.
- `run` is the main program: it starts everything, watches it and stops it. `supervisor` manages the child processes.
- `environment` reads the settings; `services` defines the commands of our own processes.
- `postgres` and `embedded` run PostgreSQL and Valkey when the environment names no others.
- `data_dir` handles the files in DATA_DIR; `stale_state` stops processes that a killed run left behind.
- `commands` connects every `manage.py` command to the running services, or starts them for the command.

PostgreSQL and Valkey come from the extra `local`. Production imports nothing of this package.
"""
