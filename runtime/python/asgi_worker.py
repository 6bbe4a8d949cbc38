"""
What Gunicorn's ASGI worker leaves to do (gunicorn.conf.py loads this for it alone).

- The mount path: the proxy sends it as SCRIPT_NAME, as for WSGI; ASGI has it in the scope as root_path.
- An end that clients understand: Gunicorn waits for connections until its graceful timeout, and at the same moment its
  arbiter kills. A WebSocket would then break off without a word, so it gets a close frame a little earlier: 1012,
  "service restart" (the registry of RFC 6455's codes), at which clients connect again.
- A worker that ends because of max_requests is waited for like any other, and not killed after `timeout` because it has
  no beat any more.
"""

import asyncio

#: Seconds before the arbiter's SIGKILL: for close frames, and for the worker itself, which looks at the clock each second.
GOODBYE = 3
LEAVE = 2

SERVICE_RESTART = 1012


def prepare(worker):
    """Once in each worker, after its app is loaded and before it serves."""
    graceful = worker.cfg.graceful_timeout
    worker.cfg.set("graceful_timeout", max(1, graceful - LEAVE))
    sockets = set()
    worker.asgi = application(worker.asgi, sockets)
    worker.loop.create_task(end_gracefully(worker, sockets, graceful - GOODBYE))


def application(app, sockets):
    """The app, with its mount path in the scope, and its open WebSockets in `sockets`."""

    async def wrapped(scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            await app(scope, receive, send)
            return
        # Gunicorn has dropped it already when it came from an address that is not trusted.
        mounted = next((value for name, value in scope["headers"] if name == b"script_name"), None)
        if mounted is not None:
            scope["root_path"] = mounted.decode("latin-1")
        if scope["type"] == "http":
            await app(scope, receive, send)
            return
        socket = Socket(send)
        sockets.add(socket)
        try:
            await app(scope, receive, socket.send)
        finally:
            sockets.discard(socket)

    return wrapped


class Socket:
    """An open WebSocket. After its close frame nothing may follow."""

    def __init__(self, send):
        self.forward = send
        self.ended = False

    async def send(self, message):
        if not self.ended:
            await self.forward(message)

    async def end(self):
        if not self.ended:
            self.ended = True
            await self.forward({"type": "websocket.close", "code": SERVICE_RESTART, "reason": "service restart"})


async def end_gracefully(worker, sockets, patience):
    while worker.alive:
        await asyncio.sleep(0.2)
    deadline = asyncio.get_running_loop().time() + patience
    while sockets and asyncio.get_running_loop().time() < deadline:
        worker.notify()
        await asyncio.sleep(0.2)
    if sockets:
        worker.log.info("Closing %d WebSockets that outlast the graceful timeout", len(sockets))
        await asyncio.wait([asyncio.ensure_future(socket.end()) for socket in sockets], timeout=1)
