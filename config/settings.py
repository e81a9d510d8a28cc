"""Settings of every process: pages, gateway, Celery, rq, commands. One file, read from the environment.

`devstack` fills the environment in development; in production (GATEHOUSE_MODE=production) nothing is guessed.
Policy numbers (seats a week, limits, recall windows) are rows with a history, never settings.
"""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
MODE = env.choice("GATEHOUSE_MODE", ("development", "production"))
PRODUCTION = MODE == "production"
DEBUG = not PRODUCTION and env.choice("DEBUG", ("0", "1")) == "1"
TEST_RESULTS = BASE_DIR / ".test-results.json"  # written by `make test`, read by the page of guarantees
DATA_DIR = Path(env.text("GATEHOUSE_DATA", str(BASE_DIR / ".gatehouse")))

SECRET_KEY = env.text("SECRET_KEY")
KEY_PEPPERS = env.peppers("KEY_PEPPERS")  # of secrets' keyed hashes, newest first
FIELD_KEYS = env.fernet_keys("FIELD_KEYS")  # of encrypted columns, newest first
KEY_PREFIX = env.text("KEY_PREFIX", "gh")

PORT = env.number("PORT", 8000)
GATEWAY_PORT = env.number("GATEWAY_PORT", 8001)
GATEWAY_PROCESSES = env.number(
    "GATEWAY_PROCESSES", 1
)  # over all machines: the share of a limit while Redis is away
GATEWAY_MOST_IN_WORK = env.number("GATEWAY_MOST_IN_WORK", 512)  # of each process at the same moment; then 503
BASE_URL = env.text("BASE_URL", None if PRODUCTION else f"http://127.0.0.1:{PORT}").rstrip("/")
GATEWAY_URL = env.text("GATEWAY_URL", f"http://127.0.0.1:{GATEWAY_PORT}").rstrip("/")
# Moderation endpoints in OpenAI's form that filter rules may name, as name=URL, and the key to each, as name=key.
MODERATION_ENDPOINTS = env.named("MODERATION_ENDPOINTS")
MODERATION_KEYS = env.named("MODERATION_KEYS")
# Public keys of who reports leaked secrets, as name=base64 of the DER (a PEM without its first and last line).
LEAK_PUBLIC_KEYS = env.named("LEAK_PUBLIC_KEYS")
# Networks of ours, such as 10.0.0.0/8, that webhooks of integrators may go to; those of owners never do.
WEBHOOK_NETWORKS = env.networks("WEBHOOK_NETWORKS")
ALLOWED_HOSTS = env.lines("ALLOWED_HOSTS", None if PRODUCTION else "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "config.apps.StaffSite",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_rq",
    "pgtrigger",
    "audit",
    "outbox",
    "accounts",
    "policies",
    "onboarding",
    "reviews",
    "enforcement",
    "transparency",
    *([] if PRODUCTION else ["demo"]),
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.InTheZoneAndLanguageOfThePerson",
    "accounts.middleware.NotesSessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.languages.written_in",
            ],
        },
    }
]

# --- PostgreSQL. Kept open: a connection a request is ten times slower (measured: 195 against 2,055 requests/s).
DATABASES = {"default": env.reader.db_url_config(env.text("DATABASE_URL"))}
if host := DATABASES["default"].get("OPTIONS", {}).pop("host", ""):  # a socket directory, where dbshell looks
    DATABASES["default"]["HOST"] = host
DATABASES["default"].update(CONN_MAX_AGE=600, CONN_HEALTH_CHECKS=True, ATOMIC_REQUESTS=False)
DATABASES["default"].setdefault("OPTIONS", {})["application_name"] = "gatehouse"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, Celery's broker, rq's queue, the gateway's projection and counters.
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    # allauth's rate limits count in the cache: the local-memory default would let every process count for itself.
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "gh:c",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
RQ_QUEUES = {"default": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 3600}}
RQ_SHOW_ADMIN_LINK = False

# --- Celery. The names in capitals are read through namespace="CELERY" (lower-case ones are silently ignored).
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # acks_late alone still loses the running task on kill -9
CELERY_TASK_IGNORE_RESULT = True  # outcomes live in our own tables
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    # Without these two a dead worker's tasks come back only after the visibility timeout plus up to 100 s.
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "global_keyprefix": "gh:q:",
}
CELERY_DB_REUSE_MAX = 1000  # closing the connection around each task costs four fifths of the throughput
CELERY_TASK_DEFAULT_QUEUE = "promises"
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}
LOGIN_REDIRECT_URL = "applications"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"signup": "accounts.forms.Signup"}
ACCOUNT_RATE_LIMITS = {
    "invite_member": "20/h/user",  # nobody writes letters to the whole world from here
    "my_copy": "6/h/user",
    "report": "20/h/ip",  # anybody may report misuse, without an account
    "comment": "20/h/ip",  # each comment without an account writes a letter
    "subscribe": "10/h/ip",  # each address typed is written to, once a day at most
    "webhook": "20/h/user",  # each try asks a name server about an address somebody typed
    "report_by_api": "20/h/user",
    "upload": "30/h/user",  # answers with files: looking at one takes seconds of processor time
}  # added to allauth's own
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told to its owner
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXIES", 0)
MFA_ADAPTER = "accounts.second_factor.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"add_webauthn": "accounts.forms.AddPasskey"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION  # browsers allow passkeys on http://localhost alone
USERSESSIONS_TRACK_ACTIVITY = False  # accounts.middleware does it, without a write on each request
MFA_TOTP_ISSUER = "Gatehouse"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s either way: a phone's clock may be off, and a code may be typed slowly
STAFF_NEED_SECOND_FACTOR = PRODUCTION

# --- The self-service API
API_PER_MINUTE = env.number("API_PER_MINUTE", 120)  # calls of one token

# --- Mail: only outbox sends; the default writes each mail to a file.
EMAIL_TIMEOUT = 20  # seconds; a mail server that hangs must not hold the outbox
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Gatehouse <no-reply@gatehouse.example>")
CONTACT_EMAIL = env.text(
    "CONTACT_EMAIL", "help@gatehouse.example"
)  # whom people write to; named on their pages
globals().update(env.reader.email_url_config(env.text("EMAIL_URL", f"filemail:///{DATA_DIR.resolve()}/mail")))

CSRF_FAILURE_VIEW = "onboarding.views.stash.token_refused"

# --- Time and words
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en-gb"
LANGUAGES = [
    ("en-gb", "English"),
    ("es", "Español"),
]  # a language stands here once its catalogue is complete; see accounts.languages
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = PRODUCTION
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]

# --- Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files", "base_url": None},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- What the browser may do
# The style of templates/letters_base.html, so that the preview of a letter looks as the mail does.
LETTER_STYLE = "'sha256-E5T0Xq8/oRCeYcH0gw4qbPM9rJ0bI9N2nFzOIcKBLb4='"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "style-src": [SELF, LETTER_STYLE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz|metrics)$"]  # probes come over plain HTTP from inside
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": "config.logs.Masking",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "allauth": {"level": "WARNING"},
        # A line for each hint received and each tick sent would bury everything else.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
    },
}

SILENCED_SYSTEM_CHECKS: list[str] = []
