"""
What a container of backups was told (backup.json beside this file), and what all of its programs share.

    {"name": "Nightly",                    the construct's id
     "id": "shop-db-nightly",              the folder in the target; nothing outside of it is touched
     "target": "/backups",                 where sets of backups are
     "server": {"host": ..., "port": 5432, "database": "app", "passwordFile": ...},    of the superuser postgres
     "keep": {"last": 0, "daily": 7, "weekly": 4, "monthly": 6},
     "maxAgeSeconds": null,                null: until the run after it should have ended
     "media": [{"name": "shop-media", "path": "/media/shop-media"}],
     "s3": {"repository": "s3:https://HOST/BUCKET/ID", "region": ..., "accessKeyIdFile": ..., "secretAccessKeyFile": ...,
            "encryptionKeyFile": ...},     of a bucket alone; the target is a staging folder then
     "scratch": "/scratch", "query": "SELECT ...",    of a restore drill; the scratch of an archive, too
     "archive": {"slot": "cdktf_shop_db_archive", "keepSeconds": 604800, "incrementals": 6, "maxLagSeconds": 60}}    of an archive, and with the slot alone of its drill
"""

import datetime
import json
import os
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))


class BackupError(Exception):
    """What went wrong, for the person who reads the log."""


def read_settings():
    path = os.environ.get("CDKTF_BACKUP_CONFIG") or os.path.join(FOLDER, "backup.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise BackupError(f"{path} cannot be read: {error}") from None


def log(event, level="info", **details):
    print(json.dumps({"time": iso(time.time()), "level": level, "event": event, **details}), flush=True)


def iso(timestamp):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))


def from_iso(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def say(text):
    print(text, file=sys.stderr, flush=True)


def write_whole(path, text):
    """The file has its old content or the new one, whenever the machine stops."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    sync_folder(os.path.dirname(path))


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
