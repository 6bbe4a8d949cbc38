"""
The health endpoint: the first middleware, so that it answers before host checking, redirects and sessions.

GET <healthPath>              the process answers
GET <healthPath>?database=1   and its default database does, with all migrations of the code applied

Only the container itself may ask: a request that came over the network or through a proxy is passed on to the
project, whose URLs decide.
"""

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.db import connections
from django.http import JsonResponse

from cdktf_django_overlay.config import read_config

_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "")  # "": a unix socket has no address


class HealthMiddleware:
    """Speaks both WSGI and ASGI, so that it makes neither server adapt."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.path = settings.CDKTF_DJANGO_HEALTH_PATH
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        if self.is_async:
            return self.acall(request)
        return answer(request) if self.concerns(request) else self.get_response(request)

    async def acall(self, request):
        if self.concerns(request):
            return await sync_to_async(answer)(request)
        return await self.get_response(request)

    def concerns(self, request):
        return (
            request.path_info == self.path
            and request.method in ("GET", "HEAD")
            and "HTTP_X_FORWARDED_FOR" not in request.META
            and (request.META.get("REMOTE_ADDR") or "") in _LOOPBACK
        )


def answer(request):
    """200 or 503, never cached, and never a line in the error log: the probe prints the reason itself."""
    problem = (database_problem() or migrations_problem()) if request.GET.get("database") else None
    body = {"status": "ok"} if problem is None else {"status": "unavailable", "database": problem}
    response = JsonResponse(body, status=200 if problem is None else 503)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Length"] = str(len(response.content))
    response._has_been_logged = True
    return response


def database_problem():
    """None, or the first line of what the driver says (it names host and user, never the password)."""
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except Exception as error:  # whatever a driver raises: the answer is the same
        connection.close()
        lines = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {lines[0]}"[:300]
    return None


def migrations_problem():
    """
    None, or which migrations the code has and the database has not: its queries would fail, so it must not go live.

    Those that only the database has, after a release back, are no matter. Nothing is applied here: servers of two
    releases would do it at once, and unseen.
    """
    # Not at the top: a worker that is never asked needs none of it.
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connections["default"])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # a migration that cannot be loaded says why by itself
        return f"{type(error).__name__}: {error}"[:300]
    if not plan:
        return None
    names = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    if (read_config().get("release") or {}).get("migrate", True):
        return f"migrations are not applied: {shown}; the release job applies them: deploy again"
    return f"migrations are not applied: {shown}; release.migrate is false: apply them by release.commands"
