"""Gunicorn's ASGI worker with our configuration over a fresh project: HTTP, WebSockets, and how they end."""

import json
import os
import signal
import socket
import struct
import sys
import threading
import time
import unittest

from support import ServerTest

PAGES = """
import asyncio
from django.db import connection
from django.http import JsonResponse
from django.urls import path, reverse
def whoami(request):
    return JsonResponse({'scheme': request.scheme, 'reverse': reverse('who'), 'path': request.path, 'info': request.path_info,
                         'peer': request.META['REMOTE_ADDR'], 'client': request.META.get('HTTP_X_FORWARDED_FOR')})
async def slow(request):
    await asyncio.sleep(3)
    return JsonResponse({'slow': True})
urlpatterns = [path('who/', whoami, name='who'), path('slow/', slow)]
"""

# Beside Django's own callable, as a project without Channels would do it.
ECHO = """
import os
from django.core.asgi import get_asgi_application
os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')
pages = get_asgi_application()
async def application(scope, receive, send):
    if scope['type'] == 'lifespan':
        while True:
            message = await receive()
            print(message['type'], flush=True)
            await send({'type': message['type'] + '.complete'})
            if message['type'] == 'lifespan.shutdown':
                return
    if scope['type'] != 'websocket':
        return await pages(scope, receive, send)
    await receive()
    await send({'type': 'websocket.accept'})
    while True:
        message = await receive()
        if message['type'] == 'websocket.disconnect':
            return
        await send({'type': 'websocket.send', 'text': scope['root_path'] + ' ' + message['text']})
"""


class WebSocket:
    """As much of a client as short texts need."""

    def __init__(self, port, headers=""):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.connection.sendall(
            (
                "GET /echo HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n"
            ).encode()
        )
        self.stream = self.connection.makefile("rb")
        self.status = self.stream.readline().decode()
        while self.stream.readline() not in (b"\r\n", b""):
            pass

    def send(self, opcode, payload):
        self.connection.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + b"\0\0\0\0" + payload)

    def receive(self):
        """(opcode, payload), or None at the end."""
        head = self.stream.read(2)
        return (head[0] & 15, self.stream.read(head[1])) if len(head) == 2 else None

    def say(self, text):
        self.send(1, text.encode())
        return self.receive()[1].decode()

    def close(self):
        self.stream.close()
        self.connection.close()


class Asgi(ServerTest):
    def setUp(self):
        super().setUp()
        (self.project / "site1" / "urls.py").write_text(PAGES)
        (self.project / "site1" / "asgi.py").write_text(ECHO)
        self.config["scheme"] = "http"

    def start(self, *flags, app="cdktf_django_overlay.asgi:application", **options):
        return self.serve("--worker-class", "asgi", "--forwarded-allow-ips", "*", *flags, app, **options)

    def web_socket(self, headers=""):
        result = WebSocket(self.port, headers)
        self.addCleanup(result.close)
        self.assertIn("101", result.status)
        return result

    def test_scheme_client_and_heartbeats(self):
        self.start()
        status, body = self.get("/who/", **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"})
        self.assertEqual(status, 200)
        self.assertEqual(
            json.loads(body),
            {"scheme": "https", "reverse": "/who/", "path": "/who/", "info": "/who/", "peer": "127.0.0.1", "client": "203.0.113.7"},
        )
        beat = next((self.folder / "beats").iterdir())
        os.utime(beat, (0, 0))
        deadline = time.monotonic() + 10
        while beat.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertGreater(beat.stat().st_mtime, 0)

    def test_below_a_path(self):
        self.config["scriptName"] = "/a"
        self.start()
        body = json.loads(self.get("/a/who/", SCRIPT_NAME="/a")[1])
        self.assertEqual((body["reverse"], body["path"], body["info"]), ("/a/who/", "/a/who/", "/who/"))
        self.assertEqual(self.get("/-/health/")[0], 200)
        self.assertEqual(self.web_socket("SCRIPT_NAME: /a\r\n").say("hello"), "/a hello")

    def test_settings_from_the_environment_below_a_path(self):
        self.env["DJANGO_SETTINGS_MODULE"] = "site1.settings"
        self.append_settings("ALLOWED_HOSTS = ['*']")
        self.start(app="site1.asgi:application", path="/who/")
        body = json.loads(self.get("/a/who/", SCRIPT_NAME="/a")[1])
        self.assertEqual((body["reverse"], body["path"], body["info"]), ("/a/who/", "/a/who/", "/who/"))

    def test_what_is_open_at_the_end_has_the_graceful_timeout(self):
        server = self.start("--graceful-timeout", "8")
        open_one, closing = self.web_socket(), self.web_socket()
        answers = []
        slow = threading.Thread(target=lambda: answers.append(self.get("/slow/")))
        slow.start()
        time.sleep(0.5)
        started = time.monotonic()
        server.send_signal(signal.SIGTERM)
        time.sleep(2)
        self.assertEqual(open_one.say("still there"), " still there")
        closing.send(8, struct.pack("!H", 1000))
        slow.join()
        self.assertEqual(answers, [(200, '{"slow": true}')])
        self.assertEqual(open_one.say("and now"), " and now")
        opcode, payload = open_one.receive()
        said_goodbye = time.monotonic() - started
        self.assertEqual((opcode, struct.unpack("!H", payload[:2])[0], payload[2:]), (8, 1012, b"service restart"))
        self.assertTrue(4.5 < said_goodbye < 7, said_goodbye)
        open_one.send(8, payload[:2])
        self.assertEqual(server.wait(10), 0)
        log = self.log.read_text()
        self.assertIn("lifespan.startup\n", log)
        self.assertIn("lifespan.shutdown\n", log)
        self.assertIn("Closing 1 WebSockets", log)
        self.assertNotIn("SIGKILL", log)

    def test_a_server_without_open_connections_ends_at_once(self):
        server = self.start("--graceful-timeout", "30")
        started = time.monotonic()
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(10), 0)
        self.assertLess(time.monotonic() - started, 5)

    def test_a_worker_that_has_served_enough_keeps_its_web_sockets_beyond_the_timeout(self):
        self.start("--max-requests", "5", "--timeout", "2", "--graceful-timeout", "9")
        open_one = self.web_socket()
        for _ in range(5):
            self.assertEqual(self.get("/who/")[0], 200)
        time.sleep(4.5)
        self.assertEqual(open_one.say("still there"), " still there")
        self.assertEqual(open_one.receive()[0], 8)
        self.assertNotIn("WORKER TIMEOUT", self.log.read_text())

    def test_a_gunicorn_without_such_a_worker_says_so(self):
        code = (
            "import sys, gunicorn.workers\n"
            "gunicorn.workers.SUPPORTED_WORKERS.pop('asgi')\n"
            f"sys.argv = ['gunicorn', '--worker-class', 'asgi', '--config', {str(self.mount / 'gunicorn.conf.py')!r}, 'app:app']\n"
            "from gunicorn.app.wsgiapp import run; run()"
        )
        result = self.run_python("-c", code)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("cdktf-django: asgi: true needs Gunicorn's own ASGI worker, and Gunicorn ", result.stdout)


if __name__ == "__main__":
    unittest.main()
