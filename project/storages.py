"""Where uploads and videos are kept: local files, or any S3 by setting."""

from pathlib import Path
from typing import Any

from .env import Environment


def storages(env: Environment, media_root: Path) -> dict[str, Any]:
    return {
        "default": _s3(env) if env.s3_bucket else _files(media_root),
        "staticfiles": {"BACKEND": "project.static.StaticStorage"},
    }


def _files(media_root: Path) -> dict[str, Any]:
    return {
        "BACKEND": "generations.media.storages.FileStorage",
        "OPTIONS": {"location": media_root, "base_url": None},
    }


def _s3(env: Environment) -> dict[str, Any]:
    return {
        "BACKEND": "generations.media.storages.S3Storage",
        "OPTIONS": {
            "bucket_name": env.s3_bucket,
            "endpoint_url": env.s3_endpoint_url,
            "region_name": env.s3_region,
            "access_key": env.s3_access_key_id,
            "secret_key": env.s3_secret_access_key.get_secret_value() if env.s3_secret_access_key else None,
            "file_overwrite": True,
            "default_acl": None,
        },
    }
