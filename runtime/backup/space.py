"""How much of the disk of a target stays free."""

import errno
import os
import threading

from settings import BackupError

# A target may be on the disk of the server, which stops when it is full: this much of it stays free, and at most this.
RESERVED_PART = 20
RESERVED_BYTES = 1 << 30
FULL = threading.Event()


def problem_of_space(target):
    """What is wrong; None while enough is free."""
    disk = os.statvfs(target)
    free, reserve = disk.f_bavail * disk.f_frsize, min(disk.f_blocks * disk.f_frsize // RESERVED_PART, RESERVED_BYTES)
    if free > reserve:
        return None
    return f"the disk of the target is full: {free >> 20} MiB are free, and {reserve >> 20} MiB of it have to stay free"


def end_if_full():
    if FULL.is_set():
        raise OSError(errno.ENOSPC, "the disk of the target is full")


class reserve_kept:
    """Ends this run before it fills the disk."""

    def __init__(self, target):
        self.target = target
        self.done = threading.Event()
        self.reason = None

    def __enter__(self):
        problem = problem_of_space(self.target)
        if problem:
            raise BackupError(problem)
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.done.wait(0.2):
            self.reason = problem_of_space(self.target)
            if self.reason:
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
