"""Makes one backup: dumps, reads back, and only then gives it its name and removes what need not stay."""

import errno
import json
import os
import shutil
import subprocess
import tarfile
import threading
import time

from postgres import DATABASE, ROLES, Server
from sets import FORMAT, checksum, open_store
from settings import BackupError, iso, log

# A target may be on the disk of the server, which stops when it is full: this much of it stays free, and at most this.
RESERVED_PART = 20
RESERVED_BYTES = 1 << 30
FULL = threading.Event()


def server_of(settings):
    own = settings["server"]
    return Server(own["host"], own["port"], own["database"], own["passwordFile"])


def run(settings):
    store = open_store(settings)
    store.make()
    started = time.time()
    newest = store.read_status().get("newest")
    with store.running():
        try:
            one = make(settings, store)
            store.publish(one)
            newest = one.manifest["started"]
            removed = store.prune(settings["keep"], one.name, log)
            seconds = round(time.time() - started, 3)
            log("backup", backup=one.name, bytes=one.bytes, durationSeconds=seconds, removed=removed)
            last = {"started": iso(started), "ended": iso(time.time()), "durationSeconds": seconds, "ok": True, "backup": one.name}
        except (BackupError, OSError, subprocess.SubprocessError, tarfile.TarError) as error:
            reason = str(error) or type(error).__name__
            log("backup failed", level="error", error=reason)
            last = {"started": iso(started), "ended": iso(time.time()), "ok": False, "reason": reason}
        try:
            store.write_status({"last": last, "newest": newest})
        except OSError as error:
            log("trouble", level="error", error=f"the status cannot be written: {error.strerror}")
    return 0 if last["ok"] else 1


def make(settings, store):
    left = store.remove_unfinished()
    if left:
        log("removed what a run left that was interrupted", folders=left)
    name, folder = store.begin()
    try:
        with reserve_kept(store.target):
            manifest = write_files(settings, name, folder)
        return store.complete(name, folder, manifest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def write_files(settings, name, folder):
    server = server_of(settings)
    server.wait()
    started = time.time()
    database = server.ask(DATABASE)
    roles = server.ask(ROLES)
    path = lambda file: os.path.join(folder, file)  # noqa: E731
    with open(path("globals.json"), "w", encoding="utf-8") as file:
        json.dump({"database": database, "roles": roles}, file, indent=1)
    server.run("pg_dumpall", "--roles-only", "--no-role-passwords", "--no-password", "--file", path("roles.sql"))
    server.run("pg_dump", "--format=custom", "--no-password", "--file", path("database.dump"), "--dbname", server.database)
    names = ["database.dump", "globals.json", "roles.sql"]
    for media in settings["media"]:
        names.append(f"media-{media['name']}.tar")
        archive(media["path"], path(names[-1]))
    files = [seal(path(one)) for one in names]
    read_back(path("database.dump"))
    return {
        "format": FORMAT,
        "backup": settings["id"],
        "name": name,
        "started": iso(started),
        "ended": iso(time.time()),
        "system": database["system"],
        "server": database["version"],
        "preload": database["preload"],
        "database": database["name"],
        "databaseBytes": database["bytes"],
        "media": [one["name"] for one in settings["media"]],
        "files": files,
    }


def seal(path):
    """Brings a file to the disk, and tells what is there."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return {"name": os.path.basename(path), "bytes": os.stat(path).st_size, "sha256": checksum(path)}


def read_back(dump):
    """All data of a dump, decompressed, not only its table of contents."""
    Server("/nowhere").run("pg_restore", "--file=/dev/null", dump, what="the dump was written, and reading it back")


def archive(source, target):
    """All files of a volume. One that is removed meanwhile is left out; one that cannot be read fails the backup."""
    unreadable = []
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(path, name):
            try:
                member = tar.gettarinfo(path, name)
                if member is None:
                    return
                if not member.isreg():
                    tar.addfile(member)
                    return
                with open(path, "rb") as file:
                    member.size = os.fstat(file.fileno()).st_size
                    tar.addfile(member, PaddedFile(file))
            except FileNotFoundError:
                pass
            except PermissionError:
                unreadable.append(name)

        for folder, folders, files in os.walk(source, onerror=lambda error: unreadable.append(os.path.relpath(error.filename, source))):
            folders.sort()
            for name in sorted([*folders, *files]):
                path = os.path.join(folder, name)
                add(path, os.path.relpath(path, source))
    if unreadable:
        shown = ", ".join(sorted(unreadable)[:5])
        raise BackupError(
            f"{len(unreadable)} files or folders of the volume at {source} cannot be read by user {os.getuid()}: {shown}. "
            "Let everybody read them (in Django: FILE_UPLOAD_PERMISSIONS = 0o644, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755)"
        )


class PaddedFile:
    """A file that may be shortened while it is read: what is missing is zeros, so that the archive stays whole."""

    def __init__(self, file):
        self.file = file

    def read(self, size):
        if FULL.is_set():
            raise OSError(errno.ENOSPC, "the disk of the target is full")
        data = self.file.read(size)
        return data + b"\0" * (size - len(data))


class reserve_kept:
    """Ends this run before it fills the disk."""

    def __init__(self, target):
        self.target = target
        self.done = threading.Event()
        self.reason = None

    def __enter__(self):
        free, reserve = self.look()
        if free <= reserve:
            raise BackupError(self.describe(free, reserve))
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def look(self):
        disk = os.statvfs(self.target)
        return disk.f_bavail * disk.f_frsize, min(disk.f_blocks * disk.f_frsize // RESERVED_PART, RESERVED_BYTES)

    def describe(self, free, reserve):
        return f"the disk of the target is full: {free >> 20} MiB are free, and {reserve >> 20} MiB of it have to stay free"

    def watch(self):
        while not self.done.wait(0.2):
            free, reserve = self.look()
            if free <= reserve:
                self.reason = self.describe(free, reserve)
                FULL.set()
                end_children()
                return

    def __exit__(self, kind, error, _trace):
        self.done.set()
        self.thread.join()
        if self.reason and kind is not None:
            raise BackupError(self.reason) from error


def end_children():
    import signal

    own = str(os.getpid())
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                parent = file.read().rpartition(")")[2].split()[1]
            if parent == own:
                os.kill(int(pid), signal.SIGTERM)
        except (OSError, IndexError):
            continue
