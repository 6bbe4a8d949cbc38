"""
Point-in-time recovery: a server of this container's own that has everything as it was at a moment, and the way from there into the live server.

The live server stays as it is meanwhile: the recovered database is dumped and restored beside the live one, and then the two change names (restore.py).
"""

import contextlib
import datetime
import json
import os
import re
import shutil
import subprocess
import time
import uuid

from bases import ArchiveStore
from dump import write_database
from postgres import server_of
from private_server import PrivateServer
from restore import bring_back, checked_name
from settings import FOLDER, BackupError, iso, say

LEFT = "recovery-"
LATEST = "latest"
PATIENCE_FOR_RECEIVER = 30
NOT_REACHED = "recovery ended before configured recovery target was reached"


def moment_of(text):
    """Seconds since 1970; None for the end of the archive."""
    if text == LATEST:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BackupError(f"a moment is {LATEST!r}, or a date and a time with its zone, such as 2026-11-24T03:00:00Z or 2026-11-24T04:00:00+01:00, got {text!r}")
    if moment.timestamp() > time.time():
        raise BackupError(f"{text} is yet to come; now it is {iso(time.time())}")
    return moment.timestamp()


def prepare(settings, text, into=None):
    """Restores the database as it was at a moment beside the live one. Gives what was done."""
    moment = moment_of(text)
    checked_name(into)
    store = ArchiveStore(settings)
    live = server_of(settings)
    with store.running():
        live.wait()
        receive_all(live, settings["archive"]["slot"])
        with recovered(settings, moment) as (server, told):
            dumped = Dumped(os.path.join(settings["scratch"], f"{LEFT}dump-{uuid.uuid4()}"), server)
            return {**bring_back(live, dumped, into), "backup": told["base"], **told}


class Dumped:
    """What restore.py takes, made from a recovered server."""

    def __init__(self, folder, server):
        os.mkdir(folder, 0o700)
        self.folder = folder
        say(f"dumping database {server.database} of the recovered server")
        database, _names = write_database(server, folder)
        self.manifest = {"databaseBytes": database["bytes"]}

    def path(self, name):
        return os.path.join(self.folder, name)


def receive_all(live, slot):
    """
    A recovery ends at the first commit after its moment, so there has to be one; and the archive has to have it.
    """
    [position] = json.loads(live.sql("SELECT pg_current_xact_id();\nSELECT json_build_array(pg_current_wal_lsn());", "postgres").splitlines()[-1])
    received = f"SELECT coalesce((SELECT to_json(restart_lsn >= '{position}'::pg_lsn) FROM pg_replication_slots WHERE slot_name = '{slot}'), 'false')"
    deadline = time.monotonic() + PATIENCE_FOR_RECEIVER
    while not live.ask(received, "postgres"):
        if time.monotonic() > deadline:
            say(f"the receiver is behind: the archive has not all that the server wrote up to now ({position})")
            return
        time.sleep(0.5)


@contextlib.contextmanager
def recovered(settings, moment):
    """A private server as of a moment, or of the end of the archive, and what is known of it."""
    store = ArchiveStore(settings)
    scratch = settings["scratch"]
    remove_left(scratch)
    with store.reading():
        base = store.base_for(moment)
        refuse_other_version(base)
        problem = store.problem_of(base)
        if problem:
            raise BackupError(f"base backup {base.name} is damaged, so nothing was touched: {problem}")
        say(f"base backup {base.name}: all checksums are right")
        chain = store.chain(base)
        refuse_small(scratch, sum(one.bytes for one in chain))
        stretch = store.stretch_of(base)
        if stretch.name != store.current().name and moment == stretch.until():
            # The end of one that is over: all that it has.
            moment = None
        folder = os.path.join(scratch, f"{LEFT}{uuid.uuid4()}")
        os.mkdir(folder, 0o700)
        server = PrivateServer(folder, options_for(base, stretch, folder))
        try:
            combine(chain, server.data)
            make_ready(server.data, folder)
            told = {"base": base.name, **recover(server, moment)}
            server.client.database = settings["server"]["database"]
            yield server.client, told
        finally:
            server.stop()
            remove_left(scratch)


def remove_left(scratch):
    for left in os.listdir(scratch):
        if left.startswith(LEFT):
            shutil.rmtree(os.path.join(scratch, left))


def refuse_other_version(base):
    said = subprocess.run(["postgres", "--version"], capture_output=True, text=True, check=True).stdout
    major = int(re.search(r"\) (\d+)", said).group(1))
    if base.manifest["major"] != major:
        raise BackupError(
            f"base backup {base.name} is of Postgres {base.manifest['server']}, and this container has the programs of Postgres {major}. "
            f"Deploy a stack with version {base.manifest['major']} beside this one, with its archive at the same target, and restore there"
        )


def refuse_small(scratch, wanted):
    disk = os.statvfs(scratch)
    free = disk.f_bavail * disk.f_frsize
    # The dump of one database comes beside it.
    if free < wanted * 3 // 2:
        raise BackupError(f"the recovery needs about {wanted * 3 // 2 >> 20} MiB of disk in the volume of this container, and {free >> 20} MiB are free")


def options_for(base, stretch, folder):
    told = subprocess.run(["pg_controldata", base.data], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    prepared = re.search(r"max_prepared_xacts setting: +(\d+)", told)
    return {
        "hba_file": os.path.join(folder, "pg_hba.conf"),
        "shared_preload_libraries": base.manifest["preload"],
        "max_prepared_transactions": prepared.group(1) if prepared else "0",
        # Its limits are those of a small server, and a standby that is asked would insist on those of the big one.
        "hot_standby": "off",
        "restore_command": f"sh {FOLDER}/fetch-wal.sh {stretch.segments} %f %p {stretch.segment_bytes}",
        "recovery_target_action": "promote",
        "log_timezone": "UTC",
        "lc_messages": "C",
    }


def combine(chain, target):
    if len(chain) == 1:
        command = ["cp", "--archive", "--reflink=auto", chain[0].data, target]
    else:
        command = ["pg_combinebackup", "--no-sync", "--output", target, *(one.data for one in chain)]
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode != 0:
        raise BackupError(f"{command[0]} failed: {' | '.join(ran.stderr.strip().splitlines()[-3:])}")


def make_ready(data, folder):
    with open(os.path.join(folder, "pg_hba.conf"), "w", encoding="utf-8") as file:
        file.write("local all all trust\n")
    # What ALTER SYSTEM set is for the big server.
    with open(os.path.join(data, "postgresql.auto.conf"), "w", encoding="utf-8"):
        pass
    with open(os.path.join(data, "recovery.signal"), "w", encoding="utf-8"):
        pass


def recover(server, moment):
    """Gives whether the archive reached the moment, and the time of the last commit that was recovered."""
    if moment is not None:
        server.options["recovery_target_time"] = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat(" ")
    reached = True
    progress = Progress()
    try:
        server.start(None, progress)
    except BackupError:
        if NOT_REACHED not in server.said():
            raise
        # Nothing was committed after the moment, or the archive does not go so far.
        reached = False
        del server.options["recovery_target_time"]
        server.start(None, progress)
    commits = re.findall(r"last completed transaction was at log time (\S+ \S+)", server.said())
    return {"reached": reached, "lastCommit": commits[-1].replace(" ", "T") if commits else None}


class Progress:
    def __init__(self):
        self.begun = self.said = time.monotonic()

    def __call__(self):
        if time.monotonic() - self.said > 30:
            self.said = time.monotonic()
            say(f"the WAL is replayed, since {round(self.said - self.begun)} s")
