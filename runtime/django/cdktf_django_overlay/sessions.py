"""
Django's own sessions in a cache, for a cache that may be away for a while.

Django takes a session that it cannot read for one that has ended, and deletes the visitor's cookie: an outage of a few
seconds would log all visitors out. Here a visitor is a stranger until the cache is back, and then the same as before.
What must be written while it is away (a log-in) is an error.
"""

from django.contrib.sessions.backends import cache

from cdktf_django_overlay.cache import AWAY


class SessionStore(cache.SessionStore):
    _away = False

    def load(self):
        try:
            data = self._cache.get(self.cache_key)
        except AWAY:
            return self._strange()
        return self._known(data)

    async def aload(self):
        try:
            data = await self._cache.aget(await self.acache_key())
        except AWAY:
            return self._strange()
        return self._known(data)

    def is_empty(self):
        # The middleware deletes the cookie of an empty one.
        return not self._away and super().is_empty()

    def _strange(self):
        self._away = True
        return {}

    def _known(self, data):
        if data is None:
            self._session_key = None
            return {}
        return data
