"""Every table, rule and function as of the first ten migrations, which this one stands for.

A database that has all ten goes on from here; one that has only some of them first needs the version that had them.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.db.models.functions.text
import generations.common.ids
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.conf import settings
from django.db import migrations, models

from generations.credits.prices import seed_price_list


QUOTA_USE = """
CREATE OR REPLACE FUNCTION generations_quota_use(
    _wallet bigint, _user bigint, _key uuid, _since timestamptz, OUT held bigint, OUT charged bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF _key IS NULL THEN
        SELECT COALESCE(SUM(h.amount) FILTER (WHERE h.state = 'pending'), 0), COALESCE(SUM(h.captured), 0)
        INTO held, charged FROM generations_hold h
        WHERE h.wallet_id = _wallet AND h.user_id = _user AND h.created_at >= COALESCE(_since, '-infinity');
    ELSE
        SELECT COALESCE(SUM(h.amount) FILTER (WHERE h.state = 'pending'), 0), COALESCE(SUM(h.captured), 0)
        INTO held, charged FROM generations_hold h
        WHERE h.api_key_id = _key AND h.created_at >= COALESCE(_since, '-infinity');
    END IF;
END
$$
"""

JOBS_AT_ONCE = """
CREATE OR REPLACE FUNCTION generations_jobs_at_once(_wallet bigint, _user bigint, _key uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF _key IS NULL THEN
        RETURN (SELECT COUNT(*) FROM generations_hold
            WHERE wallet_id = _wallet AND state = 'pending' AND user_id = _user);
    END IF;
    RETURN (SELECT COUNT(*) FROM generations_hold
        WHERE wallet_id = _wallet AND state = 'pending' AND api_key_id = _key);
END
$$
"""

PLACE_HOLD = """
CREATE OR REPLACE FUNCTION generations_place_hold(
    _team bigint, _user bigint, _key uuid, _reference uuid, _amount bigint, _bounds jsonb,
    OUT hold bigint, OUT refused text, OUT available bigint, OUT held bigint, OUT running bigint
) LANGUAGE plpgsql AS $$
DECLARE
    wallet record;
    bound record;
    used record;
BEGIN
    IF _bounds IS NOT NULL THEN
        SELECT w.id, w.posted - w.held AS free INTO wallet
        FROM generations_wallet w WHERE w.team_id = _team FOR NO KEY UPDATE;
        FOR bound IN
            SELECT b."of", b.cap, b.since, b.most, CASE WHEN b."of" = 'key' THEN _key END AS key
            FROM jsonb_to_recordset(_bounds) AS b("of" text, cap bigint, since timestamptz, most bigint)
        LOOP
            EXIT WHEN wallet.free IS NULL OR wallet.free < _amount;
            refused := bound."of";
            IF bound.cap IS NOT NULL THEN
                SELECT u.held, u.charged INTO used
                FROM generations_quota_use(wallet.id, _user, bound.key, bound.since) u;
                held := used.held;
                available := GREATEST(0, bound.cap - used.held - used.charged);
                IF available < _amount THEN
                    RETURN;
                END IF;
            ELSE
                running := generations_jobs_at_once(wallet.id, _user, bound.key);
                IF running >= bound.most THEN
                    RETURN;
                END IF;
            END IF;
        END LOOP;
    END IF;
    refused := NULL;
    running := NULL;
    UPDATE generations_wallet w SET held = w.held + _amount
    WHERE w.team_id = _team AND w.posted - w.held >= _amount
    RETURNING w.id, w.posted, w.held INTO wallet;
    IF FOUND THEN
        INSERT INTO generations_hold (wallet_id, user_id, api_key_id, reference, amount, state)
        VALUES (wallet.id, _user, _key, _reference, _amount, 'pending') RETURNING id INTO hold;
        INSERT INTO generations_ledgerentry
            (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, actor_id, reason)
        VALUES (wallet.id, 'hold', 0, _amount, wallet.posted, wallet.held, hold, _user, '');
    ELSE
        refused := 'wallet';
        SELECT w.posted - w.held, w.held INTO available, held FROM generations_wallet w WHERE w.team_id = _team;
    END IF;
END
$$
"""


def seed(apps, schema_editor):
    seed_price_list(apps.get_model("generations", "PriceRow"), apps.get_model("generations", "OfferedModel"))


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("generations", "0001_the_ground_floor"),
        ("generations", "0002_price_list"),
        ("generations", "0003_durable_jobs"),
        ("generations", "0004_public_api"),
        ("generations", "0005_team_of_quota"),
        ("generations", "0006_quota_names_its_team"),
        ("generations", "0007_teams_and_the_desk"),
        ("generations", "0008_opening_lots"),
        ("generations", "0009_place_hold"),
        ("generations", "0010_lists_by_age"),
    ]

    dependencies = [("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        error_messages={"unique": "This address already has an account."}, max_length=254, unique=True
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=80)),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False, help_text="May use the site's admin pages.", verbose_name="site staff"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, help_text="Switch off instead of deleting.")),
                ("date_joined", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="user_email_once")
                ]
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("slug", models.SlugField(max_length=60, unique=True)),
                (
                    "time_zone",
                    models.CharField(
                        default="UTC",
                        help_text="Where a day, a week and a month of quotas and reports begin.",
                        max_length=64,
                    ),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the team and all that is its own goes for good; until then it may stay.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="generations.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("creator", "Creator"),
                            ("reviewer", "Reviewer"),
                            ("billing", "Billing"),
                        ],
                        default="creator",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deactivated_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="membership_once"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "admin", "creator", "reviewer", "billing"])),
                        name="membership_role_known",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="invitations", to="generations.team"
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("creator", "Creator"),
                            ("reviewer", "Reviewer"),
                            ("billing", "Billing"),
                        ],
                        default="creator",
                        max_length=10,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        help_text="SHA-256 of the secret in the link, in hex.", max_length=64, unique=True
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField()),
                (
                    "max_uses",
                    models.PositiveSmallIntegerField(blank=True, help_text="Empty: as many as like.", null=True),
                ),
                ("uses", models.PositiveSmallIntegerField(default=0)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "admin", "creator", "reviewer", "billing"])),
                        name="invitation_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_uses__isnull", True), ("uses__lte", models.F("max_uses")), _connector="OR"
                        ),
                        name="invitation_not_overused",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="api_keys", to="generations.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("is_service", models.BooleanField(default=False, verbose_name="service key")),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("generate", "Generate"),
                                ("read", "Read"),
                                ("review", "Review"),
                                ("manage", "Manage"),
                            ],
                            max_length=10,
                        ),
                        size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, help_text="To the minute.", null=True)),
            ],
            options={
                "verbose_name": "API key",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("scopes__contained_by", ["generate", "read", "review", "manage"]), ("scopes__len__gt", 0)
                        ),
                        name="apikey_scopes_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKeySecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="secrets", to="generations.apikey"
                    ),
                ),
                (
                    "prefix",
                    models.CharField(
                        help_text="The beginning, shown so that people can tell keys apart.", max_length=16
                    ),
                ),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 of the whole secret, in hex.", max_length=64, unique=True),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Replay",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="generations.apikey"
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="replay_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("api_key", "idempotency_key"), name="replay_once_a_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credit_requests",
                        to="generations.membership",
                    ),
                ),
                (
                    "target",
                    models.CharField(choices=[("quota", "Own quota"), ("wallet", "Team's wallet")], max_length=6),
                ),
                ("amount", models.BigIntegerField()),
                ("reason", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Waiting"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("granted", models.BigIntegerField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="request_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "approved", "declined", "withdrawn"])),
                        name="request_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("granted__gt", 0), ("state", "approved")),
                            models.Q(models.Q(("state", "approved"), _negated=True), ("granted__isnull", True)),
                            _connector="OR",
                        ),
                        name="request_approved_has_amount",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "pending")),
                        fields=("membership", "target"),
                        name="request_pending_once",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="RefillRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="refill", to="generations.team"
                    ),
                ),
                ("amount", models.BigIntegerField()),
                (
                    "mode",
                    models.CharField(
                        choices=[("add", "Add the amount"), ("top_up", "Fill up to the amount")],
                        default="top_up",
                        max_length=6,
                    ),
                ),
                (
                    "does_expire",
                    models.BooleanField(default=False, help_text="What is left of it goes at the next refill."),
                ),
                ("next_at", models.DateTimeField()),
                ("is_on", models.BooleanField(default=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refill_amount_positive")
                ]
            },
        ),
        migrations.CreateModel(
            name="SpendWatcher",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "membership",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spend_watcher",
                        to="generations.membership",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Crossing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="generations.team"
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="generations.membership",
                    ),
                ),
                ("basis", models.CharField(max_length=60)),
                ("level", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "membership", "basis", "level"), name="crossing_told_once", nulls_distinct=False
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Freeze",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="generations.team",
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("began_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("team",),
                        name="freeze_once",
                        nulls_distinct=False,
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Wallet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="wallet", to="generations.team"
                    ),
                ),
                ("posted", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("posted__gte", 0)), name="wallet_posted_not_negative"),
                    models.CheckConstraint(condition=models.Q(("held__gte", 0)), name="wallet_held_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("posted__gte", models.F("held"))), name="wallet_available_not_negative"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="generations.wallet"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="generations.apikey",
                    ),
                ),
                (
                    "reference",
                    models.UUIDField(help_text="What the credits are held for; the caller's id.", unique=True),
                ),
                ("amount", models.BigIntegerField()),
                ("captured", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Held"),
                            ("captured", "Charged"),
                            ("released", "Returned"),
                            ("expired", "Expired"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["wallet"], name="hold_pending"),
                    models.Index(fields=["wallet", "user", "created_at"], name="hold_of_member"),
                    models.Index(
                        condition=models.Q(("api_key__isnull", False)),
                        fields=["api_key", "created_at"],
                        name="hold_of_key",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="hold_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "captured", "released", "expired"])),
                        name="hold_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("captured__gte", 0), ("captured__lte", models.F("amount")), ("state", "captured")
                            ),
                            models.Q(models.Q(("state", "captured"), _negated=True), ("captured__isnull", True)),
                            _connector="OR",
                        ),
                        name="hold_captures_at_most_its_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", True), ("state", "pending")),
                            models.Q(models.Q(("state", "pending"), _negated=True), ("settled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="hold_settled_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="generations.wallet"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("grant", "Grant"),
                            ("correction", "Correction"),
                            ("transfer", "Transfer"),
                            ("expiry", "Expired"),
                            ("hold", "Held"),
                            ("capture", "Charged"),
                            ("release", "Returned"),
                        ],
                        max_length=10,
                    ),
                ),
                ("posted_change", models.BigIntegerField(default=0)),
                ("held_change", models.BigIntegerField(default=0)),
                ("posted_after", models.BigIntegerField()),
                ("held_after", models.BigIntegerField()),
                (
                    "hold",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="generations.hold",
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "expires_at",
                    models.DateTimeField(help_text="Until when credits that came in may be spent.", null=True),
                ),
                ("transfer", models.UUIDField(help_text="The same in both wallets of a transfer.", null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "ledger entries",
                "indexes": [models.Index(fields=["wallet", "-id"], name="entry_of_wallet")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ("capture", "release"))),
                        fields=("hold",),
                        name="entry_settles_hold_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "hold")), fields=("hold",), name="entry_holds_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ("grant", "correction", "transfer")), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="entry_grant_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__isnull", True), ("posted_change__gt", 0), _connector="OR"),
                        name="entry_only_income_expires",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "wallet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lots", to="generations.wallet"
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="brought",
                        to="generations.ledgerentry",
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("remaining__gt", 0)),
                        fields=["wallet", "expires_at", "id"],
                        name="lot_in_order",
                    ),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False), ("remaining__gt", 0)),
                        fields=["expires_at"],
                        name="lot_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("remaining__gte", 0), ("remaining__lte", models.F("amount"))),
                        name="lot_remaining_fits",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=40)),
                ("tier", models.CharField(max_length=10)),
                ("credits_per_second", models.PositiveIntegerField()),
                ("valid_from", models.DateField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "ordering": ["model", "tier", "-valid_from"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("credits_per_second__gt", 0)), name="price_positive"),
                    models.UniqueConstraint(fields=("model", "tier", "valid_from"), name="price_once_a_day"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OfferedModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(max_length=40, unique=True)),
                ("is_on", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={"ordering": ["position", "model"]},
        ),
        migrations.CreateModel(
            name="Quota",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="quotas", to="generations.team"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("owner", "Owner"),
                            ("admin", "Admin"),
                            ("creator", "Creator"),
                            ("reviewer", "Reviewer"),
                            ("billing", "Billing"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "membership",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quota",
                        to="generations.membership",
                    ),
                ),
                (
                    "api_key",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quota",
                        to="generations.apikey",
                    ),
                ),
                ("cap", models.BigIntegerField(blank=True, null=True)),
                (
                    "period",
                    models.CharField(
                        choices=[("day", "a day"), ("week", "a week"), ("month", "a month"), ("none", "in all")],
                        default="month",
                        max_length=5,
                    ),
                ),
                ("is_uncapped", models.BooleanField(default=False, help_text="No cap, whatever the level above says.")),
                ("max_jobs", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("max_seconds", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("max_tier", models.CharField(blank=True, max_length=10)),
                (
                    "allowed_models",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), blank=True, null=True, size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("cap__gte", 0)), name="quota_cap_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("cap__isnull", True), ("is_uncapped", False), _connector="OR"),
                        name="quota_cap_or_uncapped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period__in", ["day", "week", "month", "none"])), name="quota_period_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("membership__isnull", True), ("role", "")),
                            models.Q(("api_key__isnull", True), ("role", "")),
                            models.Q(
                                ("membership__isnull", True),
                                ("role__in", ["owner", "admin", "creator", "reviewer", "billing"]),
                                ("api_key__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="quota_has_one_level",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("api_key__isnull", True), ("membership__isnull", True)),
                        fields=("team", "role"),
                        name="quota_once_a_level",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="QuotaRaise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="raises", to="generations.membership"
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(max_length=200)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "indexes": [models.Index(fields=["membership", "expires_at"], name="raise_of_member")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="raise_amount_positive")
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="generations.team"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("subject_id", models.UUIDField(null=True)),
                ("data", models.JSONField(default=dict)),
                (
                    "is_audit",
                    models.BooleanField(
                        default=False, help_text="An administrative act: who did what, before and after."
                    ),
                ),
                ("address", models.GenericIPAddressField(help_text="Where the actor was.", null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "transaction",
                    models.BigIntegerField(
                        db_default=django.db.models.functions.comparison.Cast(
                            django.db.models.functions.comparison.Cast(
                                models.Func(function="pg_current_xact_id"), models.TextField()
                            ),
                            models.BigIntegerField(),
                        ),
                        editable=False,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["transaction", "id"], name="event_in_order"),
                    models.Index(fields=["team", "transaction", "id"], name="event_of_team_in_order"),
                    models.Index(condition=models.Q(("is_audit", True)), fields=["team", "-id"], name="event_audit"),
                    models.Index(fields=["team", "-id"], name="event_of_team"),
                    models.Index(fields=["subject_id", "-id"], name="event_of_subject"),
                ]
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=60)),
                ("text", models.TextField()),
                ("opened_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)), fields=("kind",), name="alert_open_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="generations.team"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("text", models.CharField(max_length=300)),
                ("path", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["user", "-id"], name="notice_of_user")]},
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_endpoints",
                        to="generations.team",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                ("description", models.CharField(blank=True, max_length=120)),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), blank=True, default=list, size=None
                    ),
                ),
                ("secret", models.CharField(max_length=80)),
                ("old_secret", models.CharField(blank=True, max_length=80)),
                ("old_secret_until", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("on", "On"), ("paused", "Paused after failures"), ("off", "Off")],
                        default="on",
                        max_length=6,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=200)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["on", "paused", "off"])), name="endpoint_state_known"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="generations.webhookendpoint",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="generations.event"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("payload", models.JSONField(help_text="The body, as every try sends it.")),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("delivered", "Delivered"), ("failed", "Given up")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_try_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["next_try_at"], name="delivery_due"),
                    models.Index(fields=["endpoint", "-created_at", "-id"], name="delivery_of_endpoint"),
                    models.Index(fields=["created_at"], name="delivery_by_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint", "event"), name="delivery_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "delivered", "failed"])),
                        name="delivery_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="generations.webhookdelivery",
                    ),
                ),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=200)),
                (
                    "answer",
                    models.CharField(blank=True, help_text="The beginning of the answer's body.", max_length=500),
                ),
                ("milliseconds", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={"verbose_name_plural": "webhook tries", "ordering": ["-id"]},
        ),
        migrations.CreateModel(
            name="WebhookCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction", models.BigIntegerField(default=0)),
                ("event_id", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="projects", to="generations.team"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("team"), django.db.models.functions.text.Lower("name"), name="project_name_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Gate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(help_text="Base URL.", max_length=200, unique=True)),
                ("concurrency", models.FloatField()),
                ("halved_at", models.DateTimeField(null=True)),
                ("not_before", models.DateTimeField(null=True)),
                (
                    "circuit",
                    models.CharField(
                        choices=[("closed", "Working"), ("open", "Refusing our account")],
                        default="closed",
                        max_length=6,
                    ),
                ),
                ("opened_at", models.DateTimeField(null=True)),
                ("probe_at", models.DateTimeField(null=True)),
                ("probes", models.PositiveIntegerField(default=0)),
                ("reason", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("concurrency__gte", 1)), name="gate_lets_one_through"),
                    models.CheckConstraint(
                        condition=models.Q(("circuit__in", ["closed", "open"])), name="gate_circuit_known"
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="generations.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("served_at", models.DateTimeField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("team", "user"), name="turn_once_a_member")]},
        ),
        migrations.CreateModel(
            name="Asset",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assets", to="generations.team"
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("still", "Still"), ("video", "Video"), ("poster", "Poster")], max_length=10
                    ),
                ),
                ("name", models.CharField(help_text="Key in the storage, made from the content.", max_length=200)),
                ("original_name", models.CharField(blank=True, max_length=200)),
                ("mime", models.CharField(max_length=40)),
                ("sha256", models.CharField(max_length=64)),
                ("bytes", models.BigIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("frames", models.PositiveIntegerField(null=True)),
                ("fps_numerator", models.PositiveIntegerField(null=True)),
                ("fps_denominator", models.PositiveIntegerField(null=True)),
                ("has_audio", models.BooleanField(default=False)),
                (
                    "placeholder",
                    models.TextField(
                        blank=True, help_text="A few pixels as a data URI, shown until the picture is there."
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("team", "kind", "sha256"), name="asset_once_a_team"),
                    models.CheckConstraint(condition=models.Q(("bytes__gt", 0)), name="asset_not_empty"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "video"), _negated=True),
                            models.Q(("fps_denominator__gt", 0), ("fps_numerator__gt", 0), ("frames__gt", 0)),
                            _connector="OR",
                        ),
                        name="asset_video_has_frames",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="Generation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="generations", to="generations.team"
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="generations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="generations",
                        to="generations.apikey",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="generations",
                        to="generations.project",
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=80)),
                (
                    "first_frame",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="generations.asset"
                    ),
                ),
                (
                    "last_frame",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="generations.asset",
                    ),
                ),
                ("prompt", models.TextField()),
                ("model", models.CharField(max_length=40)),
                (
                    "duration",
                    models.PositiveSmallIntegerField(
                        help_text="Seconds; empty leaves the length to the model.", null=True
                    ),
                ),
                ("resolution", models.CharField(max_length=9)),
                ("fps", models.PositiveSmallIntegerField()),
                ("camera_motion", models.CharField(blank=True, max_length=20)),
                ("generate_audio", models.BooleanField(default=True)),
                ("price", models.BigIntegerField(help_text="Credits, as quoted and held.")),
                (
                    "credits_per_second",
                    models.PositiveIntegerField(help_text="Of the price row that was valid at submit."),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="generation", to="generations.hold"
                    ),
                ),
                (
                    "is_preview",
                    models.BooleanField(
                        default=False, help_text="Rendered by the local engine, without a generative model."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting here"),
                            ("submitting", "Sending"),
                            ("unconfirmed", "Being checked, nothing charged yet"),
                            ("parked", "Waiting for the provider account"),
                            ("processing", "Rendering at the provider"),
                            ("saving", "Saving"),
                            ("completed", "Done"),
                            ("failed", "Failed"),
                            ("canceled", "Canceled"),
                        ],
                        default="queued",
                        max_length=12,
                    ),
                ),
                ("fence", models.BigIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "next_action_at",
                    models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), null=True),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="Failed tries in a row at the present step."),
                ),
                (
                    "losses",
                    models.PositiveIntegerField(
                        default=0, help_text="Leases that ran out in a row: workers that died of it."
                    ),
                ),
                (
                    "lifted_at",
                    models.DateTimeField(blank=True, help_text="Staff let it go before all others.", null=True),
                ),
                (
                    "retry_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="retries",
                        to="generations.generation",
                    ),
                ),
                ("is_late", models.BooleanField(default=False, help_text="Came after its credits had been returned.")),
                ("error_type", models.CharField(blank=True, max_length=60)),
                ("error_message", models.TextField(blank=True)),
                (
                    "video",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="takes",
                        to="generations.asset",
                    ),
                ),
                (
                    "poster",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="generations.asset",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("state_since", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "completed")),
                        fields=["team", "-created_at", "-id"],
                        name="generation_gallery",
                    ),
                    models.Index(fields=["team", "-created_at", "-id"], name="generation_of_team"),
                    models.Index(fields=["author", "team", "-created_at", "-id"], name="generation_of_author"),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["team", "author", "created_at", "id"],
                        name="generation_queue",
                    ),
                    models.Index(
                        condition=models.Q(("lifted_at__isnull", False), ("state", "queued")),
                        fields=["lifted_at"],
                        name="generation_lifted",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("state__in", ("queued", "submitting", "unconfirmed", "parked", "processing", "saving"))
                        ),
                        fields=["state", "next_action_at"],
                        name="generation_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "author", "idempotency_key"), name="generation_submitted_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "queued",
                                    "submitting",
                                    "unconfirmed",
                                    "parked",
                                    "processing",
                                    "saving",
                                    "completed",
                                    "failed",
                                    "canceled",
                                ],
                            )
                        ),
                        name="generation_state_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("price__gt", 0)), name="generation_price_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "completed"), _negated=True),
                            models.Q(("poster__isnull", False), ("video__isnull", False)),
                            _connector="OR",
                        ),
                        name="generation_completed_has_video",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False), ("state__in", ("completed", "failed", "canceled"))
                            ),
                            models.Q(
                                models.Q(("state__in", ("completed", "failed", "canceled")), _negated=True),
                                ("finished_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="generation_final_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=generations.common.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attempts",
                        to="generations.generation",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("provider", models.CharField(help_text="Base URL.", max_length=200)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("sending", "Sending"),
                            ("never_sent", "Never sent"),
                            ("rejected", "Rejected"),
                            ("accepted", "Accepted"),
                            ("unknown", "Unknown"),
                        ],
                        default="sending",
                        max_length=10,
                    ),
                ),
                ("idempotency_key", models.UUIDField(default=generations.common.ids.uuid7)),
                ("request", models.JSONField(help_text="The body as sent, so that asking again sends the same.")),
                ("provider_job_id", models.CharField(blank=True, max_length=100)),
                ("request_id", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    models.PositiveSmallIntegerField(
                        help_text="HTTP status of the answer, if there was one.", null=True
                    ),
                ),
                ("error_type", models.CharField(blank=True, max_length=60)),
                ("error_message", models.TextField(blank=True)),
                (
                    "bill",
                    models.CharField(
                        choices=[("none", "Nothing"), ("possible", "Perhaps"), ("due", "Yes")],
                        default="none",
                        help_text="Does the provider bill us for it?",
                        max_length=8,
                    ),
                ),
                ("started_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("generation", "number"), name="attempt_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome__in", ("sending", "unknown", "accepted"))),
                        fields=("generation",),
                        name="attempt_live_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "accepted"), _negated=True),
                            models.Q(("provider_job_id", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="attempt_accepted_has_job",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uploads", to="generations.team"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to="generations.asset",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(help_text="Of the address to PUT to.")),
                ("filled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["created_at"], name="upload_by_age")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("asset__isnull", True), ("filled_at__isnull", True)),
                            models.Q(("asset__isnull", False), ("filled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="upload_filled_has_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="decisions",
                        to="generations.generation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "verdict",
                    models.CharField(choices=[("approved", "Approved"), ("changes", "Needs changes")], max_length=10),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("decided_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("generation", "user"), name="decision_once_a_person")]
            },
        ),
        migrations.AddField(
            model_name="team",
            name="members",
            field=models.ManyToManyField(
                related_name="teams", through="generations.Membership", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="lot",
            field=models.ForeignKey(
                help_text="What expired.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="generations.lot",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("held_change", 0), ("hold__isnull", True), ("kind", "grant"), ("posted_change__gt", 0)),
                    models.Q(
                        ("held_change", 0),
                        ("hold__isnull", True),
                        ("kind", "correction"),
                        models.Q(("posted_change", 0), _negated=True),
                    ),
                    models.Q(
                        ("held_change", 0),
                        ("hold__isnull", True),
                        ("kind", "transfer"),
                        ("transfer__isnull", False),
                        models.Q(("posted_change", 0), _negated=True),
                    ),
                    models.Q(
                        ("held_change", 0),
                        ("hold__isnull", True),
                        ("kind", "expiry"),
                        ("lot__isnull", False),
                        ("posted_change__lt", 0),
                    ),
                    models.Q(("held_change__gt", 0), ("hold__isnull", False), ("kind", "hold"), ("posted_change", 0)),
                    models.Q(
                        ("held_change__lt", 0), ("hold__isnull", False), ("kind", "capture"), ("posted_change__lte", 0)
                    ),
                    models.Q(
                        ("held_change__lt", 0), ("hold__isnull", False), ("kind", "release"), ("posted_change", 0)
                    ),
                    _connector="OR",
                ),
                name="entry_kind_fits_signs",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="generation",
            trigger=pgtrigger.compiler.Trigger(
                name="transitions",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{queued:submitting,queued:canceled,queued:failed,submitting:processing,submitting:failed,submitting:queued,submitting:parked,submitting:unconfirmed,submitting:canceled,unconfirmed:submitting,unconfirmed:processing,unconfirmed:failed,parked:queued,parked:canceled,parked:failed,processing:saving,processing:failed,saving:completed,saving:processing,saving:failed,failed:saving}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="97069ee3061e3034a58220fe687faa4735e8c021",
                    operation="UPDATE",
                    pgid="pgtrigger_transitions_88ec1",
                    table="generations_generation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="generation",
            trigger=pgtrigger.compiler.Trigger(
                name="generation_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="350c42f9b25f498fb56fb5a9105ef5482e680c4f",
                    operation="DELETE",
                    pgid="pgtrigger_generation_stays_f110d",
                    table="generations_generation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="event",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="552fa1e17c4de73dee7725a8789ff2b1e2c0d448",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_e61df",
                    table="generations_event",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="wallet",
            trigger=pgtrigger.compiler.Trigger(
                name="wallet_follows_entries",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    declare="DECLARE wallet RECORD; entry RECORD;",
                    func="\n        SELECT posted, held INTO wallet FROM generations_wallet WHERE id = NEW.id;\n        SELECT posted_after, held_after INTO entry\n        FROM generations_ledgerentry WHERE wallet_id = NEW.id ORDER BY id DESC LIMIT 1;\n        IF wallet.posted <> COALESCE(entry.posted_after, 0) OR wallet.held <> COALESCE(entry.held_after, 0) THEN\n            RAISE EXCEPTION 'wallet % does not follow its entries', NEW.id USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="bad77f78ab4fb33c95449f026022695ca6bbb5aa",
                    operation='INSERT OR UPDATE OF "posted", "held"',
                    pgid="pgtrigger_wallet_follows_entries_ae409",
                    table="generations_wallet",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="dc11d90b05bc85c4fe2f596a9a49c41736bd8f36",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_2fcff",
                    table="generations_ledgerentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_continues",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE before RECORD;",
                    func="\n        SELECT posted_after, held_after INTO before\n        FROM generations_ledgerentry WHERE wallet_id = NEW.wallet_id ORDER BY id DESC LIMIT 1;\n        IF NEW.posted_after <> COALESCE(before.posted_after, 0) + NEW.posted_change\n            OR NEW.held_after <> COALESCE(before.held_after, 0) + NEW.held_change THEN\n            RAISE EXCEPTION 'entry does not continue wallet %', NEW.wallet_id USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="5fb06001bcccf804ce1b4b6532667d3d8866a9d3",
                    operation="INSERT",
                    pgid="pgtrigger_entry_continues_9a3e7",
                    table="generations_ledgerentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="ledgerentry",
            trigger=pgtrigger.compiler.Trigger(
                name="entry_moves_lots",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.posted_change <> 0)",
                    declare="DECLARE due BIGINT; taken BIGINT; lot RECORD;",
                    func="\n        IF NEW.posted_change > 0 THEN\n            INSERT INTO generations_lot (wallet_id, entry_id, amount, remaining, expires_at)\n            VALUES (NEW.wallet_id, NEW.id, NEW.posted_change, NEW.posted_change, NEW.expires_at);\n            RETURN NULL;\n        END IF;\n        due := -NEW.posted_change;\n        FOR lot IN\n            SELECT id, remaining FROM generations_lot\n            WHERE wallet_id = NEW.wallet_id AND remaining > 0 AND (NEW.lot_id IS NULL OR id = NEW.lot_id)\n            ORDER BY expires_at NULLS LAST, id FOR UPDATE\n        LOOP\n            taken := LEAST(due, lot.remaining);\n            UPDATE generations_lot SET remaining = remaining - taken WHERE id = lot.id;\n            due := due - taken;\n            EXIT WHEN due = 0;\n        END LOOP;\n        IF due > 0 THEN\n            RAISE EXCEPTION 'the lots of wallet % lack % credits', NEW.wallet_id, due\n                USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NULL;\n    ",
                    hash="f943996d5350cab5806d28d8c012c98c8abbaa17",
                    operation="INSERT",
                    pgid="pgtrigger_entry_moves_lots_a3521",
                    table="generations_ledgerentry",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_settles_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF OLD.state <> 'pending' THEN\n            RAISE EXCEPTION 'hold % is already %', OLD.id, OLD.state USING ERRCODE = 'check_violation';\n        END IF;\n        IF (NEW.wallet_id, NEW.user_id, NEW.api_key_id, NEW.reference, NEW.amount, NEW.created_at)\n            IS DISTINCT FROM\n            (OLD.wallet_id, OLD.user_id, OLD.api_key_id, OLD.reference, OLD.amount, OLD.created_at) THEN\n            RAISE EXCEPTION 'hold % may only be settled', OLD.id USING ERRCODE = 'check_violation';\n        END IF;\n        RETURN NEW;\n    ",
                    hash="706c6639623edc0f4c184b38a696af9b88782638",
                    operation="UPDATE",
                    pgid="pgtrigger_hold_settles_once_3b5c2",
                    table="generations_hold",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="hold",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4bc13d23c9fc5720227803fea2ecdae598465e98",
                    operation="DELETE",
                    pgid="pgtrigger_hold_stays_a5ea2",
                    table="generations_hold",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(QUOTA_USE, "DROP FUNCTION generations_quota_use"),
        migrations.RunSQL(JOBS_AT_ONCE, "DROP FUNCTION generations_jobs_at_once"),
        migrations.RunSQL(PLACE_HOLD, "DROP FUNCTION generations_place_hold"),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
