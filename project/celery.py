from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

app = Celery("dailies")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
if app.steps is not None:
    app.steps["worker"].add(DjangoStructLogInitStep)
