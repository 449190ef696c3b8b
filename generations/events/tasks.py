from celery import shared_task
from django.core import mail


# SMTP errors are OSErrors.
@shared_task(
    name="generations.send_mail", autoretry_for=(OSError,), retry_backoff=True, retry_kwargs={"max_retries": 5}
)
def send_mail(address: str, subject: str, body: str) -> None:
    mail.send_mail(subject, body, None, [address])
