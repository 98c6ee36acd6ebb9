"""All settings, from the environment (docs/deploy.md lists the variables); a demo needs none."""

from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env
from config.logs import logging_settings

# Classes such as ModelAdmin are generic for mypy only; this lets the code name their model.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# A demo has invented families, shows every message at /demo/inbox and sends none.
DEMO = env.flag("DEMO")
DEMO_SECRET_KEY = "emgav-demo-key-for-trials-only-never-in-production"  # noqa: S105  refused below outside a demo


def _secret_key() -> str:
    key = env.required(
        "SECRET_KEY", DEMO_SECRET_KEY if DEMO else "", "50 random characters or more"
    )
    _refuse_weak("SECRET_KEY", key)
    return key


def _former_keys() -> list[str]:
    """Keys that sign nothing any more, but whose links, cookies and codes are still believed."""
    keys = env.names("SECRET_KEY_FALLBACKS")
    for key in keys:
        _refuse_weak("SECRET_KEY_FALLBACKS", key)
    if SECRET_KEY in keys:
        env.refuse("SECRET_KEY_FALLBACKS", "holds SECRET_KEY itself: former keys only")
    return keys


def _refuse_weak(name: str, key: str) -> None:
    if not DEMO and (key == DEMO_SECRET_KEY or len(key) < 50):
        env.refuse(
            name,
            "too short or the demo's: set 50 random characters or more, or DEMO=1 for a trial",
        )


def _demo(value: str) -> str:
    return value if DEMO else ""


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = _former_keys()
PORT = env.number("PORT", 8000, least=1, most=65535)
PUBLIC_URL = env.public_url("PUBLIC_URL", _demo(f"http://localhost:{PORT}"))
IS_HTTPS = PUBLIC_URL.startswith("https://")
PUBLIC_HOST = env.split("PUBLIC_URL", PUBLIC_URL, ("https", "http")).hostname or ""
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS") or [PUBLIC_HOST]
if DEMO:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]

# Reverse proxies whose X-Forwarded-* headers are believed; from anyone else they are dropped.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

# What Prometheus shows at /metrics; without it there is no such page.
METRICS_TOKEN = env.text("METRICS_TOKEN")

# In the header of each page; a setting, because pages for families pay no query for their frame.
DEPARTMENT_NAME = env.text("DEPARTMENT_NAME", "Ille-et-Vilaine")

DEBUG = False
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "frontend",
    "booking",
    "centres",
    "notifications",
    "frontend.administration.Administration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "pgtrigger",
    "phonenumber_field",
]

MIDDLEWARE = [
    "config.middleware.ForwardedHeaders",
    "config.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.BodyLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "frontend.idle.IdleTimeout",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "frontend.context.site",
            ],
        },
    }
]


DATABASES = {
    "default": env.database("DATABASE_URL", _demo("postgresql://localhost/emgav"))
    | {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
}
# Statements are prepared once a connection, which halves the cost of a booking. Set
# DATABASE_PREPARES=0 behind a pooler that hands each transaction another connection.
if env.flag("DATABASE_PREPARES", "1"):
    DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": 2}
REDIS_URL = env.redis("REDIS_URL", _demo("redis://localhost:6379/0"))

# The web process never waits for Redis: what processes share is in the database.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# The largest honest form is under 4 kB, a pasted spreadsheet 50; files only where a page asks for
# one (frontend.uploads). Anything else: 413 (frontend.views.errors).
DATA_UPLOAD_MAX_MEMORY_SIZE = 100_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["frontend.uploads.OnlyWhereAsked"]


AUTH_USER_MODEL = "centres.User"
LOGIN_URL = "account_login"
# The limits on passwords and codes are ours (frontend.limits): allauth's count in each process.
ACCOUNT_ADAPTER = "frontend.signin.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False
# The directory of the Département, by which staff may log in too; None without one.
OIDC = env.directory("OIDC")
MFA_ADAPTER = "frontend.second_factor.Adapter"
MFA_TOTP_ISSUER = "Emgav"
# A key is unlocked by its owner (PIN, finger, face), after a password too: one that only waits to
# be touched may be anybody's, left in the computer.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Phones whose clock is half a minute wrong are many.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]


LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("Français")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "frontend" / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True
PHONENUMBER_DEFAULT_REGION = "FR"
PHONENUMBER_DB_FORMAT = "E164"


STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "frontend.bundles.BundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_HTTPS
# Health probes come straight to the process, past the proxy that speaks TLS.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3600
# Staff who do nothing for so long log in again; what they typed is kept (frontend.idle).
IDLE_MINUTES = env.number("IDLE_MINUTES", 30, least=5, most=720)
# Rights that nobody has used for so many days are suspended; an administrator gives them back.
MEMBERSHIP_DAYS = env.number("MEMBERSHIP_DAYS", 90, least=7, most=3650)
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = IS_HTTPS
LANGUAGE_COOKIE_AGE = 31_536_000


# Everything leaves by the outbox (notifications.channels), nothing by Django's own way.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
EMAIL_URL = env.email("EMAIL_URL", _demo("dummy://"), is_demo=DEMO)
EMAIL_FALLBACK_URL = env.fallback_email("EMAIL_FALLBACK_URL", is_demo=DEMO)
DEFAULT_FROM_EMAIL = env.required(
    "DEFAULT_FROM_EMAIL", _demo("Emgav <rdv@example.org>"), "the sender of every e-mail"
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Without a provider of SMS there is no such channel: everything goes by e-mail.
SMS_URL = env.sms("SMS_URL", _demo("demo://"), is_demo=DEMO)
SMS_FALLBACK_URL = env.sms("SMS_FALLBACK_URL", "", is_demo=DEMO)
SMS_SENDER = env.sms_sender("SMS_SENDER", _demo("36035"), is_needed=bool(SMS_URL))
# Where providers tell what became of a message; each has its own secret.
SMS_CALLBACK_URL = f"{PUBLIC_URL}/webhooks/sms/{{route}}/{{secret}}/"

# How many processes send messages at the same time, of all workers on all hosts together. Keep it
# below the concurrency of each worker, so that other tasks always find a process.
SENDERS = env.number("SENDERS", 2, least=1, most=50)

LOGGING = logging_settings(level=env.text("LOG_LEVEL", "INFO").upper())
