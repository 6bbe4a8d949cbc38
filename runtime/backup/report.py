"""What the health check finds, as figures for Prometheus: a file that a collector of such files reads (node_exporter's textfile collector)."""

import json
import os
import time

from settings import BackupError, from_iso


def write(path, settings, kind, well, latest):
    """`latest(settings, since)` is the time at which the newest good backup, begun at `since`, is too old."""
    figures = {"report_timestamp_seconds": (time.time(), "When this was written.")}
    figures["healthy"] = (int(well), "Whether the health check finds all well.")
    try:
        figures.update(drilled(settings) if kind == "drill" else backed_up(settings, latest))
    except (BackupError, OSError, ValueError, KeyError):
        pass  # unhealthy, and the health check says why
    labels = f'{{backup="{os.environ["BACKUP_REPORT_NAME"]}",kind="{kind or "backup"}"}}'
    lines = []
    for name, (value, meaning) in figures.items():
        name = f"cdktf_django_backup_{name}"
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name}{labels} {value:.0f}"]
    try:
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(path + ".new", 0o644)
        os.replace(path + ".new", path)
    except OSError:
        pass  # who reads the report sees that it is old


def backed_up(settings, latest):
    from sets import open_store

    store = open_store(settings)
    status = store.read_status()
    last, newest = status.get("last"), store.newest_started()
    if last:
        yield "last_run_ok", (int(last["ok"]), "Whether the last run ended well.")
    if newest is not None:
        yield "newest_timestamp_seconds", (newest, "When the newest good backup was begun.")
    since = newest if newest is not None else from_iso(status.get("since") or last["ended"])
    yield "due_timestamp_seconds", (latest(settings, since), "When the newest good backup is too old.")


def drilled(settings):
    with open(os.path.join(settings["scratch"], "report.json"), encoding="utf-8") as file:
        report = json.load(file)
    yield "last_run_ok", (int(report["ok"]), "Whether the last run ended well.")
    yield "newest_timestamp_seconds", (from_iso(report["ended"]), "When the last drill ended.")
