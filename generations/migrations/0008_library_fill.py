from django.db import migrations
from django.db.models import Min

BATCH = 5_000

# Set-based SQL: a gallery can hold a million takes, and the ORM has no INSERT … SELECT and no UPDATE … FROM.
FILL = (
    """
    UPDATE generations_generation g SET shot_id = s.id FROM generations_shot s
    WHERE g.shot_id IS NULL AND s.team_id = g.team_id AND s.first_frame_id = g.first_frame_id
        AND s.project_id IS NOT DISTINCT FROM g.project_id
    """,
    """
    INSERT INTO generations_take (
        id, team_id, shot_id, project_id, number, author_id, api_key_id, prompt, model, resolution, seconds, fps,
        camera_motion, has_audio, price, is_preview, is_late, video_id, poster_id, last_frame_id, review_state,
        open_note_count, rating, is_pick, created_at, finished_at
    )
    SELECT g.id, g.team_id, g.shot_id, g.project_id,
        row_number() OVER (PARTITION BY g.shot_id ORDER BY g.finished_at, g.id),
        g.author_id, g.api_key_id, g.prompt, g.model, g.resolution,
        COALESCE(ceil(v.frames::numeric * v.fps_denominator / v.fps_numerator), g.duration, 0), g.fps,
        g.camera_motion, v.has_audio, COALESCE(h.captured, 0), g.is_preview, g.is_late, g.video_id, g.poster_id,
        g.last_frame_id,
        COALESCE((
            SELECT CASE WHEN bool_or(d.verdict = 'changes') THEN 'changes' ELSE 'approved' END
            FROM generations_decision d WHERE d.generation_id = g.id HAVING COUNT(*) > 0
        ), ''),
        0, 0, false, g.created_at, g.finished_at
    FROM generations_generation g
    JOIN generations_asset v ON v.id = g.video_id
    JOIN generations_hold h ON h.id = g.hold_id
    WHERE g.state = 'completed' AND g.take_id IS NULL
    """,
    "UPDATE generations_generation SET take_id = id WHERE state = 'completed' AND take_id IS NULL",
    """
    UPDATE generations_shot s SET last_take_number = t.number
    FROM (SELECT shot_id, MAX(number) AS number FROM generations_take GROUP BY shot_id) t WHERE t.shot_id = s.id
    """,
    "UPDATE generations_decision SET take_id = generation_id WHERE take_id IS NULL",
)


def fill(apps, schema_editor):
    Generation, Shot = apps.get_model("generations", "Generation"), apps.get_model("generations", "Shot")
    first = Generation.objects.filter(shot=None).values("team", "project", "first_frame")
    rows = first.annotate(at=Min("created_at")).order_by("at").iterator(chunk_size=BATCH)
    shots = (
        Shot(team_id=row["team"], project_id=row["project"], first_frame_id=row["first_frame"], created_at=row["at"])
        for row in rows
    )
    Shot.objects.bulk_create(shots, batch_size=BATCH)
    with schema_editor.connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement)


class Migration(migrations.Migration):
    """Make a shot of each first frame with its project, and takes of its completed generations by completion time."""

    dependencies = [("generations", "0007_library_tables")]

    operations = [migrations.RunPython(fill)]
