"""
Persistent connections that are checked without a round trip.

CONN_HEALTH_CHECKS makes Django ask `SELECT 1` before the first query of every request: as much work again as a light
view has. A connection that the server or a proxy closed shows it by itself: there is something to read from its socket
(an error message, or the end). So the socket is looked at, and only where there is something Django's own check decides.
A peer that vanished without a word is found by neither; TCP keepalive finds it.
"""

import select

from django.db.backends.signals import connection_created


def watch_connections():
    """To be called once in a server's process; connections that are made later are checked this way."""
    connection_created.connect(_watch, dispatch_uid="cdktf-django")


def _watch(connection, **_kwargs):
    if connection.vendor != "postgresql":
        return
    full_check = type(connection).is_usable

    def is_usable():
        return quiet(connection.connection) or full_check(connection)

    connection.is_usable = is_usable


def quiet(driver_connection):
    """Whether the driver's connection (psycopg 3 or psycopg2) is open and has nothing to say."""
    if driver_connection is None or driver_connection.closed:
        return False
    try:
        poll = select.poll()
        poll.register(driver_connection.fileno(), select.POLLIN | select.POLLPRI)
        return poll.poll(0) == []
    except Exception:  # whatever the driver thinks of it, Django's own check knows
        return False
