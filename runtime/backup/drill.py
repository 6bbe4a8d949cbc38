"""Restores the newest backup into a throwaway server that nobody reaches, asks it the check query, and removes it."""

import glob
import json
import os
import shutil
import signal
import subprocess
import time
import uuid

from postgres import Server
from restore import load
from sets import open_store
from settings import BackupError, iso, log, write_whole

DATABASE = "drill"
TABLES = """
SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""
LEFT = "drill-"
PATIENCE = 60


def run(settings):
    scratch = settings["scratch"]
    started = time.time()
    report = {"started": iso(started)}
    try:
        for left in os.listdir(scratch):
            # The latter is what a drill fetched from a bucket.
            if left.startswith(LEFT) or left == settings["id"]:
                shutil.rmtree(os.path.join(scratch, left))
        begun = time.monotonic()
        store = open_store(settings)
        # Not the newest good one: that an older one is good says nothing about the newest.
        with store.opened(store.newest_name()) as one:
            report.update({"backup": one.name, "bytes": one.bytes, "backupAgeSeconds": round(started - one.started)})
            report["readSeconds"] = round(time.monotonic() - begun, 3)
            rehearse(settings, one, report)
        report["ok"] = True
    except (BackupError, OSError, subprocess.SubprocessError) as error:
        report.update({"ok": False, "reason": str(error) or type(error).__name__})
    report.update({"ended": iso(time.time()), "durationSeconds": round(time.time() - started, 3)})
    log("drill" if report["ok"] else "drill failed", level="info" if report["ok"] else "error", **report)
    try:
        write_whole(os.path.join(scratch, "report.json"), json.dumps(report, indent=2) + "\n")
    except OSError as error:
        log("trouble", level="error", error=f"the report cannot be written: {error.strerror}")
    return 0 if report["ok"] else 1


def rehearse(settings, one, report):
    with Throwaway(settings["scratch"], one.manifest["preload"]) as server:
        begun = time.monotonic()
        load(server, DATABASE, one)
        report["restoreSeconds"] = round(time.monotonic() - begun, 3)
        begun = time.monotonic()
        report["tables"] = server.ask(TABLES, DATABASE)
        check(server, settings["query"])
        report["querySeconds"] = round(time.monotonic() - begun, 3)


def check(server, query):
    answer = server.run(
        "psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", f"--dbname={DATABASE}", f"--command={query}",
        what="the check query",
    )  # fmt: skip
    if answer != "t\n":
        lines = answer.splitlines()
        shown = "no row" if not lines else repr(lines[0][:100]) + (f" and {len(lines) - 1} more rows" if len(lines) > 1 else "")
        raise BackupError(f"the check query must give one row with true, and gave {shown}")


class Throwaway:
    """A server on a data directory of its own. It listens on a socket alone, and does without what keeps data through a crash."""

    def __init__(self, scratch, preload):
        self.folder = os.path.join(scratch, f"{LEFT}{uuid.uuid4()}")
        self.data = os.path.join(self.folder, "data")
        # A path of a socket may have 107 bytes.
        self.socket = os.path.join("/tmp", f"drill-{uuid.uuid4().hex[:8]}")
        self.preload = preload
        self.process = None

    def __enter__(self):
        os.mkdir(self.folder, 0o700)
        os.mkdir(self.socket, 0o700)
        try:
            options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
            made = subprocess.run(
                ["initdb", "--pgdata", self.data, *options],
                env={**os.environ, **feigned_user(self.folder)},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            if made.returncode != 0:
                raise BackupError(f"no server could be made for the drill: {made.stderr.strip()[-400:]}")
            options = {
                "listen_addresses": "", "unix_socket_directories": self.socket, "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
                "max_connections": "10", "shared_buffers": "64MB", "maintenance_work_mem": "64MB", "max_wal_size": "1GB", "wal_level": "minimal",
                "max_wal_senders": "0", "shared_preload_libraries": self.preload, "dynamic_shared_memory_type": "mmap",
            }  # fmt: skip
            self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8", errors="replace")
            arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            self.process = subprocess.Popen(["postgres", "-D", self.data, *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
            server = Server(self.socket)
            self.wait(server)
            return server
        except BaseException:
            self.__exit__()
            raise

    def wait(self, server):
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(["pg_isready", "--quiet"], env=server.environment(), check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise BackupError(f"the server of the drill did not start: {self.log.read()[-400:].strip()}")
            time.sleep(0.1)

    def __exit__(self, *_error):
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.socket, ignore_errors=True)


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
