"""A server of a container's own: on a data directory that nobody else has, reachable by a socket alone, and without what keeps data through a crash."""

import glob
import os
import shutil
import signal
import subprocess
import time
import uuid

from postgres import Server
from settings import BackupError

PATIENCE = 60
OPTIONS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "autovacuum": "off", "max_connections": "10",
    "shared_buffers": "64MB", "maintenance_work_mem": "64MB", "max_wal_size": "1GB", "max_wal_senders": "0", "dynamic_shared_memory_type": "mmap",
    "jit": "off", "logging_collector": "off", "log_destination": "stderr", "archive_mode": "off", "ssl": "off", "huge_pages": "off",
    # A dump has a lock for each table.
    "max_locks_per_transaction": "1024",
}  # fmt: skip


class PrivateServer:
    """Serves a data directory below `folder`, which is removed with it."""

    def __init__(self, folder, options):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        # A path of a socket may have 107 bytes.
        self.socket = os.path.join("/tmp", f"server-{uuid.uuid4().hex[:8]}")
        self.options = {**OPTIONS, "unix_socket_directories": self.socket, **options}
        self.process = None
        self.client = Server(self.socket)

    def start(self, patience=PATIENCE, waiting=lambda: None):
        """`patience` None: as long as it lives."""
        os.makedirs(self.socket, mode=0o700, exist_ok=True)
        self.log = open(os.path.join(self.folder, "log"), "a", encoding="utf-8")
        arguments = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(["postgres", "-D", self.data, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = None if patience is None else time.monotonic() + patience
        while subprocess.run(["pg_isready", "--quiet"], env=self.client.environment(), check=False).returncode != 0:
            if self.process.poll() is not None or (deadline is not None and time.monotonic() > deadline):
                raise BackupError(f"the server of this container did not start: {self.said()[-400:].strip()}")
            waiting()
            time.sleep(0.1)
        return self.client

    def said(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket, ignore_errors=True)


def make_directory(folder):
    """An empty one, in which everybody is let in who reaches the socket."""
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    made = subprocess.run(
        ["initdb", "--pgdata", os.path.join(folder, "data"), *options],
        env={**os.environ, **feigned_user(folder)},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    if made.returncode != 0:
        raise BackupError(f"no server could be made: {made.stderr.strip()[-400:]}")


def feigned_user(folder):
    """initdb wants an entry in /etc/passwd; the official images bring a library that feigns one."""
    import pwd

    try:
        pwd.getpwuid(os.getuid())
        return {}
    except KeyError:
        pass
    for library in [*glob.glob("/usr/lib/*/libnss_wrapper.so"), "/usr/lib/libnss_wrapper.so"]:
        if os.path.exists(library):
            passwd, group = os.path.join(folder, "passwd"), os.path.join(folder, "group")
            with open(passwd, "w", encoding="utf-8") as file:
                file.write(f"postgres:x:{os.getuid()}:{os.getgid()}:PostgreSQL:{folder}:/bin/false\n")
            with open(group, "w", encoding="utf-8") as file:
                file.write(f"postgres:x:{os.getgid()}:\n")
            return {"LD_PRELOAD": library, "NSS_WRAPPER_PASSWD": passwd, "NSS_WRAPPER_GROUP": group}
    raise BackupError("the image has no libnss_wrapper.so, which initdb needs under a numeric user; use an official Debian image of Postgres")
