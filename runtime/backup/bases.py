"""
Base backups, and the moments that they and the WAL after them can be brought back to.

A base backup is a set (sets.py) with the server's files in data/. An incremental one (Postgres 17 and newer) has what changed since its parent, and is good for nothing
without it.
"""

import json
import math
import os
import shutil
import subprocess
import time

from postgres import server_of
from runs import run_once, seal
from sets import FORMAT, BackupSet, Store
from settings import BackupError, from_iso, iso, log
from wal import Stretch, stretches

FIRST_INCREMENTAL = 17
PATIENCE_FOR_WAL = 120

ABOUT = """
SELECT json_build_object('version', current_setting('server_version'), 'major', current_setting('server_version_num')::int / 10000,
  'preload', current_setting('shared_preload_libraries'), 'system', system_identifier::text) FROM pg_control_system()
"""
NOW = "SELECT to_json(extract(epoch FROM clock_timestamp())::float8)"


class BaseSet(BackupSet):
    def __init__(self, folder, manifest):
        super().__init__(folder, manifest)
        self.bytes = manifest["bytes"]
        self.ended = from_iso(manifest["ended"])
        self.parent = manifest["parent"]
        self.stretch = manifest["stretch"]
        self.data = os.path.join(folder, "data")

    def path(self, name):
        return os.path.join(self.data, name)


class ArchiveStore(Store):
    set_class = BaseSet

    def stretches(self):
        return stretches(self.folder)

    def current(self):
        known = self.stretches()
        return known[-1] if known else None

    def stretch_of(self, base):
        return Stretch(os.path.join(self.folder, base.stretch))

    def chain(self, base):
        """A full base backup and the incremental ones up to this one. None if one of them is not there."""
        return chain_in({one.name: one for one in super().good()}, base)

    def good(self):
        there = {one.name for one in self.stretches()}
        known = {one.name: one for one in super().good()}
        return [one for one in known.values() if one.stretch in there and chain_in(known, one)]

    def good_in(self, stretch):
        return [one for one in self.good() if one.stretch == stretch.name]

    def problem_of(self, base):
        """What is wrong with it or with one that it needs, all bytes read; None if nothing is."""
        chain = self.chain(base)
        if chain is None:
            return "one that it needs is not there"
        for one in chain:
            problem = one.problem() or unverified(one, self.stretch_of(one))
            if problem:
                return problem if one.name == base.name else f"{one.name}, which it needs: {problem}"
        return None

    def ranges(self):
        """The moments that can be recovered, oldest first: [from, until, name of the stretch], in seconds. The end of the last one moves on."""
        found = []
        for stretch in self.stretches():
            good = self.good_in(stretch)
            if good:
                found.append((good[0].ended, max(stretch.until() or 0, good[-1].ended), stretch.name))
        return found

    def listing(self):
        good = {one.name for one in self.good()}
        return {
            "ranges": [{"from": iso(since), "until": iso(until)} for since, until, _stretch in self.ranges()],
            "bases": [
                {"name": one.name, "time": one.manifest["started"], "ended": one.manifest["ended"], "bytes": one.bytes, "parent": one.parent,
                 "server": one.manifest["server"], "good": one.name in good}
                for one in reversed(self.sets())
            ],
        }  # fmt: skip

    def newest_started(self):
        current = self.current()
        good = self.good_in(current) if current else []
        return good[-1].started if good else None

    def base_for(self, moment):
        """The newest good base backup from which a moment can be reached; None: the end of the archive."""
        ranges = self.ranges()
        if not ranges:
            raise BackupError(f"there is no good base backup yet in {self.folder}")
        known = "; ".join(f"from {iso(since)} to {iso(until)}" for since, until, _stretch in ranges)
        for since, until, name in reversed(ranges):
            # What the stretch that goes on has beyond what is known is found out by trying.
            if moment is None or since <= moment and (moment <= until or name == self.current().name):
                return [one for one in self.good() if one.stretch == name and (moment is None or one.ended <= moment)][-1]
        raise BackupError(f"{iso(moment)} cannot be recovered, only moments {known}")

    def prune_archive(self, keep_seconds, now):
        """Removes what no moment of the last `keep_seconds` needs. Gives the names of what it removed."""
        with self.unread() as alone:
            if alone:
                return self.prune_unread(now - keep_seconds)
        log("pruning was left to the next run: a recovery or a drill reads the archive", level="warning")
        return []

    def prune_unread(self, limit):
        removed = []
        while True:
            good = self.good()
            # From it the oldest moment that has to be kept can be reached.
            first = ([one for one in good if one.ended <= limit] or good[:1])[-1]
            needed = {one.name for kept in good if kept.ended >= first.ended for one in self.chain(kept)}
            doomed = [one for one in good if one.name not in needed]
            if not doomed:
                break
            problem = self.problem_of(first)
            if problem:
                log("bad backup", level="error", backup=first.name, error=problem)
                self.set_aside(first)
                continue
            # Children first: what is left is whole at any time.
            for one in reversed(doomed):
                self.remove(one)
                removed.append(one.name)
        return removed + self.prune_wal()

    def prune_wal(self):
        removed = []
        good = self.good()
        for stretch in self.stretches():
            bases = [one for one in good if one.stretch == stretch.name]
            if bases:
                first = min(one.manifest["firstSegment"] for one in bases)
                ran = subprocess.run(["pg_archivecleanup", stretch.segments, first], capture_output=True, text=True)
                if ran.returncode != 0:
                    raise BackupError(f"pg_archivecleanup failed: {ran.stderr.strip()}")
            elif good and stretch.name != self.current().name and not any(one.stretch == stretch.name for one in self.sets()):
                shutil.rmtree(stretch.folder)
                removed.append(stretch.name)
        return removed


def chain_in(known, base):
    found = []
    name = base.name
    while name is not None:
        if name not in known:
            return None
        found.insert(0, known[name])
        name = known[name].parent
    return found


def unverified(base, stretch):
    """What pg_verifybackup says against the files of a base backup and the WAL that belongs to it, all of it read."""
    ran = subprocess.run(["pg_verifybackup", "--quiet", f"--wal-directory={stretch.segments}", base.data], capture_output=True, text=True)
    return None if ran.returncode == 0 else f"pg_verifybackup: {' | '.join((ran.stderr or ran.stdout).strip().splitlines()[-3:])}"


def run(settings):
    store = ArchiveStore(settings)
    return run_once(
        store,
        write=lambda name, folder: write_base(settings, store, name, folder),
        prune=lambda one: store.prune_archive(settings["archive"]["keepSeconds"], time.time()),
    )


def write_base(settings, store, name, folder):
    stretch = store.current()
    if stretch is None:
        raise BackupError("no WAL was received yet; without it a base backup is good for nothing")
    server = server_of(settings)
    server.wait()
    about = server.ask(ABOUT)
    if about["system"] != stretch.system:
        raise BackupError("the server is another one than the one whose WAL was received; the receiver begins anew with it in a moment")
    started = time.time()
    data = os.path.join(folder, "data")
    parent = copy(server, data, parent_for(settings, store, stretch, about["major"]))
    ended = math.ceil(server.ask(NOW))
    with open(os.path.join(data, "backup_manifest"), encoding="utf-8") as file:
        [part] = json.load(file)["WAL-Ranges"]
    wait_for(stretch, stretch.segment_before(part["End-LSN"], part["Timeline"]))
    manifest = {
        "format": FORMAT,
        "backup": settings["id"],
        "name": name,
        "started": iso(started),
        "ended": iso(ended),
        "server": about["version"],
        "major": about["major"],
        "preload": about["preload"],
        "stretch": stretch.name,
        "parent": parent and parent.name,
        "firstSegment": stretch.segment_at(part["Start-LSN"], part["Timeline"]),
        "bytes": bytes_below(data),
        "files": [seal(os.path.join(data, "backup_manifest"))],
    }
    problem = unverified(BaseSet(folder, manifest), stretch)
    if problem:
        raise BackupError(f"the base backup was written, and reading it back failed: {problem}")
    return manifest


def copy(server, data, parent):
    """Gives the parent, or None where it became a full one."""
    options = ["--pgdata", data, "--format=plain", "--wal-method=none", "--checkpoint=fast", "--no-password"]
    if parent:
        try:
            server.run("pg_basebackup", *options, f"--incremental={parent.path('backup_manifest')}")
            return parent
        except BackupError as error:
            log("no incremental base backup could be made, a full one is", level="warning", error=str(error))
            shutil.rmtree(data, ignore_errors=True)
    server.run("pg_basebackup", *options)
    return None


def parent_for(settings, store, stretch, major):
    """The newest good one, unless so many incremental ones follow each other already."""
    good = store.good_in(stretch)
    if major < FIRST_INCREMENTAL or not good or len(store.chain(good[-1])) > settings["archive"]["incrementals"]:
        return None
    return good[-1]


def wait_for(stretch, segment):
    deadline = time.monotonic() + PATIENCE_FOR_WAL
    while not stretch.has(segment):
        if time.monotonic() > deadline:
            raise BackupError(f"the WAL of the base backup was not received within {PATIENCE_FOR_WAL} s: {segment} is missing")
        time.sleep(0.2)


def bytes_below(folder):
    return sum(os.lstat(os.path.join(path, name)).st_size for path, _folders, names in os.walk(folder) for name in names)
