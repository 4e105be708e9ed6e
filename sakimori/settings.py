"""Django settings, made from the typed `Config`. A missing setting ends the process with one sentence and code 2."""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from sakimori.lib.config import Config, SettingError, read
from sakimori.lib.crypto import load_or_create_keyring

try:
    CONFIG: Config = read(os.environ)
except SettingError as error:
    print(error, file=sys.stderr)
    sys.exit(2)

CONFIG.data.mkdir(parents=True, exist_ok=True)
FIELD_KEYRING = load_or_create_keyring(CONFIG.data / "keys" / "fields.json")
# The key that signs sessions is kept apart from the keys that seal fields, so either can be changed alone.
SECRET_KEY = load_or_create_keyring(CONFIG.data / "keys" / "sessions.json").keys["k1"].hex()

_site = urlsplit(CONFIG.base_url)
_https = _site.scheme == "https"
DEBUG = False
ALLOWED_HOSTS = [_site.hostname or "", "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [CONFIG.base_url]
ROOT_URLCONF = "sakimori.run.urls"
WSGI_APPLICATION = "sakimori.run.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "sakimori.accounts",
    "sakimori.customers",
    "sakimori.logs",
    "sakimori.notify",
    "sakimori.blacklist",
    "sakimori.incidents",
    "sakimori.usage",
    "sakimori.tickets",
    "sakimori.reports",
    "sakimori.advisories",
    "sakimori.closing",
    "sakimori.portal",
    "sakimori.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sakimori.accounts.first_login.first_login_only_changes_the_password",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sakimori.accounts.context.service",
                "sakimori.portal.context.menu",
            ],
        },
    }
]

_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": CONFIG.data / "sakimori.db",
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        # A write transaction takes the lock when it begins, so two workers queue instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;",
    },
}
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(CONFIG.database_url, conn_max_age=600, conn_health_checks=True)
    if CONFIG.database_url
    else _SQLITE
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}

LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語")]
TIME_ZONE = "Asia/Tokyo"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["sakimori.accounts.formats"]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]

ACCOUNT_ADAPTER = "sakimori.accounts.adapters.AccountAdapter"
MFA_ADAPTER = "sakimori.accounts.adapters.MfaAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": False}
ACCOUNT_FORMS = {
    "login": "sakimori.accounts.forms.LoginForm",
    "change_password": "sakimori.accounts.forms.ChangePasswordForm",
}
MFA_FORMS = {
    "authenticate": "sakimori.accounts.forms.AuthenticateForm",
    "reauthenticate": "sakimori.accounts.forms.ReauthenticateForm",
    "activate_totp": "sakimori.accounts.forms.ActivateTOTPForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Sakimori"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "account/lockout.html"
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = _https or not CONFIG.training
CSRF_COOKIE_SECURE = _https or not CONFIG.training
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "sakimori.accounts.views.csrf_failure"
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "style-src": ["'self'"],
        "script-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

STATIC_URL = "static/"
STATIC_ROOT = CONFIG.data / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
LOGGING_CONFIG = None
LOGSTORE_URL = CONFIG.logstore_url or f"chdb://{CONFIG.data / 'logstore'}"
SPOOL = Path(CONFIG.data / "spool")
