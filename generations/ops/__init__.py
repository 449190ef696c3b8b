"""Operation of the site: health checks, metrics, the heartbeat of the workers, and their watchdog and shutdown."""
