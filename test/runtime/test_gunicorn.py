"""Gunicorn with our configuration over a fresh project; skipped where there is no Gunicorn."""

import importlib.util
import os
import socket
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

    def figures(self, worker_class, application):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            collector.settimeout(10)
            self.env["CDKTF_FIGURES"] = f"localhost:{collector.getsockname()[1]}"
            self.serve("--worker-class", worker_class, application)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                self.get("/nowhere/", **{"X-Forwarded-Proto": "https"})
                got = collector.recv(2000).decode()
                if got.endswith("status.4xx:1|c"):
                    return got
        self.fail("no figures")

    def test_figures_of_wsgi(self):
        got = self.figures("gthread", "cdktf_django_overlay.wsgi:application")
        self.assertRegex(got, r"\Agunicorn\.request\.duration:\d+\.\d{3}\|ms\ngunicorn\.request\.status\.4xx:1\|c\Z")

    def test_a_collector_that_has_no_name_holds_nothing_up(self):
        self.env["CDKTF_FIGURES"] = "no-such-name.invalid:9125"
        self.start("--worker-class", "gthread")
        began = time.monotonic()
        self.assertEqual(self.get("/who/", **{"X-Forwarded-Proto": "https"})[0], 200)
        self.assertLess(time.monotonic() - began, 5)

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
