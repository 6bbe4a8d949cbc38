"""
Gunicorn's configuration for every app. Flags on the command line win over it; how many workers and threads, the
timeouts and the addresses that are trusted come from there. Gunicorn ignores names that its version does not know.
"""

import importlib
import importlib.util
import logging
import os
import sys
import time

from gunicorn import __version__ as gunicorn_version
from gunicorn.workers import SUPPORTED_WORKERS

if "asgi" in sys.argv and "asgi" not in SUPPORTED_WORKERS:
    # Gunicorn itself would say that there is no module of this name.
    sys.exit(
        f"cdktf-django: asgi: true needs Gunicorn's own ASGI worker, and Gunicorn {gunicorn_version} in this image has "
        "none: let the project require gunicorn>=27, or leave Gunicorn out of its requirements."
    )

# Heartbeat files on a disk block a worker for as long as the disk does.
worker_tmp_dir = "/dev/shm"

# A root filesystem is read-only here, and nothing asks this socket (Gunicorn 25.1 and newer).
control_socket_disable = True

# nginx keeps the access log, with the client's address and the request id; errors go to the container's log.
accesslog = None
errorlog = "-"

# One header says what visitors use, and nginx always overwrites it. (By default two more are believed, and a
# contradiction among them is an error 400 that a visitor could provoke.)
secure_scheme_headers = {"X-FORWARDED-PROTO": "https"}

# Of the names with underscores only SCRIPT_NAME is taken over, and only from addresses in forwarded_allow_ips
# (Gunicorn 22 and newer; older ones take them all).
forwarder_headers = "SCRIPT_NAME"
header_map = "drop"

def _beside(name):
    """A module beside this file, without a place on the app's path for its neighbours."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("cdktf_" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Requests, answers and their time, for a monitoring that takes the app.
if os.environ.get("CDKTF_FIGURES"):
    logger_class = _beside("figures").Figures

# Heartbeats that the health probe can see (probe.py --heartbeat): whether a worker's main loop runs can be told
# without a request, which would wait in line behind busy threads.

_HEARTBEATS = os.environ.get("CDKTF_HEARTBEAT_DIR") or "/dev/shm/cdktf-heartbeat"
_EVERY = 1.0


def _heartbeat(pid):
    return os.path.join(_HEARTBEATS, str(pid))


#: What each worker of a Django project would import by itself, none of which looks at settings. Imported before there
#: are workers, they share its memory, and start in about half the time. The project's own code is not among it: that
#: would be `preload`.
_DJANGO = ("django.core.wsgi", "django.db.models", "django.forms", "django.template.backends.django", "psycopg")


def _import_django():
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        return
    for name in _DJANGO:
        try:
            importlib.import_module(name)
        except Exception as error:  # a worker will say it, if it matters
            logging.getLogger("gunicorn.error").debug("%s is not imported beforehand: %s", name, error)


def on_starting(server):
    """Beats of a server before this one say nothing."""
    _import_django()
    try:
        os.makedirs(_HEARTBEATS, mode=0o700, exist_ok=True)
        for name in os.listdir(_HEARTBEATS):
            os.unlink(os.path.join(_HEARTBEATS, name))
    except OSError as error:
        server.log.warning("No heartbeats for the health probe: %s", error)


def post_worker_init(worker):
    """Beside the beat for the arbiter, which is in a file without a name, one in a file with a name."""
    path = _heartbeat(os.getpid())
    notify = worker.notify
    last = 0.0

    def notify_both():
        nonlocal last
        notify()
        now = time.monotonic()
        if now - last >= _EVERY:
            last = now
            _touch(path)

    _touch(path)
    worker.notify = notify_both
    figures = getattr(worker.log, "collector", None)
    if figures:
        figures.follow()
    if hasattr(worker, "asgi"):
        _beside("asgi_worker").prepare(worker)


def _touch(path):
    try:
        with open(path, "ab"):
            os.utime(path)
    except OSError:
        pass  # no heartbeats, said at the start


def child_exit(server, worker):
    try:
        os.unlink(_heartbeat(worker.pid))
    except OSError:
        pass
