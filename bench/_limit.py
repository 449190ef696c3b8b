"""The limit programs: the least work for a submit and a status, with raw ASGI and psycopg, one statement each.

They check the key and write the same rows as the product. The tables are copies in the schema `bare`, with constraints
and indexes, but without triggers and foreign keys. There are no validation rules, rate limits or logs.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from generations.common.ids import uuid7

CONNECTIONS = 8  # per worker process
TABLES = ("wallet", "hold", "ledgerentry", "generation", "event")

_CALLER = """
caller AS (
    SELECT key.id, key.team_id, key.user_id FROM generations_apikeysecret secret
    JOIN generations_apikey key ON key.id = secret.key_id
    WHERE secret.digest = %(digest)s AND key.revoked_at IS NULL
)
"""
SUBMIT = f"""
WITH {_CALLER}, rate AS (
    SELECT credits_per_second * %(duration)s AS price, credits_per_second FROM generations_pricerow
    WHERE model = %(model)s AND tier = '720p' AND valid_from <= now()::date ORDER BY valid_from DESC LIMIT 1
), wallet AS (
    UPDATE bare.wallet w SET held = held + price FROM caller, rate
    WHERE w.team_id = caller.team_id AND posted - held >= price
    RETURNING w.id, posted, held, price, credits_per_second, caller.id AS key, caller.team_id, user_id
), hold AS (
    INSERT INTO bare.hold (wallet_id, user_id, api_key_id, reference, amount, state)
    SELECT id, user_id, key, %(id)s, price, 'pending' FROM wallet RETURNING id
), entry AS (
    INSERT INTO bare.ledgerentry
        (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, actor_id, reason)
    SELECT wallet.id, 'hold', 0, price, posted, held, hold.id, user_id, '' FROM wallet, hold
), event AS (
    INSERT INTO bare.event (kind, team_id, actor_id, subject_id, data, is_audit)
    SELECT 'generation.submitted', team_id, user_id, %(id)s, '{{}}', false FROM wallet
)
INSERT INTO bare.generation
    (id, team_id, author_id, api_key_id, idempotency_key, shot_id, first_frame_id, prompt, model, duration,
     resolution, fps, camera_motion, generate_audio, price, credits_per_second, hold_id, is_preview, state, fence,
     failures, losses, is_late, error_type, error_message)
SELECT %(id)s, wallet.team_id, wallet.user_id, key, %(id)s::text, shot.id, upload.asset_id, %(prompt)s, %(model)s,
    %(duration)s, %(resolution)s, %(fps)s, '', true, price, credits_per_second, hold.id, false, 'queued', 0,
    0, 0, false, '', ''
FROM wallet, hold, generations_upload upload JOIN generations_shot shot ON shot.first_frame_id = upload.asset_id
WHERE upload.id = %(upload)s
RETURNING id, created_at
"""
STATUS = f"""
WITH {_CALLER}
SELECT g.id, g.created_at, g.state FROM caller JOIN generations_generation g USING (team_id) WHERE g.id = %(id)s
"""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
_free: "asyncio.Queue[AsyncConnection[Any]]" = asyncio.Queue()


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["path"] == "/":
        await _respond(send, 200, {})
        return
    secret = dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
    parameters: dict[str, Any] = {"digest": hashlib.sha256(secret).hexdigest()}
    if scope["method"] == "POST":
        body = json.loads(await _body(receive))
        upload = UUID(body["image_uri"].rpartition("/")[2])
        row = await _execute(SUBMIT, {**body, **parameters, "id": uuid7(), "upload": upload})
        await _respond(send, 202 if row else 402, {"id": row[0], "created_at": row[1]} if row else {})
    else:
        row = await _execute(STATUS, {**parameters, "id": UUID(scope["path"].rpartition("/")[2])})
        body = {"id": row[0], "created_at": row[1], "status": "pending"} if row else {}
        await _respond(send, 200 if row else 404, body)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            for _ in range(CONNECTIONS):
                url = os.environ["DATABASE_URL"]
                _free.put_nowait(await AsyncConnection.connect(url, autocommit=True, prepare_threshold=0))
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _body(receive: Receive) -> bytes:
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    return body


async def _execute(statement: str, parameters: dict[str, Any]) -> tuple[Any, ...] | None:
    connection = await _free.get()
    try:
        row: tuple[Any, ...] | None = await (await connection.execute(statement, parameters)).fetchone()
        return row
    finally:
        _free.put_nowait(connection)


async def _respond(send: Send, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body, default=str).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def make_tables() -> None:
    """Copy the tables, and the rows of the wallets."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bare")
        for table in TABLES:
            connection.execute(f"CREATE TABLE bare.{table} (LIKE generations_{table} INCLUDING ALL)")
        connection.execute("INSERT INTO bare.wallet OVERRIDING SYSTEM VALUE SELECT * FROM generations_wallet")
