"""Members of several teams, and generations in bulk. Their holds have no ledger entries: no credits move."""

from io import BytesIO

from django.core.files.base import ContentFile
from django.db import connection
from PIL import Image

from generations.accounts.models import Membership, User
from generations.accounts.roles import Role
from generations.accounts.teams import add_member, create_team
from generations.credits.grants import grant_credits
from generations.jobs.submit import GenerationRequest
from generations.library.takes import create_shot, find_shot
from generations.media.images import store_image

_FILL = """
WITH numbers AS (
    SELECT n, gen_random_uuid() AS id, member.team_id, member.user_id FROM generate_series(1, %(count)s) AS n
    JOIN (
        SELECT row_number() OVER (ORDER BY id) - 1 AS nth, team_id, user_id FROM generations_membership
    ) member ON member.nth = mod(n, (SELECT COUNT(*) FROM generations_membership))
), hold AS (
    INSERT INTO generations_hold (wallet_id, user_id, reference, amount, state)
    SELECT wallet.id, numbers.user_id, numbers.id, 36, 'pending'
    FROM numbers JOIN generations_wallet wallet USING (team_id)
    RETURNING id, reference
)
INSERT INTO generations_generation
    (id, team_id, author_id, idempotency_key, shot_id, first_frame_id, prompt, model, duration, resolution, fps,
     camera_motion, generate_audio, price, credits_per_second, hold_id, is_preview, state, fence, failures, losses,
     is_late, error_type, error_message, created_at)
SELECT numbers.id, numbers.team_id, numbers.user_id, numbers.id::text, %(shot)s, %(still)s, 'A lantern sways.',
    'ltx-2-3-fast', 6, '1280x720', 24, '', true, 36, 6, hold.id, false, %(state)s, 0, 0, 0, false, '', '',
    statement_timestamp() - make_interval(secs => %(count)s - n)
FROM numbers JOIN hold ON hold.reference = numbers.id
"""


def make_members(*, teams: int, each: int) -> list[Membership]:
    """Create teams with members. Each team has more than enough credits."""
    members: list[Membership] = []
    for number in range(teams):
        users = [User.objects.create_user(f"member-{number}-{nth}@example.com") for nth in range(each)]
        team = create_team(name=f"Team {number}", owner=users[0])
        for user in users[1:]:
            add_member(team=team, user=user, role=Role.CREATOR)
        grant_credits(team=team, amount=10**9, reason="bench")
        members += Membership.objects.select_related("team", "user").filter(team=team)
    return members


def make_request(membership: Membership) -> GenerationRequest:
    picture = BytesIO()
    Image.new("RGB", (320, 180), (40, 90, 160)).save(picture, "PNG")
    still = store_image(
        team=membership.team, uploader=membership.user, file=ContentFile(picture.getvalue(), name="still.png")
    )
    return GenerationRequest(
        first_frame=still, prompt="A lantern sways.", model="ltx-2-3-fast", resolution="1280x720", fps=24, duration=6
    )


def add_generations(request: GenerationRequest, count: int, state: str) -> None:
    """Insert so many generations, of all members in turn, as if they had been in this state for a while."""
    image = request.first_frame
    shot = find_shot(image.team_id, None, image).first() or create_shot(image.team_id, None, image)
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"count": count, "shot": shot.pk, "still": image.pk, "state": state})
