"""Restores the newest backup into a throwaway server that nobody reaches, asks it the check query, and removes it."""

import contextlib
import json
import os
import shutil
import subprocess
import time
import uuid

from private_server import PrivateServer, make_directory
from restore import conninfo, load
from sets import open_store
from settings import BackupError, iso, log, write_whole

DATABASE = "drill"
TABLES = """
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
LEFT = "drill-"


def run(settings):
    scratch = settings["scratch"]
    started = time.time()
    report = {"started": iso(started)}
    try:
        for left in os.listdir(scratch):
            # The latter is what a drill fetched from a bucket.
            if left.startswith(LEFT) or left == settings["id"]:
                shutil.rmtree(os.path.join(scratch, left))
        (rehearse_recovery if settings.get("archive") else rehearse_restore)(settings, report)
        report["ok"] = True
    except (BackupError, OSError, subprocess.SubprocessError) as error:
        report.update({"ok": False, "reason": str(error) or type(error).__name__})
    report.update({"ended": iso(time.time()), "durationSeconds": round(time.time() - started, 3)})
    log("drill" if report["ok"] else "drill failed", level="info" if report["ok"] else "error", **report)
    try:
        write_whole(os.path.join(scratch, "report.json"), json.dumps(report, indent=2) + "\n")
    except OSError as error:
        log("trouble", level="error", error=f"the report cannot be written: {error.strerror}")
    return 0 if report["ok"] else 1


def rehearse_restore(settings, report):
    started, begun = time.time(), time.monotonic()
    store = open_store(settings)
    # Not the newest good one: that an older one is good says nothing about the newest.
    with store.opened(store.newest_name()) as one:
        report.update({"backup": one.name, "bytes": one.bytes, "backupAgeSeconds": round(started - one.started)})
        report["readSeconds"] = round(time.monotonic() - begun, 3)
        with throwaway(settings["scratch"], one.manifest["preload"]) as server:
            begun = time.monotonic()
            load(server, DATABASE, one)
            report["restoreSeconds"] = round(time.monotonic() - begun, 3)
            server.database = DATABASE
            question(server, settings["query"], report)


def rehearse_recovery(settings, report):
    """To the end of the archive: from the newest base backup, through all WAL after it."""
    from recovery import recovered

    begun = time.monotonic()
    with recovered(settings, None) as (server, told):
        report.update({"backup": told["base"], "lastCommit": told["lastCommit"], "recoverySeconds": round(time.monotonic() - begun, 3)})
        question(server, settings["query"], report)


def question(server, query, report):
    begun = time.monotonic()
    report["tables"] = server.ask(TABLES)
    check(server, query)
    report["querySeconds"] = round(time.monotonic() - begun, 3)


def check(server, query):
    answer = server.run(
        "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--dbname", conninfo(server.database), f"--command={query}",
        what="the check query",
    )  # fmt: skip
    if answer != "t\n":
        lines = answer.splitlines()
        shown = "no row" if not lines else repr(lines[0][:100]) + (f" and {len(lines) - 1} more rows" if len(lines) > 1 else "")
        raise BackupError(f"the check query must give one row with true, and gave {shown}")


@contextlib.contextmanager
def throwaway(scratch, preload):
    folder = os.path.join(scratch, f"{LEFT}{uuid.uuid4()}")
    os.mkdir(folder, 0o700)
    server = PrivateServer(folder, {"wal_level": "minimal", "shared_preload_libraries": preload})
    try:
        make_directory(folder)
        yield server.start()
    finally:
        server.stop()
