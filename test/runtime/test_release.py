"""The release job on sqlite, its static files over several releases, and the pruning of old ones."""

import importlib.util
import json
import os
import time
import unittest
from pathlib import Path

from support import DATABASE_PASSWORD, SECRET_KEY, ProjectTest, RuntimeTest

DAY = 24 * 60 * 60


class ReleaseJob(ProjectTest):
    def test_does_everything_in_order(self):
        self.config["release"] = {"commands": [["check"], ["diffsettings"]]}
        result = self.release()
        self.assertEqual(result.returncode, 0, result.stdout)
        places = [
            result.stdout.index(text)
            for text in ("--- database", "--- check --deploy", "--- migrate", "--- collectstatic", "--- diffsettings")
        ]
        self.assertEqual(places, sorted(places))
        self.assertNotIn(SECRET_KEY, result.stdout)
        self.assertIn("[redacted:secret-key]", result.stdout)
        self.assertTrue(result.stdout.endswith("release: done\n"))

    def test_a_connection_of_its_own_passes_those_who_look_at_each(self):
        # As django.contrib.postgres does it, which is silent on sqlite.
        (self.project / "watcher").mkdir()
        (self.project / "watcher" / "__init__.py").write_text("")
        (self.project / "watcher" / "apps.py").write_text(
            "from django.apps import AppConfig\n"
            "from django.db import connections\n"
            "from django.db.backends.base.base import NO_DB_ALIAS\n"
            "from django.db.backends.signals import connection_created\n"
            "def watch(connection, **kwargs):\n"
            "    print('watched', connection.alias)\n"
            "    if connection.alias != NO_DB_ALIAS:\n"
            "        connections[connection.alias].settings_dict\n"
            "class WatcherConfig(AppConfig):\n"
            "    name = 'watcher'\n"
            "    def ready(self):\n"
            "        connection_created.connect(watch)\n"
        )
        self.append_settings("INSTALLED_APPS.append('watcher')")
        result = self.release()
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("watched __no_db__\n", result.stdout)
        self.assertIn("watched default\n", result.stdout)

    def test_a_second_one_changes_nothing(self):
        self.release()
        before = self.snapshot()
        time.sleep(0.05)
        result = self.release()
        self.assertIn("No migrations to apply", result.stdout)
        self.assertEqual(self.snapshot(), before)

    def snapshot(self):
        static = self.folder / "static"
        return {
            str(path): path.stat().st_mtime_ns
            for path in static.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.parent.name != ".manifests"
        }

    def test_fails_at_the_level_of_the_check(self):
        self.config["scheme"] = "http"
        self.config["release"] = {"check": "WARNING"}
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn("security.W012", result.stdout)
        self.assertIn("FAILED in check --deploy", result.stdout)
        self.assertNotIn("--- migrate", result.stdout)

    def test_a_failing_command_fails_it(self):
        self.config["release"] = {"collectstatic": False, "commands": [["nosuch"]]}
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn("FAILED in nosuch: nosuch ended with exit code 1", result.stdout)

    def test_a_broken_project_shows_its_traceback_without_secrets(self):
        secret = self.secrets / "db-password" / "value"
        self.append_settings(f"password = open({str(secret)!r}).read()\nraise RuntimeError('with ' + password)")
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn("settings.py", result.stdout)
        self.assertIn("RuntimeError: with [redacted:db-password]", result.stdout)
        self.assertNotIn(DATABASE_PASSWORD, result.stdout)

    def test_a_database_that_does_not_answer(self):
        self.append_settings("DATABASES['default']['NAME'] = '/nonexistent/db.sqlite3'")
        self.config["release"] = {"databaseTimeout": 1}
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn("did not answer within 1 s", result.stdout)

    def test_settings_from_the_environment(self):
        self.config = {"mode": "environment", "release": {"check": None}}
        result = self.release(env={"DJANGO_SETTINGS_MODULE": "site1.settings"})
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("--- collectstatic", result.stdout)  # startproject has no STATIC_ROOT

    def test_settings_that_do_not_know_of_a_pooler_are_refused_before_anything_is_changed(self):
        self.config = {"mode": "environment", "release": {"check": None, "pooling": "transaction"}}
        result = self.release(env={"DJANGO_SETTINGS_MODULE": "site1.settings"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("set DATABASES['default']['DISABLE_SERVER_SIDE_CURSORS'] = True in the project's settings", result.stdout)
        self.assertNotIn("--- migrate", result.stdout)
        self.append_settings("DATABASES['default']['DISABLE_SERVER_SIDE_CURSORS'] = True")
        result = self.release(env={"DJANGO_SETTINGS_MODULE": "site1.settings"})
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_settings_behind_a_pooler_for_sessions_are_not_looked_at(self):
        self.config = {"mode": "environment", "release": {"check": None, "pooling": "session"}}
        self.assertEqual(self.release(env={"DJANGO_SETTINGS_MODULE": "site1.settings"}).returncode, 0)

    def test_overlay_mode_insists_on_the_overlay(self):
        result = self.release(env={"DJANGO_SETTINGS_MODULE": "site1.settings"})
        self.assertEqual(result.returncode, 1)
        self.assertIn("with overlaid settings it must be", result.stdout)


class StaticFiles(ProjectTest):
    def setUp(self):
        super().setUp()
        self.source = self.project / "assets"
        self.source.mkdir()
        self.static = self.folder / "static"
        self.append_settings("STATICFILES_DIRS = [BASE_DIR / 'assets']\nINSTALLED_APPS.remove('django.contrib.admin')")
        (self.project / "site1" / "urls.py").write_text("urlpatterns = []\n")
        (self.source / "logo.svg").write_text("<svg/>")
        (self.source / "site.css").write_text("body { background: url(logo.svg) }")
        self.config["database"] = None
        self.append_settings("DATABASES = {}")
        self.config["release"] = {"check": None}

    def collect(self, name):
        result = self.release(name)
        self.assertEqual(result.returncode, 0, result.stdout)
        return json.loads((self.static / ".manifests" / f"{name}.json").read_text())["paths"]

    def url(self, path, name):
        return self.in_project(
            f"from django.templatetags.static import static\nout = static({path!r})", {"CDKTF_DJANGO_RELEASE": name}
        )

    def test_two_releases_share_a_volume(self):
        first = self.collect("one")
        (self.source / "site.css").write_text("body { background: url('logo.svg'); color: red }")
        second = self.collect("two")
        self.assertEqual(first["logo.svg"], second["logo.svg"])
        self.assertNotEqual(first["site.css"], second["site.css"])
        self.assertIn(first["logo.svg"], (self.static / second["site.css"]).read_text())
        for name, paths in (("one", first), ("two", second)):
            self.assertEqual(self.url("site.css", name), "/static/" + paths["site.css"])
            self.assertTrue((self.static / paths["site.css"]).is_file())

    def test_a_release_back_replaces_the_plain_file_whatever_its_time(self):
        self.collect("one")
        old = (self.source / "logo.svg").read_text()
        (self.source / "logo.svg").write_text("<svg>two</svg>")
        self.collect("two")
        (self.source / "logo.svg").write_text(old)
        os.utime(self.source / "logo.svg", (0, 0))
        self.collect("one")
        self.assertEqual((self.static / "logo.svg").read_text(), old)

    def test_missing_files_are_no_error(self):
        (self.source / "site.css").write_text(
            "a { background: url(nosuch.png) } b { background: url(../../../../outside.png) } c { background: url(logo.svg) }"
        )
        (self.source / "lib.js").write_text("x\n//# sourceMappingURL=lib.js.map\n")
        paths = self.collect("one")
        css = (self.static / paths["site.css"]).read_text()
        self.assertIn("nosuch.png", css)
        self.assertIn(paths["logo.svg"], css)
        self.assertIn("sourceMappingURL=lib.js.map", (self.static / paths["lib.js"]).read_text())
        self.assertEqual(self.url("nosuch/file.png", "one"), "/static/nosuch/file.png")

    def test_text_in_another_encoding(self):
        (self.source / "latin.css").write_bytes("/* \xe9 */".encode("latin-1"))
        paths = self.collect("one")
        self.assertEqual((self.static / paths["latin.css"]).read_bytes(), b"/* \xe9 */")
        self.assertIn("site.css", paths)

    def test_without_a_manifest_plain_names_are_used(self):
        self.collect("one")
        self.assertEqual(self.url("site.css", "never-released"), "/static/site.css")

    def test_a_release_that_is_no_file_name(self):
        self.release("../../etc/x:y z")
        names = [path.name for path in (self.static / ".manifests").iterdir()]
        self.assertEqual(len(names), 1)
        self.assertRegex(names[0], r"\A[0-9a-f]{32}\.json\Z")
        self.assertNotEqual(self.url("site.css", "../../etc/x:y z"), "/static/site.css")

    def test_file_modes_let_the_file_server_read(self):
        paths = self.collect("one")
        self.assertEqual((self.static / paths["site.css"]).stat().st_mode & 0o777, 0o644)


class Pruning(RuntimeTest):
    """release.prune() on a made-up volume. Ages are in days."""

    def setUp(self):
        super().setUp()
        spec = importlib.util.spec_from_file_location("release_under_test", self.mount / "release.py")
        self.release = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.release)
        self.release.say = lambda text: None
        self.now = time.time()
        self.root = self.folder / "static"
        (self.root / ".manifests").mkdir(parents=True)

    def file(self, name, age):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        self.date(path, age)

    def date(self, path, age):
        os.utime(path, (self.now - age * DAY, self.now - age * DAY))

    def generation(self, number, age, served=False):
        name = f"app.{number:012x}.css"
        self.file(name, age)
        path = self.root / ".manifests" / f"r{number}.json"
        path.write_text(json.dumps({"paths": {"app.css": name}}))
        self.date(path, age)
        if served:
            marker = path.with_suffix(".served")
            marker.touch()
            self.date(marker, age)

    def prune(self, keep=2):
        self.release.prune(str(self.root), keep, self.now)
        return {int(path.name.split(".")[1], 16) for path in self.root.glob("app.*.css")}

    def test_keeps_the_newest(self):
        for number in range(1, 6):
            self.generation(number, 50 - number)
        self.assertEqual(self.prune(), {4, 5})
        self.assertEqual({path.stem for path in (self.root / ".manifests").iterdir()}, {"r4", "r5"})

    def test_keeps_what_was_replaced_within_a_day(self):
        self.generation(1, 300)
        self.generation(2, 200)
        for number in (3, 4, 5):
            self.generation(number, 0.1)
        self.assertEqual(self.prune(), {2, 3, 4, 5})

    def test_failed_releases_do_not_push_out_the_one_that_serves(self):
        self.generation(1, 90, served=True)
        self.generation(2, 80, served=True)
        self.generation(3, 70, served=True)
        for number in range(4, 9):
            self.generation(number, 30 - number)
        self.assertEqual(self.prune(), {2, 3, 7, 8})

    def test_plain_shared_and_young_files_stay(self):
        self.generation(1, 50)
        self.generation(2, 40)
        self.generation(3, 30)
        self.file("app.css", 400)
        self.file("vendor/chunk.0123456789ab.js", 400)  # hashed by the project's own bundler, and still collected
        self.file("young.0123456789ab.js", 0.5)
        self.file("old.0123456789ab.js", 2)
        self.file("jquery-3.7.1.min.js", 400)
        self.file("app.0123456789AB.css", 400)
        manifest = self.root / ".manifests" / "r3.json"
        paths = json.loads(manifest.read_text())["paths"]
        paths["vendor/chunk.0123456789ab.js"] = "vendor/chunk.0123456789ab.abcdefabcdef.js"
        manifest.write_text(json.dumps({"paths": paths}))
        self.date(manifest, 30)
        self.prune(keep=1)
        left = {str(path.relative_to(self.root)) for path in self.root.rglob("*.*") if path.is_file()}
        self.assertLessEqual(
            {"app.css", "vendor/chunk.0123456789ab.js", "young.0123456789ab.js", "jquery-3.7.1.min.js", "app.0123456789AB.css"},
            left,
        )
        self.assertNotIn("old.0123456789ab.js", left)

    def test_an_unreadable_manifest_stops_it(self):
        for number in range(1, 6):
            self.generation(number, 50 - number)
        path = self.root / ".manifests" / "r5.json"
        path.write_text("{")
        self.date(path, 1)
        self.assertEqual(self.prune(), {1, 2, 3, 4, 5})

    def test_left_overs_of_killed_releases_go(self):
        self.generation(1, 3)
        self.file("css/.cdktf-abc", 2)
        self.file("css/.cdktf-now", 0)
        self.file(".cdktf-lock", 400)
        self.prune()
        left = {path.name for path in self.root.rglob(".cdktf-*")}
        self.assertEqual(left, {".cdktf-now", ".cdktf-lock"})


if __name__ == "__main__":
    unittest.main()
