from celery import shared_task

from . import sweep as sweeps
from . import uploads


@shared_task(name="generations.sweep")
def sweep() -> None:
    """Clear away what uploads and killed writers left behind."""
    uploads.sweep_uploads()
    sweeps.sweep_orphan_stills()
    sweeps.sweep_partial_files()
