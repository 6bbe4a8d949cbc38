"""
Django's own Redis cache for a site that goes on when its cache is away.

A value that cannot be read is one that is not there, and one that cannot be written is not; the log says so. For some
seconds after a failure nobody asks: a page that looks up twenty values must not wait twenty times.
"""

import functools
import logging
import time

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

#: What a server that is away, or still reads its data in, raises.
AWAY = (ConnectionError, TimeoutError, OSError)
_PAUSE = 2.0
_logger = logging.getLogger("cdktf_django_overlay.cache")

#: In the libraries' own words. Without a limit a host that vanished keeps a page for minutes; one try more finds a connection that the server has closed.
CONNECTION_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 3,
    "health_check_interval": 30,
    "retry": Retry(NoBackoff(), 1),
}


def _forgiving(name, missing):
    """A method of the client, and what it gives while the server is away."""
    method = getattr(RedisCacheClient, name)

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        if time.monotonic() >= self.away_until:
            try:
                return method(self, *args, **kwargs)
            except AWAY as error:
                self.away_until = time.monotonic() + _PAUSE
                _logger.warning("The cache is away, and done without: %s", error)
        return missing(*args, **kwargs)

    return call


class _ForgivingClient(RedisCacheClient):
    away_until = 0.0

    add = _forgiving("add", lambda *_, **__: False)
    get = _forgiving("get", lambda key, default: default)
    set = _forgiving("set", lambda *_, **__: None)
    touch = _forgiving("touch", lambda *_, **__: False)
    delete = _forgiving("delete", lambda *_, **__: False)
    get_many = _forgiving("get_many", lambda *_, **__: {})
    has_key = _forgiving("has_key", lambda *_, **__: False)
    set_many = _forgiving("set_many", lambda *_, **__: None)
    delete_many = _forgiving("delete_many", lambda *_, **__: None)
    clear = _forgiving("clear", lambda *_, **__: False)


def _unknown(key, delta):
    raise ValueError(f"Key '{key}' not found.")


# A key that is not there is this error in any cache.
_ForgivingClient.incr = _forgiving("incr", _unknown)


class ForgivingRedisCache(RedisCache):
    def __init__(self, server, params):
        super().__init__(server, params)
        self._class = _ForgivingClient
