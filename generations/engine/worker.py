"""A render process: it reads the folder of a job from standard input, renders it and reports one line per frame.

Standard input also ties the process to the server. It closes when the server ends, for whatever reason, and then this
process exits at once, even in the middle of a frame.
"""

import json
import logging
import os
import queue
import signal
import sys
import threading
from pathlib import Path

import numpy as np

from .images import BadImageError, cover, load_image
from .jobs import FIRST_FRAME, LAST_FRAME, RECORD, VIDEO, Job
from .render.clip import Clip, render_clip
from .render.planes import Planes, planes_from_rgb

log = logging.getLogger(__name__)

NICENESS = 5  # the server and all other processes of the machine have priority


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes our input
    os.nice(NICENESS)
    reports = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # output that a library prints must not mix with the reports
    folders: queue.Queue[Path] = queue.Queue()
    threading.Thread(target=_read_input, args=(folders,), daemon=True).start()
    threads = int(sys.argv[1])
    while True:
        folder = folders.get()
        _report(reports, **_outcome(folder, threads, reports))


def render_job(folder: Path, *, threads: int, reports: int) -> None:
    """Render the job of a folder to `video.mp4`. The file appears only when it is complete."""
    job = Job.model_validate_json((folder / RECORD).read_bytes())
    first, last = _planes(folder / FIRST_FRAME, job), _planes(folder / LAST_FRAME, job)
    if first is None:
        raise BadImageError("the first frame is missing")
    clip = Clip(first, last, job.clip.motion, job.clip.seconds, job.clip.fps, job.clip.has_sound)
    part = folder / f".{VIDEO}.part"
    try:
        render_clip(clip, part, threads=threads, on_frame=lambda done: _report(reports, frame=done))
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(folder / VIDEO)
    finally:
        part.unlink(missing_ok=True)  # a partial video would keep a full disk full


def _outcome(folder: Path, threads: int, reports: int) -> dict[str, object]:
    try:
        render_job(folder, threads=threads, reports=reports)
    except OSError as error:
        log.exception("%s", folder)
        return {"failed": f"the engine could not write the video: {error.strerror or type(error).__name__}"}
    except Exception as error:
        log.exception("%s", folder)
        return {"failed": f"the engine could not render this job ({type(error).__name__})"}
    return {"done": True}


def _planes(path: Path, job: Job) -> Planes | None:
    if not path.exists():
        return None
    image = cover(load_image(path.read_bytes()), job.clip.width, job.clip.height)
    return planes_from_rgb(np.asarray(image))


def _read_input(folders: "queue.Queue[Path]") -> None:
    for line in sys.stdin:
        folders.put(Path(json.loads(line)))
    os._exit(0)


def _report(reports: int, **fields: object) -> None:
    os.write(reports, json.dumps(fields).encode() + b"\n")


if __name__ == "__main__":
    main()
