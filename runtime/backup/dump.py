"""Makes one backup: the dump of the database, the roles, the files of volumes."""

import json
import os
import tarfile
import time

from postgres import DATABASE, ROLES, Server, server_of
from runs import run_once, seal
from sets import FORMAT, open_store
from settings import BackupError, iso, log
from space import end_if_full


def run(settings):
    store = open_store(settings)
    return run_once(
        store,
        write=lambda name, folder: write_files(settings, name, folder),
        prune=lambda one: store.prune(settings["keep"], one.name, log),
    )


def write_database(server, folder):
    """Gives what is known of the database, and the names of the files."""
    database = server.ask(DATABASE)
    roles = server.ask(ROLES)
    path = lambda file: os.path.join(folder, file)  # noqa: E731
    with open(path("globals.json"), "w", encoding="utf-8") as file:
        json.dump({"database": database, "roles": roles}, file, indent=1)
    server.run("pg_dumpall", "--roles-only", "--no-role-passwords", "--no-password", "--file", path("roles.sql"))
    server.run("pg_dump", "--format=custom", "--no-password", "--file", path("database.dump"), "--dbname", server.database)
    return database, ["database.dump", "globals.json", "roles.sql"]


def write_files(settings, name, folder):
    server = server_of(settings)
    server.wait()
    started = time.time()
    path = lambda file: os.path.join(folder, file)  # noqa: E731
    database, names = write_database(server, folder)
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
        end_if_full()
        data = self.file.read(size)
        return data + b"\0" * (size - len(data))
