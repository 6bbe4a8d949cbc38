"""
Production settings for a project that knows nothing of us.

It imports the project's own settings, takes every name, and then replaces what must differ in production.
What decides is django.json, written by the deploy (at $CDKTF_DJANGO_CONFIG, or /run/cdktf-django/django.json).
A key that is absent leaves the project's own value alone; so does null, where null is allowed.

    settings                 "shop.settings"                 the project's own settings module (required)
    wsgi                     "shop.wsgi:application" | null   the callable that wsgi.py serves; null: Django's own
    asgi                     "shop.asgi:application" | null   the same for asgi.py
    secretKeyFile            path                             (required)
    secretKeyFallbackFiles   [path, ...]                      older keys, still good for reading
    database                 null, or what `default` becomes:
        host, port, name, user, passwordFile
        engine               "django.db.backends.postgresql"  absent: the project's own if it is for Postgres, or this
        connMaxAge           60                               seconds; null: for ever
        pooling              "transaction" | "session"        how PgBouncer in front of it lends connections; absent: none
        options              {}                               DATABASES['default']['OPTIONS']
    cache, sessions          null, or a Redis server for CACHES['default'], or for sessions:
        host, port, user, passwordFile, tls
        database             1                                its number
        prefix               "shop/Shop"                      of all keys
    email                    null, or the server that takes mail:
        host, port, user, passwordFile                        both of the last, or neither
        security             "starttls" | "tls" | "none"
        timeout              10                               seconds
        delivers             true | false                     false: it takes the place of all mailers
    defaultFromEmail         "shop@example.com" | null        DEFAULT_FROM_EMAIL
    serverEmail              "shop@example.com" | null        SERVER_EMAIL; null: defaultFromEmail, where the project has none
    allowedHosts             ["shop.example.com", ...]
    csrfTrustedOrigins       ["https://shop.example.com", ...]
    scheme                   "http" | "https"                 what visitors use
    scriptName               "" | "/shop"                     the path under which the app is mounted
    staticUrl, staticRoot    "/static/" | null, path | null   staticUrl is absolute, with the mount path in it
    mediaUrl, mediaRoot      "/media/" | null, path | null
    healthPath               "/-/health/" | null
    overrides                {"NAME": value}                  win over everything
    mode, release            see release.py; of these only health.py reads release.migrate, for its message

The environment variable CDKTF_DJANGO_RELEASE names the release (staticfiles.py).
"""

import importlib
import os
import random

import django
from django.conf import global_settings
from django.core.exceptions import ImproperlyConfigured

from cdktf_django_overlay.config import read_config, read_secret
from cdktf_django_overlay.mail import apply_mail

#: HSTS is nginx's business: it knows the host names, the certificates and what else lives there.
_SILENCED = ["security.W004", "security.W005", "security.W021"]

#: What a project may say about its default database that is not about where it is.
_KEPT_DATABASE_KEYS = ("ATOMIC_REQUESTS", "AUTOCOMMIT", "DISABLE_SERVER_SIDE_CURSORS", "TEST", "TIME_ZONE")
_KEPT_DATABASE_OPTIONS = ("assume_role", "cursor_factory", "isolation_level", "pool", "server_side_binding")

_POSTGRESQL = "django.db.backends.postgresql"
_POSTGRES_APP = "django.contrib.postgres"
_GIS = {
    "django.contrib.gis.db.backends.spatialite": "django.contrib.gis.db.backends.postgis",
}

#: Django's own two. A project that chose another one (whitenoise, S3) keeps it.
_DJANGO_STATIC_STORAGES = (
    "django.contrib.staticfiles.storage.StaticFilesStorage",
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
)
_HASHED_STATIC_STORAGE = "cdktf_django_overlay.staticfiles.ReleaseStaticFilesStorage"

#: The alias of the cache with sessions.
_SESSIONS = "cdktf-django-sessions"

#: A key shorter than this is a placeholder such as "secret", and would be found everywhere.
_SEARCHABLE_KEY_LENGTH = 10


def _project_settings(name):
    """Every setting of the project's own module; an error in it is shown as it is, with where to look."""
    try:
        module = importlib.import_module(name)
    except ImproperlyConfigured:
        raise
    except Exception as error:
        raise ImproperlyConfigured(
            f"cdktf-django: the project's settings {name!r} cannot be imported: {type(error).__name__}: {error}. "
            + _import_hint(name, error)
        ) from error
    return {key: getattr(module, key) for key in dir(module) if key.isupper()}


def _import_hint(name, error):
    if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
        return f"The working directory must be the one that holds manage.py; it is {os.getcwd()}."
    if isinstance(error, ModuleNotFoundError):
        return "Is it among the project's requirements?"
    if isinstance(error, KeyError):
        return (
            "Settings that read this from the environment get it as an environment variable or a secret of the "
            f"service, or want DjangoSettings.environment({name!r})."
        )
    return "The traceback says where."


def _get(settings, name):
    """What the project says, or else Django's default."""
    return settings[name] if name in settings else getattr(global_settings, name, None)


def _debug_off(settings):
    templates = []
    for engine in _get(settings, "TEMPLATES") or []:
        options = dict(engine.get("OPTIONS") or {})
        if "debug" in options:
            options["debug"] = False
        templates.append({**engine, "OPTIONS": options} if options else engine)
    return {"DEBUG": False, "TEMPLATES": templates}


def _keys(config):
    return {
        "SECRET_KEY": read_secret(config["secretKeyFile"], "the secret key"),
        "SECRET_KEY_FALLBACKS": [
            read_secret(path, "an older secret key") for path in config.get("secretKeyFallbackFiles") or []
        ],
    }


def _engine(old_engine):
    """The project's own engine if it speaks to Postgres (PostGIS and wrappers do), else Django's."""
    if "postg" in old_engine:
        return old_engine
    return _GIS.get(old_engine, _POSTGRESQL)


def _in_any_order(hosts):
    """Of several hosts, separated by commas, libpq takes the first that answers: each process begins with another one."""
    names = hosts.split(",")
    return ",".join(random.sample(names, len(names)))


def _fit_for_transactions(database, options):
    """What lasts longer than a transaction would be another connection's. Prepared statements Django leaves alone by itself."""
    database["DISABLE_SERVER_SIDE_CURSORS"] = True
    if options.get("assume_role"):
        raise ImproperlyConfigured(
            "cdktf-django: DATABASES['default']['OPTIONS']['assume_role'] sets a role for a session, and a pooler in transaction mode "
            "has none. Either let the role have it: ALTER ROLE ... SET role TO ..., or use PostgresPoolMode.SESSION."
        )


def _databases(settings, database):
    """`default` is ours, other databases stay the project's."""
    databases = dict(settings.get("DATABASES") or {})
    old = databases.get("default") or {}
    new = {key: old[key] for key in _KEPT_DATABASE_KEYS if key in old}
    old_engine = old.get("ENGINE", "")
    options = {"connect_timeout": 10}
    if "postg" in old_engine:
        old_options = old.get("OPTIONS") or {}
        options.update({key: old_options[key] for key in _KEPT_DATABASE_OPTIONS if key in old_options})
    options.update(database.get("options") or {})
    if database.get("pooling") == "transaction":
        _fit_for_transactions(new, options)
    new.update(
        ENGINE=database.get("engine") or _engine(old_engine),
        HOST=_in_any_order(database["host"]),
        PORT=str(database.get("port") or 5432),
        NAME=database["name"],
        USER=database["user"],
        PASSWORD=read_secret(database["passwordFile"], "the database password"),
        # A pool (Django 5.1 and newer) keeps connections by itself, and refuses a second keeper.
        CONN_MAX_AGE=0 if options.get("pool") else database.get("connMaxAge", 60),
        CONN_HEALTH_CHECKS=True,
        OPTIONS=options,
    )
    databases["default"] = new
    return {"DATABASES": databases, **_postgres_app(settings, old_engine)}


def _postgres_app(settings, old_engine):
    """
    Django's app for Postgres, where it is we who brought the project there.

    Libraries use its fields and indexes by themselves on a Postgres (Wagtail's search), and without the app their checks fail
    (postgres.E005). It has no tables. The first one: lookups of the project's own apps are registered after its, and win.
    """
    apps = list(_get(settings, "INSTALLED_APPS") or [])
    if "postg" in old_engine or any(app.startswith(_POSTGRES_APP) for app in apps):
        return {}
    return {"INSTALLED_APPS": [_POSTGRES_APP, *apps]}


def _redis_cache(redis, backend):
    """The password is an option of its own: Django hides those of such a name when it reports an error."""
    try:
        from cdktf_django_overlay.cache import CONNECTION_OPTIONS
    except ModuleNotFoundError as error:
        raise ImproperlyConfigured(
            f"cdktf-django: a cache or sessions in Redis need the Python package redis, which the image has not ({error}): "
            "add redis to the project's requirements."
        ) from None
    tls = {"ssl_cert_reqs": "required"} if redis.get("tls") else {}
    return {
        "BACKEND": backend,
        "LOCATION": f"{'rediss' if tls else 'redis'}://{redis['host']}:{redis['port']}/{redis['database']}",
        "KEY_PREFIX": redis["prefix"],
        "OPTIONS": {
            "username": redis["user"],
            "password": read_secret(redis["passwordFile"], "the password of Redis"),
            **tls,
            **CONNECTION_OPTIONS,
        },
    }


def _caches(settings, config):
    """`default` is ours, other caches stay the project's; sessions have one of their own, which `cache.clear()` leaves alone."""
    caches = dict(_get(settings, "CACHES"))
    result = {}
    if config.get("cache"):
        caches["default"] = _redis_cache(config["cache"], "cdktf_django_overlay.cache.ForgivingRedisCache")
    if config.get("sessions"):
        caches[_SESSIONS] = _redis_cache(config["sessions"], "django.core.cache.backends.redis.RedisCache")
        result = {"SESSION_ENGINE": "cdktf_django_overlay.sessions", "SESSION_CACHE_ALIAS": _SESSIONS}
    return {"CACHES": caches, **result}


def _celery(settings):
    """
    Results in Redis go where the broker is: the address in the project's settings is one for development.

    Celery itself takes both addresses from its environment before it looks at any settings (celery/app/utils.py).
    """
    broker = os.environ.get("CELERY_BROKER_URL")
    own = settings.get("CELERY_RESULT_BACKEND")
    if broker and isinstance(own, str) and own.startswith(("redis://", "rediss://")):
        os.environ.setdefault("CELERY_RESULT_BACKEND", broker)


def _proxy(settings, config):
    """What follows from nginx in front: it terminates TLS, and always overwrites X-Forwarded-Proto."""
    https = config.get("scheme") == "https"
    result = {
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        # nginx redirects already; behind the header above this never acts, and keeps a direct caller out.
        "SECURE_SSL_REDIRECT": https,
        "SESSION_COOKIE_SECURE": https,
        "CSRF_COOKIE_SECURE": https,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "X_FRAME_OPTIONS": _get(settings, "X_FRAME_OPTIONS") or "DENY",
        # Never "no-referrer" by default: browsers then send no Origin either, and CSRF checks fail.
        "SECURE_REFERRER_POLICY": _get(settings, "SECURE_REFERRER_POLICY") or "same-origin",
        "SILENCED_SYSTEM_CHECKS": [*(_get(settings, "SILENCED_SYSTEM_CHECKS") or []), *_SILENCED],
    }
    if config.get("allowedHosts") is not None:
        result["ALLOWED_HOSTS"] = list(config["allowedHosts"])
    if config.get("csrfTrustedOrigins") is not None:
        result["CSRF_TRUSTED_ORIGINS"] = list(config["csrfTrustedOrigins"])
    return result


def _mount_path(settings, script_name):
    """
    What Django does not prefix by itself when the app lives under a path.

    Cookies get the path, so that two apps on one host do not overwrite each other's session. URLs that the
    project wrote (or Django presets) as a path are meant from the app's root, which has moved.
    """
    if not script_name:
        return {}
    prefix = script_name.rstrip("/")
    result = {}
    if settings.get("FORCE_SCRIPT_NAME") is None:
        # Also for URLs made outside of a request (mails, commands), and for ASGI servers.
        result["FORCE_SCRIPT_NAME"] = prefix
    for name in ("SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH", "LANGUAGE_COOKIE_PATH"):
        if _get(settings, name) == "/":
            result[name] = prefix + "/"
    for name in ("LOGIN_URL", "LOGIN_REDIRECT_URL", "LOGOUT_REDIRECT_URL"):
        url = _get(settings, name)
        if _is_path(url) and not (url + "/").startswith(prefix + "/"):
            result[name] = prefix + url
    return result


def _is_path(url):
    return isinstance(url, str) and url.startswith("/") and not url.startswith("//")


def _files(settings, config):
    """Static and media: where nginx serves them from, static files with a hash in their names."""
    names = {
        "staticUrl": "STATIC_URL",
        "staticRoot": "STATIC_ROOT",
        "mediaUrl": "MEDIA_URL",
        "mediaRoot": "MEDIA_ROOT",
    }
    result = {setting: config[key] for key, setting in names.items() if config.get(key) is not None}
    storages = _storages(settings)
    own = storages.get("staticfiles") or {}
    if config.get("staticRoot") and own.get("BACKEND", _DJANGO_STATIC_STORAGES[0]) in _DJANGO_STATIC_STORAGES:
        storages["staticfiles"] = {**own, "BACKEND": _HASHED_STATIC_STORAGE}
    result["STORAGES"] = storages
    return result


def _storages(settings):
    """STORAGES, also for a project that still uses the two names that Django 5.1 dropped."""
    storages = dict(_get(settings, "STORAGES"))
    if django.VERSION < (5, 1):
        for alias, name in (("default", "DEFAULT_FILE_STORAGE"), ("staticfiles", "STATICFILES_STORAGE")):
            if name in settings:
                storages[alias] = {"BACKEND": settings[name]}
    return storages


def _logging(settings):
    """
    Everything to the console, where the engine's log driver takes it.

    Django's own default says nothing on the console once DEBUG is off, so that the traceback of a 500 would
    be lost. Mails to ADMINS stay as they are by default. A project with LOGGING of its own keeps it.
    """
    if settings.get("LOGGING") or "LOGGING_CONFIG" in settings:
        return {}
    return {
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"require_debug_false": {"()": "django.utils.log.RequireDebugFalse"}},
            "formatters": {"console": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {
                "console": {"class": "logging.StreamHandler", "formatter": "console"},
                "mail_admins": {
                    "class": "django.utils.log.AdminEmailHandler",
                    "level": "ERROR",
                    "filters": ["require_debug_false"],
                },
            },
            "root": {"handlers": ["console"], "level": "INFO"},
            "loggers": {
                "django": {"handlers": ["console", "mail_admins"], "level": "INFO", "propagate": False},
            },
        }
    }


def _middleware(settings, config):
    if not config.get("healthPath"):
        return {}
    own = list(_get(settings, "MIDDLEWARE") or [])
    return {
        "MIDDLEWARE": ["cdktf_django_overlay.health.HealthMiddleware", *own],
        "CDKTF_DJANGO_HEALTH_PATH": config["healthPath"],
    }


def _mentions(value, needle):
    """Whether a setting contains the text, however deep."""
    if isinstance(value, bytes):
        return needle.encode() in value
    if isinstance(value, str):
        return needle in value
    if isinstance(value, dict):
        return any(_mentions(part, needle) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_mentions(part, needle) for part in value)
    return False


def _refuse_old_key(settings, old_key):
    """
    A value that the project computed from its own, published key cannot be undone from here.

    Signing tokens with it would let everybody who can read the repository sign them too.
    """
    if not isinstance(old_key, str) or len(old_key) < _SEARCHABLE_KEY_LENGTH or old_key == settings["SECRET_KEY"]:
        return
    found = sorted(name for name, value in settings.items() if name != "SECRET_KEY" and _mentions(value, old_key))
    if found:
        raise ImproperlyConfigured(
            f"cdktf-django: {', '.join(found)}: computed by the project from its own SECRET_KEY, which the deploy "
            "replaces. Either leave the setting out, if its default is SECRET_KEY anyway; or let the project read "
            "the key (SECRET_KEY = os.environ.get('SECRET_KEY', 'the key for development')) and give the same "
            "secret as that environment variable; or set another value by the deploy's settings overrides."
        )


def _production(config):
    settings = _project_settings(config["settings"])
    old_key = settings.get("SECRET_KEY")
    settings.update(_debug_off(settings))
    apply_mail(settings, config)
    settings.update(_keys(config))
    if config.get("database"):
        settings.update(_databases(settings, config["database"]))
    if config.get("cache") or config.get("sessions"):
        settings.update(_caches(settings, config))
    _celery(settings)
    settings.update(_proxy(settings, config))
    settings.update(_mount_path(settings, config.get("scriptName") or ""))
    settings.update(_files(settings, config))
    settings.update(_logging(settings))
    settings.update(_middleware(settings, config))
    settings.update(config.get("overrides") or {})
    for legacy in ("DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"):
        settings.pop(legacy, None)  # in STORAGES by now; Django 4.2 refuses both at once
    _refuse_old_key(settings, old_key)
    return settings


globals().update(_production(read_config()))
