"""
Gunicorn's figures for a monitoring (gunicorn.conf.py loads this where CDKTF_FIGURES names who collects them, as HOST:PORT).

They are those of Gunicorn's own statsd instrumentation. Beside it:
- A collector that is away costs nothing, at the start or later. Gunicorn looks its name up once, at the start, where it
  waits for it; has no figures for ever when the name is not known then or the collector comes back with another address;
  and logs a traceback for each datagram that is refused. Here a thread of a worker looks the name up, again and again,
  and datagrams go to whoever has it, from a socket that is not connected and so never hears that nobody listens.
- Requests count without an access log, too: Gunicorn's ASGI worker tells its logger of a request only when there is one.
- What a request gives is one datagram.
"""

import mmap
import os
import socket
import threading
import time

from gunicorn.glogging import Logger
from gunicorn.instrument.statsd import Statsd

#: Seconds between two looks for the name.
LOOK_EVERY = 10

#: A counter that begins with its first error has no rate: that burst would raise no alarm.
NOTHING_YET = "\n".join(f"gunicorn.request.status.{hundred}xx:0|c" for hundred in (2, 3, 4, 5))


class Collector:
    """Where figures are sent. The main process and its workers share what a worker has found out: a process that forks should have no threads."""

    def __init__(self, place):
        host, _, port = place.rpartition(":")
        self.host, self.port = host, int(port)
        self.address = mmap.mmap(-1, 4)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)

    def send(self, text):
        address = self.address[:]
        if address == b"\0\0\0\0":
            return
        try:
            self.socket.sendto(text.encode("ascii"), (socket.inet_ntoa(address), self.port))
        except OSError:
            pass  # figures are not worth a request

    def follow(self):
        threading.Thread(target=self._follow, name="figures", daemon=True).start()

    def _follow(self):
        while True:
            try:
                self.address[:] = socket.inet_aton(socket.getaddrinfo(self.host, self.port, socket.AF_INET, socket.SOCK_DGRAM)[0][4][0])
            except OSError:
                pass  # it is away; the address that it had is nobody's, or its own when it comes back
            self.send(NOTHING_YET)
            time.sleep(LOOK_EVERY)


class Figures(Statsd):
    """A logger, as Gunicorn's instrumentation is one."""

    collector = Collector(os.environ["CDKTF_FIGURES"])

    def __init__(self, cfg):
        Logger.__init__(self, cfg)
        self.prefix = ""
        self.dogstatsd_tags = None

    @property
    def access_log_enabled(self):
        return True

    def access(self, resp, req, environ, request_time):
        # An older Gunicorn has no such thing, and looks by itself.
        if getattr(super(), "access_log_enabled", True):
            Logger.access(self, resp, req, environ, request_time)
        status = resp.status
        if isinstance(status, bytes):
            status = status.decode("latin-1")
        if isinstance(status, str):
            status = int(status.split(None, 1)[0])
        # Of ASGI it has no more than these two.
        milliseconds = request_time.seconds * 1000 + request_time.microseconds / 1000
        # Whatever an app answers with, there are as many series as there are hundreds.
        self.collector.send(f"gunicorn.request.duration:{milliseconds:.3f}|ms\ngunicorn.request.status.{status // 100}xx:1|c")

    def _sock_send(self, msg):
        self.collector.send(msg)
