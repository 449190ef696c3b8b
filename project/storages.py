"""Static files under hashed names, and the S3 bucket for uploads and videos.

`python -m project.storages` creates the bucket of S3_BUCKET if it does not exist, for a new S3 storage.
"""

import time

from django.contrib.staticfiles.storage import HashedFilesMixin, ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from project.env import Environment

MAX_WAIT_SECONDS = 60
BUCKET_EXISTS = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


class _RewriteOwnModules:
    """Rewrites the relative imports between our own JavaScript modules to the hashed names.

    Only our own: Django takes examples in the comments of third-party files for imports of missing files.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        HashedFilesMixin._js_module_import_aggregation_patterns[1],  # type: ignore[attr-defined]  # missing in the stubs
    )


class StaticStorage(_RewriteOwnModules, CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """For production. Files are compressed once, when the image is built."""


class LocalStaticStorage(_RewriteOwnModules, ManifestStaticFilesStorage):  # type: ignore[misc]  # the stubs disagree on url()
    """For `make run`. Files are not compressed: a loopback connection does not need it."""


def ensure_bucket(env: Environment) -> None:
    """Create the bucket. Wait for a storage that is still starting, and raise its error after MAX_WAIT_SECONDS."""
    # Imported here, because boto3 is large and processes that only use the static files do not need it.
    import boto3  # type: ignore[import-untyped]
    from botocore.config import Config  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    secret = env.s3_secret_access_key
    client = boto3.client(
        "s3",
        endpoint_url=env.s3_endpoint_url,
        region_name=env.s3_region,
        aws_access_key_id=env.s3_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=env.s3_bucket)
            return
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"].get("Code") in BUCKET_EXISTS:
                return
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


if __name__ == "__main__":
    ensure_bucket(Environment())
