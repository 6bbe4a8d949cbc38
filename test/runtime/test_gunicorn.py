"""Gunicorn with our configuration over a fresh project; skipped where there is no Gunicorn."""

import importlib.util
import os
import subprocess
import sys
import time
import unittest

from support import ServerTest

WHOAMI = """
from django.http import JsonResponse
from django.urls import path, reverse
def whoami(request):
    return JsonResponse({'scheme': request.scheme, 'reverse': reverse('who'), 'path': request.path})
urlpatterns = [path('who/', whoami, name='who')]
"""


@unittest.skipUnless(importlib.util.find_spec("gunicorn"), "needs gunicorn")
class Gunicorn(ServerTest):
    def setUp(self):
        super().setUp()
        (self.project / "site1" / "urls.py").write_text(WHOAMI)

    def start(self, *flags):
        return self.serve(*flags, "cdktf_django_overlay.wsgi:application")

    def test_script_name_scheme_and_heartbeats(self):
        server = self.start("--worker-class", "gthread", "--threads", "2")
        status, body = self.get("/a/who/", **{"SCRIPT_NAME": "/a", "X-Forwarded-Proto": "https"})
        self.assertEqual(status, 200)
        self.assertIn('"scheme": "https"', body)
        self.assertIn('"reverse": "/a/who/"', body)
        self.assertEqual(self.get("/who/")[0], 301)  # plain http that came past the proxy
        self.assertEqual(len(list(self.beats.iterdir())), 1)
        beat = next(self.beats.iterdir())
        os.utime(beat, (0, 0))
        deadline = time.monotonic() + 10
        while beat.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertGreater(beat.stat().st_mtime, 0)
        server.terminate()
        server.wait(20)
        self.assertEqual(list(self.beats.iterdir()), [])

    def test_django_is_imported_before_there_are_workers_and_the_project_is_not(self):
        record = self.folder / "imports"
        self.append_settings(
            "import os, sys\n"
            f"with open({str(record)!r}, 'a') as file: print(os.getpid(), 'django.forms' in sys.modules, file=file)"
        )
        server = self.start("--workers", "2")
        lines = [line.split() for line in record.read_text().splitlines()]
        self.assertNotIn(str(server.pid), [pid for pid, _ in lines])
        self.assertEqual({before for _, before in lines}, {"True"})

    def test_manage_gets_what_the_server_got(self):
        self.write_config()
        result = subprocess.run(
            [str(self.mount / "bin" / "manage"), "diffsettings"],
            cwd=self.project,
            env={**self.env, "PYTHON": sys.executable},
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        self.assertEqual(result.returncode, 0)
        self.assertIn("ALLOWED_HOSTS = ['shop.example.com']", result.stdout)


if __name__ == "__main__":
    unittest.main()
