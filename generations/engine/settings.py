"""Settings of the engine, by environment: `ENGINE_PORT`, `ENGINE_DATA_DIR` and so on."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _seconds(value: object) -> object:
    """Let a bare number be seconds; pydantic alone wants `PT24H` or `24:00:00`."""
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


class EngineSettings(BaseSettings):
    """`queue_size` counts jobs that wait beside those being rendered; `retention` counts from the end of a job."""

    model_config = SettingsConfigDict(env_prefix="ENGINE_", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8100, ge=1, le=65535)
    data_dir: Path = Path(".data/engine")
    public_url: str = ""
    workers: int = Field(default=1, ge=1, le=64)
    queue_size: int = Field(default=16, ge=0)
    retention: Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta(0))] = timedelta(hours=24)

    @property
    def base_url(self) -> str:
        """The start of every URL we hand out, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")
