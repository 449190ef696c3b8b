from celery import shared_task

from . import letters


@shared_task(
    name="generations.send_letter", autoretry_for=(OSError,), retry_backoff=True, retry_kwargs={"max_retries": 5}
)
def send_letter(address: str, subject: str, body: str) -> None:
    letters.send_letter(address, subject, body)
