"""
The release job: what must happen once, in the new image, before any of its containers starts.

    python release.py          (in the project's folder, with the container's usual environment)

It waits for the database, checks, migrates (breaking_migrations.py says what it refuses), collects static files, prunes
old ones, runs the user's commands, and verifies that no migration is left; the first failure ends it, and with it the deploy. It goes through launch.py --job by itself, so that no secret is in
its output. What it does is said by django.json (settings.py tells where that is):

    "mode": "overlay" | "environment"    environment: DJANGO_SETTINGS_MODULE is the project's own
    "release": {
        "check": "ERROR"                 fail level of `check --deploy` (DEBUG to CRITICAL); null: no check
        "migrate": true,
        "breakingMigrations": []         ["app.0002_name"]: may break what still runs (breaking_migrations.py)
        "collectstatic": true            when there is a STATIC_ROOT
        "commands": [["loaddata", "x"]]  management commands, each a list of arguments
        "databaseTimeout": 60            seconds to wait for the database to answer
        "migrateTimeout": 900            seconds to wait for another release's migration to end
        "lockTimeout": "5s"              Postgres' lock_timeout while migrating; null: the role's own
        "statementTimeout": null         likewise
        "keepGenerations": 5             how many releases' static files are kept
        "pooling": null                  "transaction": the servers' database is behind a pooler of that mode, which their
                                         settings have to know; this job's own is not
    }

manage.py is not used, because it may hard-wire a settings module.
"""

import contextlib
import copy
import fcntl
import json
import os
import re
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)  # beside this file, which `python -P` does not search; prepare_paths() takes it off again

import breaking_migrations  # noqa: E402
OVERLAY = "cdktf_django_overlay.settings"
DEFAULTS = {
    "check": "ERROR",
    "migrate": True,
    "breakingMigrations": [],
    "collectstatic": True,
    "commands": [],
    "databaseTimeout": 60,
    "migrateTimeout": 900,
    "lockTimeout": "5s",
    "statementTimeout": None,
    "keepGenerations": 5,
    "pooling": None,
}

#: Advisory locks are per database, so one number does for every project.
LOCK_KEY = int.from_bytes(b"cdktfdj", "big")

#: Waiting does not help against these, but for the moments in which the deploy creates role and database.
REFUSED = re.compile(r"authentication failed|role .* does not exist|database .* does not exist|no pg_hba.conf entry")
REFUSED_TIMEOUT = 15

HASHED_NAME = re.compile(r"\.[0-9a-f]{12}(\.[^.]+)?\Z")
DAY = 24 * 60 * 60
KEPT_MARKED = 2


class ReleaseError(Exception):
    """A failure whose text says it all; no traceback is shown."""


class RefusedError(ReleaseError):
    """A failure before anything was changed."""


def say(text):
    print(f"release: {text}", flush=True)


# Setting up


def read_config():
    path = os.environ.get("CDKTF_DJANGO_CONFIG") or "/run/cdktf-django/django.json"
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}") from None


def prepare_paths():
    """The project's folder comes first, as with `python -m django`; this script's own is none of its business."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]
    overlay = os.path.join(HERE, "python")
    for path in (overlay, os.getcwd()):
        if path not in sys.path:
            sys.path.insert(0, path)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([overlay, *[path for path in inherited if path and path != overlay]])


def load_django(config):
    if config.get("mode", "overlay") == "overlay":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", OVERLAY)
        if os.environ["DJANGO_SETTINGS_MODULE"] != OVERLAY:
            raise ReleaseError(
                f"DJANGO_SETTINGS_MODULE is {os.environ['DJANGO_SETTINGS_MODULE']!r}; with overlaid settings it must "
                f"be {OVERLAY!r}. For settings that read the environment, use DjangoSettings.environment(...)."
            )
    elif not os.environ.get("DJANGO_SETTINGS_MODULE"):
        raise ReleaseError("DJANGO_SETTINGS_MODULE is not set")
    import django

    django.setup()
    say(f"Django {django.get_version()}, Python {sys.version.split()[0]}, {os.environ['DJANGO_SETTINGS_MODULE']}")


# The database


def own_connection():
    """
    A direct connection to `default` beside Django's own ones, in autocommit and from no pool.

    It has the alias that Django itself gives to such a one: receivers of connection_created, like the one of
    django.contrib.postgres, look any other alias up among the connections of the settings.
    """
    from django.db import connections
    from django.db.backends.base.base import NO_DB_ALIAS
    from django.db.utils import load_backend

    settings = copy.deepcopy(connections["default"].settings_dict)
    settings.update(AUTOCOMMIT=True, CONN_MAX_AGE=0)
    settings["OPTIONS"].pop("pool", None)
    return load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias=NO_DB_ALIAS)


def has_database():
    from django.db import connections

    return connections["default"].settings_dict["ENGINE"] != "django.db.backends.dummy"


def wait_for_database(timeout):
    """Polls until `default` answers; gives up early on a refusal, which waiting does not mend."""
    connection = own_connection()
    settings = connection.settings_dict
    where = f"{settings.get('HOST') or 'local'}:{settings.get('PORT') or '-'}/{settings['NAME']}"
    started = time.monotonic()
    refused_since = None
    said = False
    while True:
        try:
            connection.ensure_connection()
            connection.close()
        except Exception as error:  # whatever the driver raises
            now = time.monotonic()
            reason = " ".join(str(error).split())
            refused_since = (refused_since or now) if REFUSED.search(reason) else None
            if refused_since and now - refused_since >= min(timeout, REFUSED_TIMEOUT):
                raise ReleaseError(f"the database {where} refuses: {reason}") from None
            if now - started >= timeout:
                raise ReleaseError(f"the database {where} did not answer within {timeout:g} s: {reason}") from None
            if not said:
                say(f"waiting for the database {where}: {reason}")
                said = True
            time.sleep(0.5)
        else:
            say(f"the database {where} answers")
            return


@contextlib.contextmanager
def migration_lock(timeout):
    """
    One migration at a time in this database.

    By polling, without a transaction: a waiting pg_advisory_lock() is a running query with a snapshot, for which
    CREATE INDEX CONCURRENTLY of the other release would wait in turn, for ever.
    """
    connection = own_connection()
    if connection.vendor != "postgresql":
        yield
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            if cursor.fetchone()[0] >= 140000:
                cursor.execute("SET idle_session_timeout = 0")
        poll_lock(connection, timeout)
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
            if not cursor.fetchone()[0]:
                say("note: the migration lock was lost on the way")
    finally:
        connection.close()  # the server releases the lock of a connection that ends


def poll_lock(connection, timeout):
    deadline = time.monotonic() + timeout
    said = False
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
            if cursor.fetchone()[0]:
                return
        if time.monotonic() >= deadline:
            raise ReleaseError(f"another release has been migrating this database for {timeout:g} s")
        if not said:
            say("another release is migrating this database; waiting for it")
            said = True
        time.sleep(0.5)


@contextlib.contextmanager
def timeouts(options):
    """lock_timeout and statement_timeout for connections that are made meanwhile; libpq reads PGOPTIONS."""
    from django.db import connections

    wanted = {"lock_timeout": options["lockTimeout"], "statement_timeout": options["statementTimeout"]}
    flags = [f"-c {name}={str(value).replace(' ', '')}" for name, value in wanted.items() if value is not None]
    before = os.environ.get("PGOPTIONS")
    if flags:
        os.environ["PGOPTIONS"] = " ".join([*([before] if before else []), *flags])
        connections.close_all()
    try:
        yield
    finally:
        connections.close_all()
        if before is None:
            os.environ.pop("PGOPTIONS", None)
        else:
            os.environ["PGOPTIONS"] = before


# The steps


def check_pooling():
    """Before anything is changed: with a server-side cursor a query that is read bit by bit fails, now and then."""
    from django.db import connections

    if not connections["default"].settings_dict.get("DISABLE_SERVER_SIDE_CURSORS"):
        raise ReleaseError(
            "the servers' database is behind a pooler in transaction mode, where a server-side cursor is another connection's: "
            "set DATABASES['default']['DISABLE_SERVER_SIDE_CURSORS'] = True in the project's settings, or use PostgresPoolMode.SESSION"
        )


def check(options):
    from django.core.management import call_command

    databases = {"databases": ["default"]} if has_database() else {}
    call_command("check", deploy=True, fail_level=options["check"], **databases)


def migrate(options):
    from django.core.management import call_command

    with migration_lock(options["migrateTimeout"]):
        refuse_breaking(options["breakingMigrations"])
        with timeouts(options):
            call_command("migrate", interactive=False)


def refuse_breaking(declared):
    """Before anything is changed: the servers of the running release must survive what is about to be."""
    from django.db import connections

    plan = breaking_migrations.Plan(connections["default"])
    for text in plan.unjudged:
        say(f"note: not judged, whether the running release survives it: {text}")
    for name in declared:
        if name in plan.names:
            say(f"note: {name} is declared in release.breakingMigrations")
    refused = [finding for finding in plan.findings if finding.migration not in declared]
    if not refused:
        return
    names = sorted({finding.migration for finding in refused})
    raise RefusedError(
        "the release that is still serving while this one starts would not survive these migrations:\n"
        + "".join(f"  {finding}\n" for finding in refused)
        + "Nothing was migrated. If nothing that is running uses any more what they take away, or errors until the new release "
        + f"serves are meant, declare them: release: {{ breakingMigrations: {json.dumps(names)} }}"
    )


def verify(options):
    """What the servers will ask for too: a release without its migrations must not go live."""
    from django.db import connections

    missing = breaking_migrations.Plan(connections["default"]).names
    if missing:
        way_out = (
            "release.migrate is false: let release.commands apply them, as in [[\"migrate\", \"APP\"]], or set release.migrate to true"
            if not options["migrate"]
            else "a command of release.commands must have taken them back"
        )
        raise ReleaseError(f"migrations that are not applied: {', '.join(missing)}; {way_out}")


def collectstatic(options):
    from django.conf import settings
    from django.core.management import call_command

    with static_lock(settings.STATIC_ROOT):
        call_command("collectstatic", interactive=False)
        if os.path.isdir(manifest_folder(settings.STATIC_ROOT)):
            prune(settings.STATIC_ROOT, options["keepGenerations"])


def command(arguments):
    code = subprocess.call([sys.executable, "-m", "django", *arguments])
    if code:
        raise ReleaseError(f"{arguments[0]} ended with exit code {code}")


def steps(config, options):
    """(title, function) of everything to do."""
    if options["pooling"] == "transaction" and has_database():
        yield "pooling", check_pooling
    if has_database():
        yield "database", lambda: wait_for_database(options["databaseTimeout"])
    if options["check"]:
        yield "check --deploy", lambda: check(options)
    if options["migrate"] and has_database():
        yield "migrate", lambda: migrate(options)
    if options["collectstatic"] and wants_static(config):
        yield "collectstatic", lambda: collectstatic(options)
    for arguments in options["commands"]:
        yield " ".join(arguments[:1]), lambda arguments=arguments: command(arguments)
    if has_database():
        yield "verify", lambda: verify(options)


def wants_static(config):
    from django.apps import apps
    from django.conf import settings

    if config.get("mode", "overlay") == "overlay" and not config.get("staticRoot"):
        return False
    return bool(settings.STATIC_ROOT) and apps.is_installed("django.contrib.staticfiles")


# Static files of old releases


def manifest_folder(root):
    return os.path.join(root, ".manifests")


@contextlib.contextmanager
def static_lock(root):
    """One release at a time writes and prunes. A file system without locks goes without."""
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, ".cdktf-lock"), "w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            say(f"note: {root} cannot be locked ({error.strerror})")
        yield


def prune(root, keep, now=None):
    """
    Deletes hashed files that nobody can ask for any more; in doubt it keeps them.

    Kept are the newest `keep` manifests, the newest two that served (preflight.py --mark: failed releases must not
    push out the one that serves), and every manifest whose successor is younger than a day. A file goes when no
    kept manifest names it, its name carries a hash, and it is older than a day itself.
    """
    now = time.time() if now is None else now
    manifests = list_manifests(root)
    kept = kept_manifests(manifests, keep, now)
    names = named_files(kept)
    if names is None:
        return
    for path, _ in manifests:
        if path not in kept:
            remove(path)
            remove(marker(path), missing_ok=True)
    removed = sum(remove(path) for path in old_files(root, names, now))
    if removed:
        say(f"pruned {removed} static files of old releases")


def list_manifests(root):
    """(path, time), newest first."""
    folder = manifest_folder(root)
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json")]
    return sorted(((path, os.stat(path).st_mtime) for path in paths), key=lambda item: item[1], reverse=True)


def marker(manifest):
    return manifest[: -len(".json")] + ".served"


def kept_manifests(manifests, keep, now):
    kept = [path for path, _ in manifests[: max(keep, 1)]]
    kept += [path for (path, _), (_, successor) in zip(manifests[1:], manifests) if now - successor < DAY]
    marked = [path for path, _ in manifests if os.path.exists(marker(path))]
    kept += sorted(marked, key=lambda path: os.stat(marker(path)).st_mtime, reverse=True)[:KEPT_MARKED]
    return set(kept)


def named_files(manifests):
    """All names, plain and hashed, in the manifests; None when one cannot be read."""
    names = set()
    for path in manifests:
        try:
            with open(path, encoding="utf-8") as file:
                paths = json.load(file)["paths"]
            names.update(paths)
            names.update(paths.values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            say(f"note: {path} cannot be read ({error}); no static files are pruned")
            return None
    return names


def old_files(root, names, now):
    for folder, _, files in os.walk(root):
        if folder == manifest_folder(root):
            continue
        for name in files:
            path = os.path.join(folder, name)
            left_over = name.startswith(".cdktf-") and name != ".cdktf-lock"
            hashed = HASHED_NAME.search(name) and os.path.relpath(path, root).replace(os.sep, "/") not in names
            if (left_over or hashed) and now - os.lstat(path).st_mtime > DAY:
                yield path


def remove(path, missing_ok=False):
    """1 when the file is gone by this call."""
    try:
        os.unlink(path)
    except OSError as error:
        if not (missing_ok and isinstance(error, FileNotFoundError)):
            say(f"note: {path} cannot be removed ({error.strerror})")
        return 0
    return 1


# Running it


def run():
    title = "start"
    try:
        config = read_config()
        options = {**DEFAULTS, **(config.get("release") or {})}
        load_django(config)
        for title, step in steps(config, options):
            say(f"--- {title}")
            started = time.monotonic()
            step()
            say(f"{title}: done in {time.monotonic() - started:.1f} s")
    except (Exception, SystemExit) as error:
        fail(title, error)
        return 1
    say("done")
    return 0


def fail(title, error):
    """The reason comes last, where a person who reads the deploy's output looks first."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError

    shown = error
    if isinstance(error, ImproperlyConfigured):
        shown = error.__cause__  # what went wrong inside of the project; the way from here to there tells nothing
    if shown is not None and not isinstance(error, (ReleaseError, CommandError, SystemExit)):
        traceback.print_exception(type(shown), shown, shown.__traceback__)
        sys.stderr.flush()
    text = str(error).strip()
    kind = "" if isinstance(error, (ReleaseError, CommandError)) else f"{type(error).__name__}: "
    say(f"FAILED in {title}: {kind}{text}")
    if "lock timeout" in text:
        say("A statement waited longer for a table than lockTimeout allows: somebody holds it. Try again, or raise it.")
    if title == "migrate" and not isinstance(error, RefusedError):
        say("Migrations before the one that failed stay applied.")
    say("No container of this release was started.")


def main():
    if os.environ.get("CDKTF_JOB") != "1":
        launcher = os.path.join(HERE, "launch.py")
        os.execv(sys.executable, [sys.executable, launcher, "--job", "--", sys.executable, os.path.abspath(__file__)])
    prepare_paths()
    return run()


if __name__ == "__main__":
    sys.exit(main())
