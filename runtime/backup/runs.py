"""One run that makes a set: under a temporary name, and only a complete one gets its own; then what need not stay is removed."""

import os
import shutil
import subprocess
import tarfile
import time

from sets import checksum
from settings import BackupError, iso, log
from space import reserve_kept


def run_once(store, write, prune):
    """`write(name, folder)` fills the folder and gives the manifest; `prune(one)` gives the names of what it removed. Gives the exit code."""
    store.make()
    started = time.time()
    newest = store.read_status().get("newest")
    with store.running():
        try:
            one = make(store, write)
            store.publish(one)
            newest = one.manifest["started"]
            removed = prune(one)
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


def make(store, write):
    left = store.remove_unfinished()
    if left:
        log("removed what a run left that was interrupted", folders=left)
    name, folder = store.begin()
    try:
        with reserve_kept(store.target):
            manifest = write(name, folder)
        return store.complete(name, folder, manifest)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def seal(path):
    """Brings a file to the disk, and tells what is there."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return {"name": os.path.basename(path), "bytes": os.stat(path).st_size, "sha256": checksum(path)}
