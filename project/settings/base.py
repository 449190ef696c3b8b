"""Settings for all environments. Values come from `project.env`; local, test and production only add differences."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from redis.backoff import NoBackoff
from redis.retry import Retry

from project.env import Environment, database_settings, email_settings, sso_settings, storage_settings
from project.logs import configure_logging, logging_config, report_errors

ROOT = Path(__file__).resolve().parent.parent.parent
ENV = Environment()

# --- identity -------------------------------------------------------------------------------------
SECRET_KEY = ENV.secret_key.get_secret_value() if ENV.secret_key else ""
SECRET_KEY_FALLBACKS = [key.strip() for key in ENV.secret_key_fallbacks.get_secret_value().split(",") if key.strip()]
ALLOWED_HOSTS = [host.strip() for host in ENV.allowed_hosts.split(",") if host.strip()]
PUBLIC_URL = ENV.public_url
DATA_DIR = ENV.data_dir.resolve()
IS_DEMO = False  # only local settings have the demo accounts

# --- applications ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "corsheaders",
    "csp",
    "django_htmx",
    "django_structlog",
    "lucide",
    "pgtrigger",
    "generations",
]

# Pages use MIDDLEWARE. Its first entry sends API requests through API_MIDDLEWARE and then directly to the view.
MIDDLEWARE = [
    "generations.api.middleware.FrontMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "generations.events.streams.origins.EventsOriginCspMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "generations.common.client_address.ClientAddressMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "generations.web.errors.ErrorMiddleware",
]
API_MIDDLEWARE = [
    "generations.api.middleware.LogMiddleware",
    "generations.common.client_address.ClientAddressMiddleware",
    "generations.api.middleware.OriginsMiddleware",
    "generations.api.middleware.ErrorMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "generations.web.context_processors.site",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data -----------------------------------------------------------------------------------------
DATABASES = {"default": database_settings(ENV.database_url)}
REDIS_URL = ENV.redis_url
CACHES = {
    "default": {
        "BACKEND": "project.cache.Cache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "dailies",
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "REDIS_CLIENT_CLASS": "project.cache.CacheClient",
            "SOCKET_TIMEOUT": 1,
            "SOCKET_CONNECT_TIMEOUT": 1,
            "CONNECTION_POOL_KWARGS": {"retry": Retry(NoBackoff(), 0)},
        },
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
STORAGES: dict[str, Any] = storage_settings(ENV, DATA_DIR / "media")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # the form data without files
FILE_UPLOAD_TEMP_DIR: str | None = None

# --- accounts -------------------------------------------------------------------------------------
AUTH_USER_MODEL = "generations.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "generations.accounts.allauth.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "generations.accounts.allauth.display_name"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_FORMS = {
    "login": "generations.accounts.forms.LoginForm",
    "change_password": "generations.accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "generations.accounts.forms.ResetPasswordForm",
}
ACCOUNT_CHANGE_EMAIL = True  # one address per user; the old one stays valid until the new one is confirmed
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"export_account": "5/h/user", "delete_account": "10/h/user"}
MFA_ADAPTER = "generations.accounts.allauth.TwoFactorAdapter"
MFA_FORMS = {"add_webauthn": "generations.accounts.forms.AddPasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Dailies"
MFA_TOTP_TOLERANCE = 1  # the clock of a phone may be 30 seconds off
# Sign-in requires a confirmed address, so an account with a second factor always has one. Without this setting a user
# with a second factor could not change the address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_ADAPTER = "generations.accounts.allauth.SingleSignOnAdapter"
SOCIALACCOUNT_PROVIDERS = sso_settings(ENV)
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
IS_SIGN_ON_EMAIL_TRUSTED = ENV.oidc_trust_email

# How long a deleted team stays visible and can be restored by its owner.
TEAM_GRACE = timedelta(days=7)

# --- pages ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [ROOT / "static"]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- browsers -------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "generations.web.errors.csrf_failure"
EVENTS_PORT = ENV.events_port
TRUSTED_PROXIES = ENV.trusted_proxies

# --- API ------------------------------------------------------------------------------------------
CORS_URLS_REGEX = r"^/(v1|v2|api)/"
CORS_ALLOWED_ORIGINS = [origin for origin in ENV.cors_allowed_origins.split() if origin != "*"]
CORS_ALLOW_ALL_ORIGINS = "*" in ENV.cors_allowed_origins.split()
CORS_ALLOW_HEADERS = ["authorization", "content-type", "idempotency-key", "last-event-id"]
CORS_EXPOSE_HEADERS = ["x-request-id", "retry-after", "idempotent-replayed", "content-range"]
# Requests per minute. 0 means no limit.
API_RATE_KEY = ENV.api_rate_key
API_RATE_MEMBER = ENV.api_rate_member
API_RATE_TEAM = ENV.api_rate_team
# How long a result URL is valid, from the response that contained it.
RESULT_URL_LIFE = timedelta(hours=ENV.result_url_hours)

# --- Celery ---------------------------------------------------------------------------------------
# The visibility timeout must exceed the longest task. PostgreSQL decides; messages are only hints.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_timeout": 30}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # retry forever, so that workers need no restart after an outage of Valkey
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SOFT_TIME_LIMIT = 14 * 60
CELERY_TASK_TIME_LIMIT = 15 * 60
CELERY_TASK_DEFAULT_QUEUE = "dailies"
# Saving a video may take minutes. It has its own queue and workers, so that it does not delay other tasks.
MEDIA_QUEUE = "media"
# Webhook receivers may respond slowly, so webhooks have their own queue and worker as well.
WEBHOOKS_QUEUE = "webhooks"
CELERY_TASK_ROUTES = {
    "generations.save_generation": {"queue": MEDIA_QUEUE},
    "generations.send_webhooks": {"queue": WEBHOOKS_QUEUE},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "dispatch": {"task": "generations.dispatch_due", "schedule": 1.0, "options": {"expires": 5}},
    "poll": {"task": "generations.poll_due", "schedule": 1.0, "options": {"expires": 5}},
    "purge": {"task": "generations.purge_teams", "schedule": 3600.0, "options": {"expires": 600}},
    "sweep": {"task": "generations.sweep", "schedule": 3600.0, "options": {"expires": 600}},
    "replays": {"task": "generations.sweep_replays", "schedule": 3600.0, "options": {"expires": 600}},
    "books": {"task": "generations.check_books", "schedule": 24 * 3600.0, "options": {"expires": 3600}},
    "webhooks": {"task": "generations.send_webhooks", "schedule": 1.0, "options": {"expires": 5}},
    "old-webhooks": {"task": "generations.sweep_webhooks", "schedule": 3600.0, "options": {"expires": 600}},
    "wallets": {"task": "generations.keep_wallets", "schedule": 60.0, "options": {"expires": 50}},
    "heartbeat": {"task": "generations.record_heartbeat", "schedule": 10.0, "options": {"expires": 30}},
}

# --- provider -------------------------------------------------------------------------------------
IS_LOCAL_ENGINE = ENV.is_local_engine
PROVIDER_URL = ENV.engine_url if IS_LOCAL_ENGINE else ENV.ltx_base_url
PROVIDER_API_KEY = "local-engine" if ENV.ltx_api_key is None else ENV.ltx_api_key.get_secret_value()
PROVIDER_CONCURRENCY = ENV.provider_concurrency
# Only the local engine returns the same response for the same Idempotency-Key; the vendor does not.
PROVIDER_HONOURS_IDEMPOTENCY = IS_LOCAL_ENGINE
# Submits per minute, 0 for no limit. The vendor's limit depends on the account.
PROVIDER_RATE = ENV.provider_rate
# The vendor recommends 5 to 6 seconds between polls; the local engine has no limit.
POLL_INTERVAL = timedelta(seconds=1 if IS_LOCAL_ENGINE else 5)
# When a worker does not renew its lease within this time, another worker continues the job. Must be longer than any
# step between two renewals: a request to the provider, or one part of the decoding.
LEASE = timedelta(seconds=90)
# How long the outcome of a submit may stay unknown before the credits are refunded.
UNCONFIRMED_WINDOW = timedelta(hours=1)
# After this time a job is polled less often. It does not fail because it is slow.
OVERDUE_AFTER = timedelta(minutes=30)
# How long the provider may return 404 for an accepted job, and how long saving its finished video may fail.
MISSING_AFTER = timedelta(minutes=10)
SAVING_WINDOW = timedelta(hours=24)
# A job is not retried automatically after its workers have died this often without progress.
MAX_LOSSES = 5
# Limits of a download.
VIDEO_MAX_BYTES = 2 * 1024**3
VIDEO_DEADLINE = timedelta(minutes=10)

# --- webhooks -------------------------------------------------------------------------------------
# For one attempt, from the DNS lookup to the end of the response.
WEBHOOK_DEADLINE = timedelta(seconds=15)
# An endpoint that has failed for this long is paused until it works again. The team's managers get a notification.
WEBHOOK_PAUSE_AFTER = timedelta(days=1)
# Only local settings allow webhooks to this machine, and without TLS.
WEBHOOKS_TO_LOOPBACK = False

# --- mail -----------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENV.default_from_email
globals().update(email_settings(ENV.email_url))

# --- operation ------------------------------------------------------------------------------------
# If no worker finishes the heartbeat task within this time, staff get an alert and `/readyz` fails.
HEARTBEAT_MAX_AGE = timedelta(seconds=60)
# An idle worker that receives no message for this long, while messages wait, exits.
WORKER_STALLED_AFTER = timedelta(seconds=45)
# How long running tasks may continue after their worker got SIGTERM. Must be shorter than the supervisor's limit
# (`make run`: 15 seconds).
WORKER_GRACE = timedelta(seconds=10)
METRICS_TOKEN = ENV.metrics_token.get_secret_value() if ENV.metrics_token else ""

# --- logs -----------------------------------------------------------------------------------------
LOGGING = logging_config(ENV.log_format, ENV.log_level)
configure_logging()
report_errors(ENV.sentry_dsn)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # ClientAddressMiddleware adds the address
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # FrontMiddleware sets the id; clients cannot choose it
