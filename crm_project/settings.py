"""All settings, read from the environment by django-environ. README and docs/operations.md name the variables.

CRM_ENV is `production` unless said otherwise (`./run` says development, the tests say test): production
refuses to start without SECRET_KEY, with DEBUG, or with a database role that row-level security does not bind.
"""

import sys
from pathlib import Path

import environ
import pghistory
from csp.constants import NONE, SELF
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from crm_project.addresses import database, redis, site
from crm_project.admin_look import UNFOLD  # noqa: F401 - a setting
from crm_project.handlers import ACTIVITY_ASKED, ACTIVITY_HANDLERS  # noqa: F401 - settings
from crm_project.intent_model import INTENT_MODEL  # noqa: F401 - a setting
from crm_project.mail import LETTERS, clients, keys, outgoing  # noqa: F401 - LETTERS is a setting
from crm_project.schedule import SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

CRM_ENV = env.str("CRM_ENV", default="production")
if CRM_ENV not in ("production", "development", "test"):
    raise ImproperlyConfigured(f"CRM_ENV is {CRM_ENV!r}: it must be production, development or test.")
PRODUCTION = CRM_ENV == "production"
TESTING = CRM_ENV == "test"
DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG is for development: unset it, or set CRM_ENV=development.")
if PRODUCTION and not env.str("SECRET_KEY", default=""):
    raise ImproperlyConfigured(
        'SECRET_KEY is not set. Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
SECRET_KEY = env.str("SECRET_KEY", default="") or get_random_secret_key()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
SITE_URL = site(env, "SITE_URL", default="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
HTTPS = SITE_URL.startswith("https://")

INSTALLED_APPS = [
    "workspaces",  # first: before any table is made it grants the app's role its rights
    "activities",
    "leads",
    "deals",
    "automation",
    "connectors",
    "insights",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "pghistory",
    "pgtrigger",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "crm_project.static.StaticMiddleware",
    "workspaces.middleware.HealthMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "workspaces.middleware.MountMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "workspaces.middleware.NulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "workspaces.middleware.TenantMiddleware",
]

ROOT_URLCONF = "crm_project.urls"
WORKSPACE_URLCONF = "crm_project.workspace_urls"
WSGI_APPLICATION = "crm_project.wsgi.application"
ASGI_APPLICATION = "crm_project.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", BASE_DIR / "static" / "build"],  # the icon sprite is built
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "template_partials.templatetags.partials",
                "workspaces.templatetags.crm",
                "workspaces.templatetags.custom",
                "leads.templatetags.leads",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "workspaces.context.shell",
                "activities.context.frame",
            ],
        },
    }
]

# Fields are drawn by templates/django/forms/field.html, in the look of all our forms.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- database: two roles, see workspaces/tenancy.py ----------------------------------------------
# DATABASE_URL is the role of web, workers and shell: no superuser, owner of nothing.
# DATABASE_OWNER_URL owns the tables; only migrate, flush and the making of test databases use it.
DATABASES = {"default": database(env, "DATABASE_URL", default="postgres://crm_app@127.0.0.1/crm")}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=0),
    "CONN_HEALTH_CHECKS": True,
    "TEST": {"NAME": "test_" + DATABASES["default"]["NAME"]},
}
DATABASES["default"]["OPTIONS"]["options"] = (
    f"-c statement_timeout={env.int('DATABASE_STATEMENT_TIMEOUT', default=15000 if PRODUCTION else 0)} "
    "-c idle_in_transaction_session_timeout=30000 -c lock_timeout=10000"
)
if pool_size := env.int("DATABASE_POOL", default=0):
    # Under ASGI each request runs in a thread of its own: without a pool each would open a connection.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 2, "max_size": pool_size, "timeout": 10}
_owner = database(env, "DATABASE_OWNER_URL", "DATABASE_URL", default="postgres://crm_owner@127.0.0.1/crm")
DATABASE_OWNER = {"USER": _owner["USER"], "PASSWORD": _owner["PASSWORD"]}

REDIS_URL = redis(env, "REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# --- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "workspaces.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "workspaces.forms.SignupNameForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", default="mandatory" if PRODUCTION else "optional")
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key,20/h/key"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_SESSION_REMEMBER = True
ALLOW_SIGNUP = env.bool("ALLOW_SIGNUP", default=not PRODUCTION)
MFA_ADAPTER = "workspaces.accounts.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TOTP_ISSUER = "Dealwright"
MFA_TOTP_TOLERANCE = 1  # clocks of phones differ, and people type slowly

# --- audit ----------------------------------------------------------------------------------------
# Events hold the row as it was before the change; the row itself is the newest state. Who and by which
# door comes from settings local to the transaction (workspaces/tenancy.py), so bulk and raw SQL are seen too.
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_APPEND_ONLY = True
PGHISTORY_DEFAULT_TRACKERS = (pghistory.UpdateEvent(row=pghistory.Old), pghistory.DeleteEvent())
PGHISTORY_BASE_MODEL = "workspaces.history.History"

# What each new workspace gets from the apps above, in this order: called with the workspace, inside its scope.
WORKSPACE_STARTERS = [
    "deals.actions.create_default_pipeline",
    "deals.actions.create_reasons",
    "deals.actions.create_playbook",
]

# What the frame of every page counts beside tasks: {name in templates: SQL of an app above} (activities/context.py).
FRAME_COUNTS = {"mail_undecided": "automation.counts.UNDECIDED"}

# --- safety ---------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
SESSION_ENGINE = "workspaces.sessions"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "workspaces.views.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # whoever asks for these stands beside us and speaks plain HTTP
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
# Both bind the whole domain, which may be more than this site: its operator says so.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS and env.bool("HSTS_WHOLE_DOMAIN", default=False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Whose login attempts are counted: the address that the outermost of our proxies wrote down, not the proxy's own.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=int(BEHIND_PROXY))
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / "var" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static" / "build", BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "crm_project.static.ModuleStaticFilesStorage"
        if not (DEBUG or TESTING)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
# Files of deals, leads, contacts and companies; no address leads to this folder.
UPLOAD_MAX_MB = env.int("UPLOAD_MAX_MB", default=25)
FILE_UPLOAD_HANDLERS = ["activities.files.LimitHandler", *global_settings.FILE_UPLOAD_HANDLERS]
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))

# --- language and time: UTC in the database, the reader's own on the page ----------------------------
LANGUAGE_CODE = "en"
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# --- background work ------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_DB_REUSE_MAX = sys.maxsize  # see crm_project/celery.py
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = SCHEDULE

# --- mail, and servers that people name -------------------------------------------------------------
vars().update(outgoing(env))
SECRETS_KEYS = keys(env, production=PRODUCTION, secret_key=SECRET_KEY)
MAIL_CLIENTS = clients(env)
MAIL_ENDPOINTS: dict[str, str] = {}  # where tests put the services of Google, Microsoft and Amazon
OUTBOUND_NETWORKS: list[str] = env.list("OUTBOUND_NETWORKS", default=[] if PRODUCTION else ["127.0.0.0/8", "::1/128"])

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"answers": {"()": "crm_project.logs.AnswerFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["answers"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
