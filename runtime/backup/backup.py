"""
The programs of a container that makes backups of a database, keeps an archive of it for point-in-time recovery, or rehearses their restore.

    python3 backup.py serve             begins, and becomes the scheduler (schedule.py beside this file), or receives WAL beside it (receiver.py); it runs:
    python3 backup.py run               one backup, or base backup
    python3 backup.py drill             one drill
    python3 -IS backup.py health [drill|archive]   exit 0, or 1 with one line that says why
    python3 backup.py status            how all is, as JSON
    python3 backup.py list              the backups, newest first, as JSON
    python3 backup.py verify [NAME]     reads one in full
    python3 backup.py cat NAME FILE     one of its files, on standard output
    python3 backup.py prepare [--backup NAME | --at MOMENT] [--into DATABASE]   the two steps of a restore (restore.py, recovery.py)
    python3 backup.py swap DATABASE
"""

import json
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# The health check runs every few seconds for ever: what it does not need is imported where it is needed.
import schedule  # noqa: E402
from settings import FOLDER, BackupError, from_iso, iso, log, read_settings, say  # noqa: E402


def serve(settings):
    from sets import open_store

    if "query" not in settings:
        store = open_store(settings)
        try:
            store.make()
            status = store.read_status()
            if "since" not in status and "last" not in status:
                store.write_status({"since": iso(time.time())})
        except (BackupError, OSError) as error:
            # Not the end: the health check says so, and the target may be mended under us.
            log("trouble", level="error", error=str(error))
    if settings.get("archive") and "query" not in settings:
        import receiver

        return receiver.serve(settings)
    return os.execv(sys.executable, [sys.executable, os.path.join(FOLDER, "schedule.py")])


def end(_number, _frame):
    raise BackupError("it was ended from outside: by its timeout, or since the container stops")


def run(settings):
    import signal

    if settings.get("archive"):
        from bases import run as make_backup
    else:
        from dump import run as make_backup

    signal.signal(signal.SIGTERM, end)
    return make_backup(settings)


def drill(settings):
    import signal

    import drill as rehearsal

    signal.signal(signal.SIGTERM, end)
    return rehearsal.run(settings)


def scheduled():
    well, line = schedule.health(schedule.State(), schedule.read_settings(), time.time())
    if not well:
        raise BackupError(line)
    return line


def health(settings, kind=None):
    path = os.environ.get("BACKUP_REPORT")
    if not path:
        return look(settings, kind)
    import report

    well = False
    try:
        look(settings, kind)
        well = True
    finally:
        report.write(path, settings, kind, well, latest)
    return 0


def look(settings, kind=None):
    from sets import open_store

    coming = scheduled()
    if kind == "drill":
        try:
            with open(os.path.join(settings["scratch"], "report.json"), encoding="utf-8") as file:
                report = json.load(file)
        except (OSError, ValueError):
            report = None
        if report and not report["ok"]:
            raise BackupError(f"the last drill failed at {report['ended']}: {report['reason']}")
        print(coming)
        return 0
    store = open_store(settings)
    if settings.get("archive"):
        import receiver

        receiver.check(settings, store)
    if not os.access(store.folder, os.W_OK | os.X_OK):
        raise BackupError(f"the target of the backups cannot be written: {store.folder}")
    status = store.read_status()
    last = status.get("last")
    if last and not last["ok"]:
        raise BackupError(f"the last backup failed at {last['ended']}: {last['reason']}")
    newest = store.newest_started()
    since = newest if newest is not None else from_iso((status.get("since") or (last or {}).get("ended")) or iso(time.time()))
    limit = latest(settings, since)
    if time.time() > limit:
        what = f"the newest good backup is of {iso(since)}" if newest else f"there is no good backup since {iso(since)}"
        raise BackupError(f"{what}, and there should be another one since {iso(limit)}")
    print(f"newest backup of {iso(since)}; {coming}" if newest else f"no backup yet; {coming}")
    return 0


def latest(settings, since):
    """When the newest backup, begun at `since`, is too old: by the given age, or when the run after it should have ended."""
    if settings["maxAgeSeconds"] is not None:
        return since + settings["maxAgeSeconds"]
    own = schedule.read_settings()
    return schedule.make_calendar(own["schedule"])(since) + own["timeoutSeconds"] + schedule.OVERDUE


def aged(one):
    return {**one, "ageSeconds": round(time.time() - from_iso(one["time"]))}


def status(settings):
    import contextlib
    import io

    from sets import open_store

    try:
        with contextlib.redirect_stdout(io.StringIO()) as line:
            look(settings, "drill" if "query" in settings else None)
        well, summary = True, line.getvalue().strip()
    except BackupError as error:
        well, summary = False, str(error)
    store = open_store(settings)
    told = {"name": settings["name"], "healthy": well, "summary": summary}
    if settings.get("archive"):
        print(json.dumps({**told, **store.listing(), "last": store.read_status().get("last")}, indent=2))
        return 0
    try:
        known = [aged(one) for one in store.listing()]
    except BackupError as error:
        # A bucket that cannot be reached.
        known, summary = None, f"{summary}; {error}"
    newest = next((one for one in known or [] if one["good"]), None)
    told.update({"summary": summary, "newest": newest, "backups": None if known is None else len(known)})
    print(json.dumps({**told, "last": store.read_status().get("last")}, indent=2))
    return 0


def verify(settings, name=None):
    from sets import open_store

    with open_store(settings).opened(name) as one:
        print(f"backup {one.name}: all checksums are right")
    return 0


def cat(settings, name, file):
    from sets import open_store

    with open_store(settings).opened(name) as one:
        known = [each["name"] for each in one.manifest["files"]]
        if file not in known:
            raise BackupError(f"backup {name} has no file {file!r}; it has {', '.join(known)}")
        with open(one.path(file), "rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)
    return 0


def prepare(settings, *arguments):
    import argparse

    import restore

    parser = argparse.ArgumentParser(prog="prepare")
    parser.add_argument("--backup")
    parser.add_argument("--at")
    parser.add_argument("--into")
    given = parser.parse_args(arguments)
    if settings.get("archive"):
        import recovery

        done = recovery.prepare(settings, given.at or recovery.LATEST, given.into)
    else:
        done = restore.prepare(settings, given.backup, given.into)
    print(json.dumps(done))
    return 0


def swap(settings, database):
    import contextlib

    import restore

    with contextlib.redirect_stdout(sys.stderr):
        swapped = restore.swap(settings, database)
    print(json.dumps(swapped))
    return 0


def list_(settings):
    from sets import open_store

    listed = open_store(settings).listing()
    print(json.dumps(listed if settings.get("archive") else [aged(one) for one in listed], indent=2))
    return 0


COMMANDS = {
    "serve": serve, "run": run, "drill": drill, "health": health, "status": status, "list": list_, "verify": verify, "cat": cat,
    "prepare": prepare, "swap": swap,
}  # fmt: skip


def main(arguments):
    os.umask(0o077)
    if not arguments or arguments[0] not in COMMANDS:
        say(f"usage: backup.py {'|'.join(COMMANDS)}; see the head of the file")
        return 2
    try:
        return COMMANDS[arguments[0]](read_settings(), *arguments[1:])
    except BackupError as error:
        if arguments[0] == "health":
            print(f"unhealthy: {error}")
        else:
            say(f"backup: {error}")
        return 1
    except TypeError as error:
        # As many arguments as the command takes.
        if "positional argument" not in str(error):
            raise
        say(f"backup: {error}")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
