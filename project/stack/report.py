from pathlib import Path

from .options import Options

DEMO_ACCOUNTS = ("owner@example.com", "creator@example.com", "reviewer@example.com")
DEMO_PASSWORD = "dailies-demo"  # noqa: S105  (local settings only; production refuses to start with it)


def ready_block(options: Options, data_dir: Path) -> list[str]:
    """What a newcomer needs to know once everything runs."""
    given, embedded = _parts(options)
    lines = [
        f"Dailies is ready at {options.web_url}",
        "",
        f"sign in    {', '.join(DEMO_ACCOUNTS)}",
        f"password   {DEMO_PASSWORD}",
        f"data       {data_dir}",
        f"embedded   {', '.join(embedded) or 'nothing'}",
    ]
    if given:
        lines.append(f"given      {', '.join(given)}")
    if options.host not in ("127.0.0.1", "::1", "localhost"):
        lines.append(f"careful    HOST={options.host} lets others on the network use the demo accounts")
    return [*lines, "", "Ctrl-C stops everything."]


def _parts(options: Options) -> tuple[list[str], list[str]]:
    """Two lists: what the environment gave, and what runs here instead."""
    engine_given = "LTX_API_KEY" if options.ltx_api_key else "ENGINE_URL"
    parts = [
        ("DATABASE_URL", "PostgreSQL", bool(options.database_url)),
        ("REDIS_URL", "Valkey", bool(options.redis_url)),
        (engine_given, "local engine", not options.is_engine_needed),
        ("S3_BUCKET", "files in the data folder", bool(options.s3_bucket)),
    ]
    return [name for name, _, is_given in parts if is_given], [part for _, part, is_given in parts if not is_given]
