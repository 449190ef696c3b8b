"""`python -m project.bucket`: make the bucket of S3_BUCKET unless it is there. For a storage that starts empty."""

import time

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from project.env import Environment

PATIENCE_SECONDS = 60
OURS_ALREADY = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


def ensure_bucket(env: Environment) -> None:
    """Wait for a storage that is still starting; raise the storage's own error when it stays away."""
    secret = env.s3_secret_access_key
    client = boto3.client(
        "s3",
        endpoint_url=env.s3_endpoint_url,
        region_name=env.s3_region,
        aws_access_key_id=env.s3_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            client.create_bucket(Bucket=env.s3_bucket)
            return
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"].get("Code") in OURS_ALREADY:
                return
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


if __name__ == "__main__":
    ensure_bucket(Environment())
