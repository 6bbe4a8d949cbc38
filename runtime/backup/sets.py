"""
The sets of backups in a target, and which of them stay.

    TARGET/ID/20261124T030000Z/        a set, complete: it got its name by a rename, when it had been read back
        manifest.json                  what is in it, with sizes and SHA-256, and when its snapshot was taken
        database.dump                  pg_dump --format=custom: tables, large objects, all schemas
        globals.json                   roles, and what belongs to the database as a whole
        roles.sql                      the roles once more, as pg_dumpall writes them, for people without these programs
        media-NAME.tar                 a volume of files
    TARGET/ID/20261124T030000Z.bad/    one whose checksums were found wrong; for a person to look at
    TARGET/ID/.unfinished-*            a run that did not come to its end; the next run removes it
    TARGET/ID/status.json              how the last run ended
    TARGET/ID/lock                     one run at a time; TARGET/ID/readers: sets are not removed under who reads them
"""

import contextlib
import datetime
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time

from settings import BackupError, from_iso, sync_folder, write_whole

FORMAT = 1
NAME = re.compile(r"\d{8}T\d{6}Z")
UNFINISHED = ".unfinished-"
CHUNK = 1 << 20
WAIT_FOR_READERS = 5
# Seconds that the backups of another server stay, whatever the rules say: on a new host a run may come before the restore.
OTHERS_STAY = 30 * 86400


class BackupSet:
    """One that has a manifest of ours; whether its files are what the manifest says is another question."""

    def __init__(self, folder, manifest):
        self.folder = folder
        self.name = os.path.basename(folder)
        self.manifest = manifest
        self.started = from_iso(manifest["started"])
        self.system = manifest.get("system")
        self.bytes = sum(one["bytes"] for one in manifest["files"])

    def path(self, name):
        return os.path.join(self.folder, name)

    def problem_of_sizes(self):
        """What is wrong as far as the sizes of files tell; None if nothing is."""
        for one in self.manifest["files"]:
            try:
                size = os.stat(self.path(one["name"])).st_size
            except OSError as error:
                return f"{one['name']} cannot be read: {error.strerror}"
            if size != one["bytes"]:
                return f"{one['name']} has {size} bytes instead of {one['bytes']}"
        return None

    def problem(self):
        """What is wrong, all bytes read; None if nothing is."""
        found = self.problem_of_sizes()
        if found:
            return found
        for one in self.manifest["files"]:
            try:
                digest = checksum(self.path(one["name"]))
            except OSError as error:
                return f"{one['name']} cannot be read: {error.strerror}"
            if digest != one["sha256"]:
                return f"{one['name']} is not what was written: its SHA-256 is {digest} instead of {one['sha256']}"
        return None


def checksum(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        # From the disk, not from memory.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def read_manifest(path, owner):
    try:
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        if manifest["format"] != FORMAT or manifest["backup"] != owner:
            return None
        from_iso(manifest["started"])
        for one in manifest["files"]:
            if os.path.basename(one["name"]) != one["name"] or not isinstance(one["bytes"], int) or not one["sha256"]:
                return None
        return manifest
    except (OSError, ValueError, TypeError, KeyError):
        return None


def described(one, problem):
    manifest = one.manifest
    return {
        "name": one.name, "time": manifest["started"], "bytes": one.bytes, "good": problem is None, "problem": problem,
        "system": manifest.get("system"), "database": manifest["database"], "databaseBytes": manifest["databaseBytes"], "server": manifest["server"],
        "files": [file["name"] for file in manifest["files"]],
    }  # fmt: skip


def open_store(settings):
    if settings.get("s3"):
        from s3 import S3Store

        return S3Store(settings)
    if settings.get("archive"):
        from bases import ArchiveStore

        return ArchiveStore(settings)
    return Store(settings)


class Store:
    """The folder of one backup in its target."""

    set_class = BackupSet

    def __init__(self, settings):
        self.owner = settings["id"]
        self.target = settings["target"]
        self.folder = os.path.join(self.target, self.owner)

    def make(self):
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            with open(os.path.join(self.folder, "lock"), "a", encoding="utf-8"):
                pass
            with open(os.path.join(self.folder, "readers"), "a", encoding="utf-8"):
                pass
        except OSError as error:
            raise BackupError(
                f"the target of the backups cannot be written: {error.strerror} ({error.filename}). "
                f"It has to belong to user {os.getuid()} and group {os.getgid()}; on the host: chown {os.getuid()}:{os.getgid()} FOLDER"
            ) from None

    def names(self):
        try:
            return sorted(name for name in os.listdir(self.folder) if NAME.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BackupError(f"the target of the backups cannot be read: {error.strerror} ({error.filename})") from None

    def sets(self):
        """Those with a manifest of this backup's own, oldest first."""
        found = []
        for name in self.names():
            folder = os.path.join(self.folder, name)
            manifest = read_manifest(os.path.join(folder, "manifest.json"), self.owner)
            if manifest:
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    found.append(self.set_class(folder, manifest))
        return sorted(found, key=lambda one: (one.started, one.name))

    def good(self):
        """Those whose files are there in full, oldest first."""
        return [one for one in self.sets() if one.problem_of_sizes() is None]

    def newest(self):
        good = self.good()
        return good[-1] if good else None

    def named(self, name):
        for one in self.sets():
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.sets()) or "none"
        raise BackupError(f"there is no backup {name!r}; there are: {known}")

    def listing(self):
        """What people want to know of all sets, newest first."""
        return [described(one, one.problem_of_sizes()) for one in reversed(self.sets())]

    def newest_started(self):
        newest = self.newest()
        return newest.started if newest else None

    def newest_name(self):
        """Of what should be good, whether it is or not."""
        known = self.sets()
        return known[-1].name if known else None

    @contextlib.contextmanager
    def opened(self, name=None):
        """The set of that name, or the newest good one: all of its bytes are what was written. Nobody removes it meanwhile."""
        with self.reading():
            one = self.newest() if name is None else self.named(name)
            if one is None:
                raise BackupError(f"there is no good backup in {self.folder}")
            problem = self.problem_of(one)
            if problem:
                raise BackupError(f"backup {one.name} is damaged, so nothing was touched: {problem}")
            yield one

    def problem_of(self, one):
        """What is wrong with a set, all bytes read; None if nothing is."""
        return one.problem()

    def publish(self, one):
        """Brings a complete set to where it belongs, where that is not this folder."""

    def prune(self, keep, trusted, log):
        """Removes what need not stay. Gives the names of what it removed."""
        with self.unread() as alone:
            if alone:
                return prune(self, keep, trusted, log)
        log("pruning was left to the next run: a restore or a drill reads backups", level="warning")
        return []

    @contextlib.contextmanager
    def running(self):
        """One run, or one restore, at a time, in whatever container."""
        with open(os.path.join(self.folder, "lock"), "a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                raise BackupError("another backup or restore is under way here; try again when it has ended") from None
            yield

    @contextlib.contextmanager
    def reading(self):
        """While it lasts no set is removed. It needs no right to write."""
        try:
            file = open(os.path.join(self.folder, "readers"), encoding="utf-8")
        except FileNotFoundError:
            raise BackupError(f"there is no backup yet in {self.folder}") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield

    @contextlib.contextmanager
    def unread(self):
        """Whether nobody reads sets; then nobody begins to while it lasts."""
        with open(os.path.join(self.folder, "readers"), "a", encoding="utf-8") as file:
            deadline = time.monotonic() + WAIT_FOR_READERS
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if error.errno not in (errno.EAGAIN, errno.EACCES):
                        raise
                    if time.monotonic() > deadline:
                        yield False
                        return
                    time.sleep(0.2)
            yield True

    def remove_unfinished(self):
        removed = [name for name in os.listdir(self.folder) if name.startswith(UNFINISHED)]
        for name in removed:
            shutil.rmtree(os.path.join(self.folder, name))
        return removed

    def begin(self):
        """A folder for a new set, and the name that it will have."""
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        while os.path.exists(os.path.join(self.folder, name)):
            time.sleep(0.2)
            name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        folder = os.path.join(self.folder, f"{UNFINISHED}{name}")
        os.mkdir(folder, 0o700)
        return name, folder

    def complete(self, name, folder, manifest):
        """Gives a set its name, when all of it is on the disk."""
        write_whole(os.path.join(folder, "manifest.json"), json.dumps(manifest, indent=2) + "\n")
        final = os.path.join(self.folder, name)
        os.rename(folder, final)
        sync_folder(self.folder)
        return self.set_class(final, manifest)

    def remove(self, one):
        """By a name that tells that it is not complete, should this be interrupted."""
        aside = os.path.join(self.folder, f"{UNFINISHED}{one.name}")
        os.rename(one.folder, aside)
        shutil.rmtree(aside)

    def set_aside(self, one):
        os.rename(one.folder, one.folder + ".bad")

    def read_status(self):
        try:
            with open(os.path.join(self.folder, "status.json"), encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def write_status(self, status):
        write_whole(os.path.join(self.folder, "status.json"), json.dumps(status, indent=2) + "\n")


BUCKETS = {
    "daily": lambda day: day.toordinal(),
    "weekly": lambda day: day.isocalendar()[:2],
    "monthly": lambda day: (day.year, day.month),
}


def wanted(sets, keep):
    """
    Of some sets, oldest first, those that stay: the newest one always; the newest `last`; and the newest one of each of
    the last days, weeks and months that have one, as many as `keep` says. Days begin at midnight UTC, weeks on Mondays.
    Those of another server than the newest one's stay for a month.
    """
    newest_first = sets[::-1]
    stay = {one.name for one in newest_first[: max(1, keep.get("last", 0))]}
    for unit, bucket_of in BUCKETS.items():
        seen = set()
        for one in newest_first:
            bucket = bucket_of(datetime.datetime.fromtimestamp(one.started, datetime.timezone.utc).date())
            if bucket not in seen and len(seen) < keep.get(unit, 0):
                seen.add(bucket)
                stay.add(one.name)
    newest = sets[-1] if sets else None
    for one in sets:
        if one.system and newest.system and one.system != newest.system and newest.started - one.started < OTHERS_STAY:
            stay.add(one.name)
    return [one for one in sets if one.name in stay]


def prune(store, keep, trusted, log):
    """
    Removes what need not stay. `trusted` is the name of the set that was just read back. Another one in whose stead an
    older one goes is read in full first: if it is not good, it is set aside, and all is judged again without it.
    """
    checked = {trusted}
    removed = []
    while True:
        good = store.good()
        stay = wanted(good, keep)
        names = {one.name for one in stay}
        doomed = next((one for one in good if one.name not in names), None)
        if doomed is None:
            return removed
        # The next newer one that stays, and there is always one: the newest stays.
        instead = next(one for one in stay if (one.started, one.name) > (doomed.started, doomed.name))
        if instead.name not in checked:
            problem = store.problem_of(instead)
            if problem:
                log("bad backup", level="error", backup=instead.name, error=problem)
                store.set_aside(instead)
                continue
            checked.add(instead.name)
        store.remove(doomed)
        removed.append(doomed.name)
