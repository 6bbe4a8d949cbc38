"""The settings overlay over a fresh startproject, and over projects that do what projects do."""

import json
import unittest

from support import DATABASE_PASSWORD, SECRET_KEY, ProjectTest


class FreshProject(ProjectTest):
    def test_check_deploy_has_nothing_to_say_on_https(self):
        self.write_config()
        result = self.run_python("-m", "django", "check", "--deploy", "--fail-level", "INFO", cwd=self.project)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("no issues", result.stdout)

    def test_check_deploy_warns_only_of_tls_on_http(self):
        self.config["scheme"] = "http"
        self.write_config()
        result = self.run_python("-m", "django", "check", "--deploy", cwd=self.project)
        warned = {word.strip("()") for word in result.stdout.split() if word.startswith("(security.")}
        self.assertEqual(warned, {"security.W008", "security.W012", "security.W016"})

    def test_production_values(self):
        found = self.settings("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "STATIC_URL", "MEDIA_ROOT")
        self.assertEqual(
            found,
            {
                "DEBUG": False,
                "SECRET_KEY": SECRET_KEY,
                "ALLOWED_HOSTS": ["shop.example.com"],
                "CSRF_TRUSTED_ORIGINS": ["https://shop.example.com"],
                "STATIC_URL": "/static/",
                "MEDIA_ROOT": str(self.folder / "media"),
            },
        )

    def test_secret_key_fallbacks(self):
        self.config["secretKeyFallbackFiles"] = [str(self.write_secret("old-key", "an-older-key"))]
        self.assertEqual(self.settings("SECRET_KEY_FALLBACKS"), {"SECRET_KEY_FALLBACKS": ["an-older-key"]})

    def test_missing_and_empty_key(self):
        self.config["secretKeyFile"] = "/nonexistent/value"
        self.assertIn("the secret key cannot be read from /nonexistent/value", self.failure())
        self.config["secretKeyFile"] = str(self.write_secret("empty", "\n"))
        self.assertIn("the secret key is empty", self.failure())

    def test_a_cache_in_redis_without_its_package(self):
        server = {"host": "redis", "port": 6379, "user": "default", "passwordFile": str(self.write_secret("redis", "x"))}
        self.config["cache"] = {**server, "tls": False, "database": 1, "prefix": "shop/Shop"}
        self.assertIn(
            "a cache or sessions in Redis need the Python package redis, which the image has not", self.failure()
        )

    def test_missing_config(self):
        self.env["CDKTF_DJANGO_CONFIG"] = "/nonexistent/django.json"
        result = self.run_python("-c", "import django; django.setup()", cwd=self.project)
        self.assertIn("/nonexistent/django.json cannot be read", result.stdout)

    def test_overrides_win(self):
        self.config["overrides"] = {"ALLOWED_HOSTS": ["other"], "SESSION_COOKIE_AGE": 60}
        self.assertEqual(self.settings("ALLOWED_HOSTS", "SESSION_COOKIE_AGE"), self.config["overrides"])

    def test_a_500_is_on_the_console(self):
        out = self.in_project(
            "import logging\n"
            "out = [type(handler).__name__ for handler in logging.getLogger('django').handlers]"
        )
        self.assertIn("StreamHandler", out)


class RotationOfTheSecretKey(ProjectTest):
    """What was signed with one key, under others: a session in the database, and a signed value."""

    SIGN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
user = get_user_model().objects.get_or_create(username='visitor')[0]
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
out = {'session': session.session_key, 'value': signing.dumps('confirmed')}
"""

    READ = """
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.http import HttpRequest
signed = %r
request = HttpRequest()
request.session = SessionStore(signed['session'])
try:
    value = signing.loads(signed['value'])
except signing.BadSignature:
    value = None
out = {'visitor': get_user(request).get_username(), 'value': value}
"""

    def setUp(self):
        super().setUp()
        for name in ("old", "new"):
            self.write_secret(name, f"the-{name}-key-of-this-project-" + "0" * 40)
        self.keys("old")
        self.in_project("from django.core.management import call_command\ncall_command('migrate', verbosity=0)\nout = 0")

    def keys(self, name, *fallbacks):
        self.config["secretKeyFile"] = str(self.secrets / name / "value")
        self.config["secretKeyFallbackFiles"] = [str(self.secrets / one / "value") for one in fallbacks]

    def test_the_old_key_is_good_until_it_is_dropped(self):
        signed = self.in_project(self.SIGN)
        valid = {"visitor": "visitor", "value": "confirmed"}
        self.assertEqual(self.in_project(self.READ % signed), valid)
        self.keys("new", "old")
        self.assertEqual(self.in_project(self.READ % signed), valid)
        signed_by_new = self.in_project(self.SIGN)
        # A session that was read meanwhile is signed by the new key since then (Django does so); this one is not.
        self.keys("old")
        signed_by_old = self.in_project(self.SIGN)
        self.keys("new")
        self.assertEqual(self.in_project(self.READ % signed_by_old), {"visitor": "", "value": None})
        self.assertEqual(self.in_project(self.READ % signed_by_new), valid)

    def test_servers_that_know_the_next_key_read_what_it_signs(self):
        self.keys("new", "old")
        signed = self.in_project(self.SIGN)
        self.keys("old", "new")
        self.assertEqual(self.in_project(self.READ % signed), {"visitor": "visitor", "value": "confirmed"})
        self.keys("old")
        self.assertEqual(self.in_project(self.READ % signed), {"visitor": "", "value": None})


class Database(ProjectTest):
    def setUp(self):
        super().setUp()
        self.config["database"] = {
            "host": "db",
            "port": 5432,
            "name": "shop",
            "user": "shop",
            "passwordFile": str(self.secrets / "db-password" / "value"),
            "connMaxAge": 60,
            "options": {"sslmode": "disable"},
        }

    def database(self, alias="default"):
        # Without django.setup(), which would want a driver for Postgres.
        self.write_config()
        code = f"from django.conf import settings; import json; print(json.dumps(settings.DATABASES[{alias!r}], default=str))"
        return json.loads(self.run_python("-c", code, cwd=self.project, check=True).stdout)

    def test_default_is_replaced(self):
        self.assertEqual(
            self.database(),
            {
                "ENGINE": "django.db.backends.postgresql",
                "HOST": "db",
                "PORT": "5432",
                "NAME": "shop",
                "USER": "shop",
                "PASSWORD": DATABASE_PASSWORD,
                "CONN_MAX_AGE": 60,
                "CONN_HEALTH_CHECKS": True,
                "OPTIONS": {"connect_timeout": 10, "sslmode": "disable"},
            },
        )

    def apps(self):
        self.write_config()
        code = "from django.conf import settings; import json; print(json.dumps(settings.INSTALLED_APPS))"
        return json.loads(self.run_python("-c", code, cwd=self.project, check=True).stdout)

    def test_a_project_that_is_brought_to_postgres_gets_its_app(self):
        apps = self.apps()
        self.assertEqual(apps[0], "django.contrib.postgres")
        self.assertIn("django.contrib.admin", apps)
        self.append_settings("INSTALLED_APPS.append('django.contrib.postgres.apps.PostgresConfig')")
        again = self.apps()
        self.assertEqual(again, [*apps[1:], "django.contrib.postgres.apps.PostgresConfig"])

    def test_a_project_of_postgres_has_the_apps_that_it_names(self):
        self.append_settings("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}")
        self.assertNotIn("django.contrib.postgres", self.apps())
        self.config["database"] = None
        self.append_settings("DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}")
        self.assertNotIn("django.contrib.postgres", self.apps())

    def test_behind_a_pooler_nothing_outlives_a_transaction(self):
        self.append_settings("DATABASES['default']['DISABLE_SERVER_SIDE_CURSORS'] = False")
        self.assertIs(self.database()["DISABLE_SERVER_SIDE_CURSORS"], False)
        self.config["database"]["pooling"] = "session"
        self.assertIs(self.database()["DISABLE_SERVER_SIDE_CURSORS"], False)
        self.config["database"]["pooling"] = "transaction"
        self.assertIs(self.database()["DISABLE_SERVER_SIDE_CURSORS"], True)

    def test_a_role_for_the_session_is_refused_behind_a_pooler(self):
        self.append_settings("DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'OPTIONS': {'assume_role': 'a'}}}")
        self.assertEqual(self.database()["OPTIONS"]["assume_role"], "a")
        self.config["database"]["pooling"] = "transaction"
        self.assertIn("and a pooler in transaction mode has none. Either let the role have it", self.failure("from django.conf import settings; settings.DATABASES"))

    def test_each_process_begins_with_another_one_of_several_hosts(self):
        self.config["database"]["host"] = "a,b"
        self.assertEqual({self.database()["HOST"] for _ in range(12)}, {"a,b", "b,a"})

    def test_what_is_not_about_the_connection_stays(self):
        self.append_settings(
            "DATABASES['default'].update(ATOMIC_REQUESTS=True, OPTIONS={'timeout': 20})\n"
            "DATABASES['other'] = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}"
        )
        found = self.database()
        self.assertIs(found["ATOMIC_REQUESTS"], True)
        self.assertNotIn("timeout", found["OPTIONS"])
        self.assertEqual(self.database("other")["ENGINE"], "django.db.backends.sqlite3")

    def test_an_engine_for_postgres_and_its_pool_stay(self):
        self.append_settings(
            "DATABASES = {'default': {'ENGINE': 'django.contrib.gis.db.backends.postgis', 'HOST': 'dev',"
            " 'OPTIONS': {'pool': True, 'service': 'dev'}}}"
        )
        found = self.database()
        self.assertEqual(found["ENGINE"], "django.contrib.gis.db.backends.postgis")
        self.assertEqual((found["HOST"], found["CONN_MAX_AGE"]), ("db", 0))
        self.assertEqual(found["OPTIONS"], {"connect_timeout": 10, "sslmode": "disable", "pool": True})


class WhatProjectsDo(ProjectTest):
    def test_values_computed_from_the_old_key_are_refused_by_name(self):
        self.append_settings("SIMPLE_JWT = {'KEYS': [{'SIGNING_KEY': 'x-' + SECRET_KEY}]}")
        message = self.failure()
        self.assertIn("SIMPLE_JWT: computed by the project from its own SECRET_KEY", message)
        self.assertNotIn("django-insecure-", message)

    def test_the_way_out_of_it(self):
        self.append_settings("import os\nSECRET_KEY = os.environ['KEY']\nSIMPLE_JWT = {'SIGNING_KEY': SECRET_KEY}")
        self.env["KEY"] = SECRET_KEY
        self.assertEqual(self.settings("SIMPLE_JWT"), {"SIMPLE_JWT": {"SIGNING_KEY": SECRET_KEY}})

    def test_an_import_error_is_shown_with_where_to_look(self):
        self.append_settings("import nosuchmodule")
        self.assertIn("No module named 'nosuchmodule'. Is it among the project's requirements?", self.failure())

    def test_a_project_elsewhere(self):
        self.config["settings"] = "elsewhere.settings"
        self.assertIn("must be the one that holds manage.py", self.failure())

    def test_settings_that_want_the_environment(self):
        self.append_settings("import os\nX = os.environ['NOSUCH']")
        self.assertIn("DjangoSettings.environment('site1.settings')", self.failure())

    def test_mail_goes_to_no_console(self):
        console = "{'BACKEND': 'django.core.mail.backends.console.EmailBackend'}"
        self.append_settings(f"MAILERS = {{'default': {console}, 'other': {console}}}")
        found = self.settings("MAILERS")["MAILERS"]
        self.assertIn("smtp", found["default"]["BACKEND"])
        self.assertIn("console", found["other"]["BACKEND"])

    def test_own_logging_stays(self):
        self.append_settings("LOGGING = {'version': 1, 'disable_existing_loggers': False}")
        self.assertEqual(self.settings("LOGGING")["LOGGING"], {"version": 1, "disable_existing_loggers": False})

    def test_own_storages_stay(self):
        self.append_settings(
            "STORAGES = {'default': {'BACKEND': 'django.core.files.storage.InMemoryStorage'},"
            " 'staticfiles': {'BACKEND': 'own.Storage'}}"
        )
        found = self.settings("STORAGES")["STORAGES"]
        self.assertEqual(found["default"]["BACKEND"], "django.core.files.storage.InMemoryStorage")
        self.assertEqual(found["staticfiles"]["BACKEND"], "own.Storage")

    def test_template_debug_is_off(self):
        self.append_settings("TEMPLATES[0]['OPTIONS']['debug'] = DEBUG")
        self.assertIs(self.settings("TEMPLATES")["TEMPLATES"][0]["OPTIONS"]["debug"], False)


class UnderAPath(ProjectTest):
    def setUp(self):
        super().setUp()
        self.config.update(scriptName="/shop", staticUrl="/shop/static/", mediaUrl="/shop/media/")

    def test_cookies_urls_and_static_files(self):
        self.append_settings("LOGIN_REDIRECT_URL = '/'\nLOGOUT_REDIRECT_URL = 'bye'\nLANGUAGE_COOKIE_PATH = '/own/'")
        out = self.in_project(
            "from django.urls import reverse\n"
            "from django.templatetags.static import static\n"
            "out = {'reverse': reverse('admin:index'), 'static': static('a.css')}\n"
            "for name in ('SESSION_COOKIE_PATH', 'CSRF_COOKIE_PATH', 'LANGUAGE_COOKIE_PATH', 'LOGIN_URL',"
            " 'LOGIN_REDIRECT_URL', 'LOGOUT_REDIRECT_URL', 'MEDIA_URL'):\n"
            "    out[name] = getattr(settings, name)"
        )
        self.assertEqual(
            out,
            {
                "reverse": "/shop/admin/",
                "static": "/shop/static/a.css",
                "SESSION_COOKIE_PATH": "/shop/",
                "CSRF_COOKIE_PATH": "/shop/",
                "LANGUAGE_COOKIE_PATH": "/own/",
                "LOGIN_URL": "/shop/accounts/login/",
                "LOGIN_REDIRECT_URL": "/shop/",
                "LOGOUT_REDIRECT_URL": "bye",
                "MEDIA_URL": "/shop/media/",
            },
        )


class Health(ProjectTest):
    CLIENT = (
        "from django.test import Client\n"
        "def ask(path='/-/health/', **extra):\n"
        "    response = Client(raise_request_exception=False).get(path, HTTP_HOST='nobody.example', **extra)\n"
        "    return [response.status_code, response.headers.get('Cache-Control'), response.content.decode()]\n"
    )

    def test_answers_before_host_checking_and_https_redirect(self):
        status, cache, body = self.in_project(self.CLIENT + "out = ask()")
        self.assertEqual((status, cache, json.loads(body)), (200, "no-store", {"status": "ok"}))

    MIGRATE = "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"

    def test_asks_the_database(self):
        status, _, _ = self.in_project(self.MIGRATE + self.CLIENT + "out = ask('/-/health/?database=1')")
        self.assertEqual(status, 200)

    def test_is_ill_until_its_migrations_are_applied(self):
        status, _, body = self.in_project(self.CLIENT + "out = ask('/-/health/?database=1')")
        self.assertEqual(status, 503)
        self.assertRegex(
            json.loads(body)["database"],
            r"\Amigrations are not applied: \w+\.0001_initial, \w+\.\w+, \w+\.\w+ and \d+ more; the release job applies them: deploy again\Z",
        )
        self.assertEqual(self.in_project(self.CLIENT + "out = ask()")[0], 200)
        self.config["release"] = {"migrate": False}
        _, _, body = self.in_project(self.CLIENT + "out = ask('/-/health/?database=1')")
        self.assertIn("; release.migrate is false: apply them by release.commands", json.loads(body)["database"])

    def test_is_well_on_a_database_that_is_ahead(self):
        later = "from django.db.migrations.recorder import MigrationRecorder; MigrationRecorder.Migration.objects.create(app='auth', name='9999_later')\n"
        self.assertEqual(self.in_project(self.MIGRATE + later + self.CLIENT + "out = ask('/-/health/?database=1')")[0], 200)

    def test_says_what_is_wrong_with_the_database(self):
        self.append_settings("DATABASES['default']['NAME'] = '/nonexistent/db.sqlite3'")
        status, _, body = self.in_project(self.CLIENT + "out = ask('/-/health/?database=1')")
        self.assertEqual(status, 503)
        self.assertIn("unable to open database file", json.loads(body)["database"])

    def test_others_are_passed_on(self):
        out = self.in_project(
            self.CLIENT
            + "out = [ask(REMOTE_ADDR='10.0.0.9')[0], ask(HTTP_X_FORWARDED_FOR='1.2.3.4')[0], ask('/-/health')[0]]"
        )
        self.assertEqual(out, [400, 400, 400])  # the project's own answer: this host is not allowed

    def test_asgi(self):
        out = self.in_project(
            self.MIGRATE + "import asyncio\n"
            "from django.test import AsyncClient\n"
            "async def ask(path):\n"
            "    return (await AsyncClient().get(path)).status_code\n"
            "out = [asyncio.run(ask('/-/health/')), asyncio.run(ask('/-/health/?database=1'))]"
        )
        self.assertEqual(out, [200, 200])


class Callables(ProjectTest):
    def load(self, kind="wsgi"):
        self.write_config()
        code = f"from cdktf_django_overlay.{kind} import application; print(type(application).__name__)"
        return self.run_python("-c", code, cwd=self.project)

    def test_loads_the_projects_own(self):
        self.assertIn("WSGIHandler", self.load().stdout)
        self.assertIn("ASGIHandler", self.load("asgi").stdout)

    def test_loads_djangos_when_none_is_named(self):
        self.config["wsgi"] = None
        self.assertIn("WSGIHandler", self.load().stdout)

    def test_refuses_a_hard_wired_settings_module(self):
        path = self.project / "site1" / "wsgi.py"
        text = path.read_text().replace("os.environ.setdefault('DJANGO_SETTINGS_MODULE', ", "os.environ.update(DJANGO_SETTINGS_MODULE=")
        self.assertIn("environ.update", text)
        path.write_text(text)
        result = self.load()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("refusing to start", result.stdout)

    def test_refuses_another_settings_module_in_the_environment(self):
        self.env["DJANGO_SETTINGS_MODULE"] = "site1.settings"
        self.assertIn("refusing to start", self.load().stdout)

    def test_names_a_callable_that_is_not_there(self):
        self.config["wsgi"] = "site1.wsgi:app"
        self.assertIn("site1.wsgi has no 'app'", self.load().stdout)


if __name__ == "__main__":
    unittest.main()
