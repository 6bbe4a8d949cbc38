"""The launcher: secrets into the environment, and the output of jobs."""

import json
import signal
import subprocess
import sys
import time
import unittest

from support import DATABASE_PASSWORD, SECRET_KEY, RuntimeTest

SHOW = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('X_')}))"


class Environment(RuntimeTest):
    def shown(self, *arguments, **options):
        result = self.launch(*arguments, "--", sys.executable, "-c", SHOW, **options)
        self.assertEqual(result.returncode, 0, result.stdout)
        return json.loads(result.stdout)

    def test_files_and_templates(self):
        password = self.secrets / "db-password" / "value"
        found = self.shown(
            "--env",
            f"X_KEY={self.secrets / 'secret-key' / 'value'}",
            "--env-template",
            f"X_URL=postgres://shop:{{url:{password}}}@db:5432/shop?a={{b}}",
            "--env-template",
            f"X_RAW=<{{file:{password}}}>",
        )
        self.assertEqual(
            found,
            {
                "X_KEY": SECRET_KEY,
                "X_URL": "postgres://shop:p%40ss%2Fw%3Aord%251%22x%27y@db:5432/shop?a={b}",
                "X_RAW": f"<{DATABASE_PASSWORD}>",
            },
        )

    def test_launch_json_and_flags_over_it(self):
        key = str(self.secrets / "secret-key" / "value")
        (self.mount / "launch.json").write_text(
            json.dumps({"env": {"X_A": key, "X_B": "/nonexistent"}, "templates": {"X_C": "c"}})
        )
        self.assertEqual(self.shown("--env-template", "X_B=b"), {"X_A": SECRET_KEY, "X_B": "b", "X_C": "c"})

    def test_replaces_itself(self):
        process = subprocess.Popen(
            [sys.executable, str(self.mount / "launch.py"), "--", sys.executable, "-c", "import os; print(os.getpid())"],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.assertEqual(int(process.communicate(timeout=30)[0]), process.pid)

    def test_mistakes(self):
        empty = self.write_secret("empty", "\n")
        for arguments, text in (
            (["--env", "X=/nonexistent"], "the secret for X cannot be read from /nonexistent"),
            (["--env", f"X={empty}"], "the secret for X is empty"),
            (["--env-template", "X={file:/nonexistent}"], "the secret for X cannot be read"),
            (["--env", "1X=/nonexistent"], "'1X' is no name"),
            (["--env", "X=/a", "--env-template", "X=b"], "both"),
            (["--chdir", "/nonexistent"], "cannot enter /nonexistent"),
        ):
            with self.subTest(arguments=arguments):
                result = self.launch(*arguments, "--", "true")
                self.assertEqual((result.returncode, text in result.stdout), (78, True), result.stdout)

    def test_a_program_that_is_not_there(self):
        self.assertEqual(self.launch("--", "nosuchprogram").returncode, 127)
        self.assertEqual(self.launch("--job", "--", "nosuchprogram").returncode, 127)


class Jobs(RuntimeTest):
    def job(self, code, **options):
        return self.launch("--job", "--", sys.executable, "-c", code, **options)

    def test_exit_code_and_both_streams(self):
        result = self.job("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
        self.assertEqual((result.returncode, result.stdout), (7, "out\nerr\n"))

    def test_redacts_every_way_of_writing(self):
        code = (
            "import json, base64, html; from urllib.parse import quote, quote_plus\n"
            f"p = {DATABASE_PASSWORD!r}\n"
            "for form in (p, quote(p), quote(p, safe=''), quote_plus(p), json.dumps({'p': p}), repr(p), html.escape(p),"
            " base64.b64encode(p.encode()).decode(), 'a' + p + p, quote(p, safe='').lower()):\n    print(form)\n"
            "print(p, end='')"
        )
        result = self.job(code)
        self.assertEqual(result.stdout.count("[redacted:db-password]"), 12, result.stdout)
        self.assertNotIn("ord", result.stdout.replace("[redacted:db-password]", ""))

    def test_redacts_each_line_of_a_long_secret_but_nothing_short(self):
        self.write_secret("pem", "first-line-of-it\nsecond-line\nabc\n")
        self.write_secret("short", "print")
        result = self.job("print('x second-line y'); print('abc'); print('print')")
        self.assertEqual(result.stdout, "x [redacted:pem] y\nabc\nprint\n")

    def test_redacts_in_a_line_without_end(self):
        for before in (65500, 65536, 131000):
            code = f"import sys; sys.stdout.write('x' * {before} + {SECRET_KEY!r} + 'y' * 70000)"
            self.assertNotIn(SECRET_KEY[:40], self.job(code).stdout)

    def test_keeps_the_beginning_and_the_end_under_64_kib(self):
        result = self.job("for i in range(100000): print('line', i)")
        self.assertLess(len(result.stdout), 64 * 1024)
        self.assertTrue(result.stdout.startswith("line 0\n"))
        self.assertTrue(result.stdout.endswith("line 99999\n"))
        self.assertRegex(result.stdout, r"\[\.\.\. \d+ bytes left out \.\.\.\]")

    def test_passes_the_beginning_on_at_once_and_signals_too(self):
        code = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *a: (print('asked to end'), sys.exit(5)))\n"
            "print('ready')\ntime.sleep(30)"
        )
        process = subprocess.Popen(
            [sys.executable, str(self.mount / "launch.py"), "--job", "--", sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            text=True,
            env=self.env,
        )
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
        self.assertEqual((process.returncode, rest), (5, "asked to end\n"))

    def test_a_signal_that_ends_it(self):
        self.assertEqual(self.job("import os; os.kill(os.getpid(), 9)").returncode, 137)

    def test_does_not_wait_for_who_was_left_behind(self):
        started = time.monotonic()
        result = self.job("import subprocess; subprocess.Popen(['sleep', '20']); print('bye')")
        self.assertEqual(result.stdout, "bye\n")
        self.assertLess(time.monotonic() - started, 15)


if __name__ == "__main__":
    unittest.main()
