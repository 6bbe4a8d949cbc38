"""The health probe and the preflight job, against servers that do what servers do."""

import importlib.util
import os
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import RuntimeTest, free_port


class Handler(BaseHTTPRequestHandler):
    answers = {"/ok": 200, "/gone": 410, "/broken": 503, "/moved": 302}

    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.path == "/slow":
            time.sleep(3)
        if self.path == "/headers":
            self.answer(200, f"{self.headers['Host']} {self.headers['X-Forwarded-Proto']}")
            return
        self.answer(self.answers.get(self.path, 200), "what it says")

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that did not wait


class ProbeTest(RuntimeTest):
    def setUp(self):
        super().setUp()
        Handler.asked.clear()
        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.port = self.server.server_address[1]
        self.state = self.folder / "state"
        self.beats = self.folder / "beats"
        self.beats.mkdir()
        self.env["CDKTF_HEARTBEAT_DIR"] = str(self.beats)

    def probe(self, *arguments, port=None):
        return self.run_python(
            "-IS", self.mount / "probe.py", "--port", port or self.port, "--state", self.state, *arguments
        )

    def assert_healthy(self, *arguments, **options):
        result = self.probe(*arguments, **options)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def assert_unhealthy(self, text, *arguments, **options):
        result = self.probe(*arguments, **options)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(result.stdout.splitlines()), 1, result.stdout)
        self.assertIn(text, result.stdout)

    def test_statuses(self):
        self.assert_healthy("--path", "/ok")
        self.assert_healthy("--path", "/moved")
        self.assert_unhealthy("/broken answered 503 what it says", "--path", "/broken")
        self.assert_healthy("--path", "/gone", "--expect", "<500")
        self.assert_unhealthy("410", "--path", "/gone", "--expect", "200-399")
        self.assert_healthy("--path", "/gone", "--expect=410")

    def test_no_answer(self):
        self.assert_unhealthy("Connection refused", port=free_port())
        self.assert_unhealthy("no answer", "--path", "/slow", "--timeout", "0.5")

    def test_asks_as_the_proxy_would(self):
        probe = load(self.mount / "probe.py")
        _, body = probe.ask(self.port, "/headers", "shop.example.com", "https", 5)
        self.assertEqual(body, b"shop.example.com https")

    def test_another_path_until_the_first_success(self):
        both = ("--path", "/ok", "--until-first-success", "/broken")
        self.assert_unhealthy("/broken answered 503", *both)
        self.assert_healthy("--path", "/ok", "--until-first-success", "/ok")
        self.assert_healthy(*both)

    def test_heartbeats_after_the_first_success(self):
        beating = ("--path", "/ok", "--heartbeat", "5")
        self.assert_healthy(*beating)  # over HTTP: no beat yet
        self.assert_unhealthy("no worker's main loop has run", *beating)
        (self.beats / "1").touch()
        self.assert_healthy(*beating, port=free_port())
        os.utime(self.beats / "1", (time.time() - 60, time.time() - 60))
        self.assert_unhealthy("for 60 s", *beating)

    def test_heartbeats_alone(self):
        self.assert_silent("no worker's main loop has run")
        (self.beats / "1").touch()
        self.assertEqual(self.silent().returncode, 0)
        self.assertTrue(self.state.exists())
        self.let_beats_age()
        self.assert_silent("for 60 s")

    def test_who_waits_for_its_broker_is_well(self):
        away = ("--broker", f"localhost:{free_port()}")
        there = ("--broker", f"localhost:{self.port}")
        self.assert_silent("the broker localhost:", *away)
        self.state.touch()
        (self.beats / "1").touch()
        self.let_beats_age()
        self.assert_silent("for 60 s", *there)
        self.assertEqual(self.silent(*away).returncode, 0)
        self.assertEqual(self.silent(*there).returncode, 0)  # it has just come back
        self.date(self.state.with_name("state.away"), 6)
        self.assert_silent("for 60 s", *there)

    def test_running(self):
        alone = ("-IS", self.mount / "probe.py", "--state", self.state, "--running")
        self.assertEqual(self.run_python(*alone, "0.01").returncode, 0)
        result = self.run_python(*alone, "1e9")
        self.assertEqual(result.returncode, 1)
        self.assertIn("unhealthy: it has run for", result.stdout)

    def silent(self, *arguments):
        """A probe of what serves no port."""
        return self.run_python("-IS", self.mount / "probe.py", "--state", self.state, "--heartbeat", "5", *arguments)

    def assert_silent(self, text, *arguments):
        result = self.silent(*arguments)
        self.assertEqual(result.returncode, 1)
        self.assertIn(text, result.stdout)

    def let_beats_age(self):
        os.utime(self.beats / "1", (time.time() - 60, time.time() - 60))

    def test_waits_for_the_first_success(self):
        port = free_port()
        late = Server(("127.0.0.1", port), Handler, bind_and_activate=False)
        self.addCleanup(late.server_close)

        def open_late():
            time.sleep(0.5)
            late.server_bind()
            late.server_activate()
            late.serve_forever()

        started = time.monotonic()
        threading.Thread(target=open_late, daemon=True).start()
        self.addCleanup(late.shutdown)
        self.assert_healthy("--path", "/ok", "--last", "20", port=port)
        self.assertLess(time.monotonic() - started, 15)

    def test_gives_up_when_it_has_lasted_long_enough(self):
        started = time.monotonic()
        self.assert_unhealthy("Connection refused", "--last", "1", port=free_port())
        self.assertGreaterEqual(time.monotonic() - started, 0.8)

    def test_does_not_pester_a_server_that_answers(self):
        self.assert_unhealthy("/broken answered 503", "--path", "/broken", "--last", "0.9")
        self.assertEqual(Handler.asked.count("/broken"), 1)

    def test_waits_before_it_looks_at_a_server_that_was_well(self):
        self.state.touch()
        started = time.monotonic()
        self.assert_healthy("--path", "/ok", "--last", "1")
        self.assertGreaterEqual(time.monotonic() - started, 1)
        self.assert_unhealthy("/broken answered 503", "--path", "/broken", "--last", "0.1")

    def test_ends_a_server_that_stays_dead(self):
        probe = load(self.mount / "probe.py")
        sent = []
        probe.send = lambda pid, number: sent.append((pid, int(number)))
        probe.others = lambda: [41, 42]
        probe.print = lambda *arguments: None
        arguments = ["--port", str(free_port()), "--state", str(self.state), "--end-after", "100"]
        self.assertEqual((probe.main(arguments), sent), (1, []))  # never was healthy
        self.state.touch()
        self.date(self.state, 1000)
        self.assertEqual((probe.main(arguments), sent), (1, []))  # its first failure, however long ago the last success was
        self.age("failing", 99)
        self.assertEqual((probe.main(arguments), sent), (1, []))
        self.age("failing", 130)
        probe.main(arguments)
        self.assertEqual(sent, [(1, 15)])
        probe.main(arguments)
        self.assertEqual(sent, [(1, 15)])  # in its grace
        self.age("ending", 31)
        probe.main(arguments)
        self.assertEqual(sent, [(1, 15), (41, 9), (42, 9)])

    def test_a_success_in_between_begins_anew(self):
        probe = load(self.mount / "probe.py")
        sent = []
        probe.send = lambda pid, number: sent.append(pid)
        probe.print = lambda *arguments: None
        dead = ["--port", str(free_port()), "--state", str(self.state), "--end-after", "100"]
        well = ["--port", str(self.port), "--path", "/ok", *dead[2:]]
        probe.main(well)
        probe.main(dead)
        self.age("failing", 99)
        self.assertEqual(probe.main(well), 0)
        probe.main(dead)
        self.age("failing", 99)
        probe.main(dead)
        self.assertEqual(sent, [])

    def age(self, name, seconds):
        """So many seconds have gone by since it was written."""
        self.state.with_name(f"state.{name}").write_text(repr(time.monotonic() - seconds))

    def date(self, path, seconds):
        os.utime(path, (time.time() - seconds, time.time() - seconds))


def load(path):
    spec = importlib.util.spec_from_file_location("probe_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path[1:])); self.end_headers(); self.wfile.write(b'reason')
    def log_message(self, *arguments): pass
print('booting', flush=True)
HTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
"""


class Preflight(RuntimeTest):
    def preflight(self, *arguments, server=SERVER):
        port = free_port()
        return self.run_python(
            self.mount / "preflight.py", "--port", port, *arguments, "--", sys.executable, "-c", server, port
        )

    def test_success_and_its_mark(self):
        mark = self.folder / "r1.served"
        result = self.preflight("--path", "/200", "--mark", mark)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("booting", result.stdout)
        self.assertTrue(mark.exists())

    def test_a_wrong_answer(self):
        mark = self.folder / "r1.served"
        result = self.preflight("--path", "/400", "--timeout", "60", "--mark", mark)
        self.assertEqual(result.returncode, 1)
        self.assertTrue(result.stdout.endswith("preflight: FAILED: /400 answered 400 reason\n"), result.stdout)
        self.assertFalse(mark.exists())

    def test_never_healthy(self):
        result = self.preflight("--path", "/503", "--timeout", "2")
        self.assertIn("FAILED: not healthy within 2 s: /503 answered 503 reason", result.stdout)

    def test_a_server_that_dies_fails_at_once(self):
        started = time.monotonic()
        result = self.preflight("--timeout", "60", server="import sys; print('no module'); sys.exit(3)")
        self.assertIn("no module", result.stdout)
        self.assertIn("FAILED: the server ended by itself (exit code 3)", result.stdout)
        self.assertLess(time.monotonic() - started, 20)

    def test_a_program_that_is_not_there(self):
        result = self.run_python(self.mount / "preflight.py", "--port", free_port(), "--", "nosuchprogram")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot start 'nosuchprogram'", result.stdout)


if __name__ == "__main__":
    unittest.main()
