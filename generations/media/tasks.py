from celery import shared_task

from . import sweep as sweeps


@shared_task(name="generations.sweep")
def sweep() -> None:
    """Clear away what uploads and killed writers left behind."""
    sweeps.sweep_orphan_stills()
    sweeps.sweep_partial_files()
