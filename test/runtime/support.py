"""What the tests of the runtime share: the mount as a container sees it, and fresh Django projects."""

import atexit
import functools
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

RUNTIME = Path(os.environ.get("CDKTF_RUNTIME_DIR") or Path(__file__).resolve().parents[2] / "runtime")
DATABASE_PASSWORD = "p@ss/w:ord%1\"x'y"
SECRET_KEY = "k" + "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def make_mount(folder):
    """/run/cdktf-django of a container."""
    shutil.copytree(RUNTIME / "django" / "cdktf_django_overlay", folder / "python" / "cdktf_django_overlay")
    for path in [*(RUNTIME / "django").glob("*.py"), *(RUNTIME / "python").glob("*.py")]:
        shutil.copy(path, folder)
    (folder / "bin").mkdir()
    shutil.copy(RUNTIME / "python" / "manage", folder / "bin")
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RuntimeTest(unittest.TestCase):
    """A temporary folder with the mount, two secrets, and helpers to run programs."""

    def setUp(self):
        self.folder = Path(self.enterContext_(tempfile.TemporaryDirectory()))
        self.mount = make_mount(self.folder / "mount")
        self.secrets = self.folder / "secrets"
        self.write_secret("db-password", DATABASE_PASSWORD)
        self.write_secret("secret-key", SECRET_KEY + "\n")
        self.env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(self.mount / "python"), *inherited_python_path()]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CDKTF_SECRETS_DIR": str(self.secrets),
        }

    def enterContext_(self, context):
        """enterContext() of Python 3.11."""
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def write_secret(self, name, value):
        path = self.secrets / name / "value"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value, encoding="utf-8")
        return path

    def run_python(self, *arguments, cwd=None, env=None, check=False, timeout=60):
        result = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd or self.folder,
            env={**self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            text=True,
            errors="replace",
        )
        if check and result.returncode:
            self.fail(f"exit code {result.returncode}\n{result.stdout}")
        return result

    def launch(self, *arguments, **options):
        return self.run_python(self.mount / "launch.py", *arguments, **options)


def inherited_python_path():
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


@functools.lru_cache(maxsize=None)
def fresh_project():
    """What `django-admin startproject site1` leaves, made once and copied."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    command = [sys.executable, "-m", "django", "startproject", "site1", folder.name]
    subprocess.run(command, check=True, env={**os.environ, "DJANGO_SETTINGS_MODULE": ""})
    return folder.name


class ProjectTest(RuntimeTest):
    """A fresh startproject under the overlay."""

    def setUp(self):
        super().setUp()
        self.project = self.folder / "site"
        shutil.copytree(fresh_project(), self.project)
        self.settings_file = self.project / "site1" / "settings.py"
        self.config = {
            "settings": "site1.settings",
            "wsgi": "site1.wsgi:application",
            "asgi": "site1.asgi:application",
            "database": None,
            "secretKeyFile": str(self.secrets / "secret-key" / "value"),
            "allowedHosts": ["shop.example.com"],
            "csrfTrustedOrigins": ["https://shop.example.com"],
            "scheme": "https",
            "scriptName": "",
            "staticUrl": "/static/",
            "staticRoot": str(self.folder / "static"),
            "mediaUrl": "/media/",
            "mediaRoot": str(self.folder / "media"),
            "healthPath": "/-/health/",
            "release": {},
        }
        self.env["CDKTF_DJANGO_CONFIG"] = str(self.folder / "django.json")
        self.env["DJANGO_SETTINGS_MODULE"] = "cdktf_django_overlay.settings"

    def append_settings(self, text):
        with self.settings_file.open("a", encoding="utf-8") as file:
            file.write("\n" + text + "\n")

    def write_config(self):
        Path(self.env["CDKTF_DJANGO_CONFIG"]).write_text(json.dumps(self.config), encoding="utf-8")

    def in_project(self, code, env=None):
        """Runs code with Django set up in a process of its own; what it leaves in `out` comes back."""
        self.write_config()
        program = f"import json, django\ndjango.setup()\nfrom django.conf import settings\n{code}\n"
        program += "print('OUT:' + json.dumps(out, default=str))"
        result = self.run_python("-c", program, cwd=self.project, env=env)
        if result.returncode:
            self.fail(result.stdout)
        return json.loads(result.stdout.rsplit("OUT:", 1)[1])

    def settings(self, *names):
        return self.in_project(f"out = {{name: getattr(settings, name, None) for name in {names!r}}}")

    def failure(self, code="django.setup()"):
        self.write_config()
        result = self.run_python("-c", f"import django\n{code}", cwd=self.project)
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stdout.strip().splitlines()[-1]

    def release(self, name="r1", env=None):
        self.write_config()
        return self.run_python(
            self.mount / "release.py", cwd=self.project, env={"CDKTF_DJANGO_RELEASE": name, **(env or {})}
        )


class ServerTest(ProjectTest):
    """A fresh project, served by Gunicorn with our configuration."""

    def setUp(self):
        super().setUp()
        self.append_settings("INSTALLED_APPS.remove('django.contrib.admin')")
        self.beats = self.folder / "beats"
        self.log = self.folder / "log"
        self.port = free_port()

    def serve(self, *arguments, path="/-/health/"):
        """Starts it, and returns when the path answers."""
        self.write_config()
        log = open(self.log, "w", encoding="utf-8")
        self.addCleanup(log.close)
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(self.mount / "gunicorn.conf.py")]
            + ["--bind", f"127.0.0.1:{self.port}", *arguments],
            cwd=self.project,
            env={**self.env, "CDKTF_HEARTBEAT_DIR": str(self.beats), "HOME": "/nonexistent"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        self.addCleanup(server.wait, 20)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                if self.get(path)[0] == 200:
                    return server
            except OSError:
                time.sleep(0.1)
        self.fail(self.log.read_text())

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": "shop.example.com", **headers})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()
