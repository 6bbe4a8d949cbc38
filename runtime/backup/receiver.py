"""
Receives the WAL of a server without a break, beside the clock that makes base backups.

pg_receivewal does it, through a slot that keeps in the server what was not received yet, up to max_slot_wal_keep_size. A slot that lost WAL, and a server that is another
one, are the end of a stretch (wal.py): the next one begins at once, and with it a base backup. Nothing here is needed to serve: the server goes on without it.
"""

import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from bases import ArchiveStore
from postgres import server_of
from settings import FOLDER, BackupError, iso, log, write_whole
from space import problem_of_space
from wal import begin_stretch

STATE = os.environ.get("CDKTF_ARCHIVE_STATE") or "/tmp/.cdktf-archive.json"
LOOK = 10
RETRY = 5
SILENT = 60
GRACE = 30
# Seconds after which a base backup that a stretch needs is tried again.
BACKOFF = (0, 60, 300, 900, 3600)
REMOVED = "has already been removed"

TOLD = """
SELECT json_build_object('system', system_identifier::text, 'now', extract(epoch FROM clock_timestamp())::float8, 'position', pg_current_wal_flush_lsn(),
  'segmentBytes', (SELECT setting::int FROM pg_settings WHERE name = 'wal_segment_size'),
  'limitBytes', (SELECT setting::bigint << 20 FROM pg_settings WHERE name = 'max_slot_wal_keep_size'),
  'slot', (SELECT json_build_object('status', wal_status, 'position', restart_lsn, 'heldBytes', pg_current_wal_flush_lsn() - restart_lsn,
             'all', restart_lsn >= pg_current_wal_flush_lsn())
           FROM pg_replication_slots WHERE slot_name = '%s'))
FROM pg_control_system()
"""


class Receiver:
    def __init__(self, settings):
        self.settings = settings
        self.store = ArchiveStore(settings)
        self.slot = settings["archive"]["slot"]
        self.server = server_of({"server": {**settings["server"], "database": "postgres"}})
        self.process = None
        self.said = tempfile.TemporaryFile()
        self.stretch = None
        self.broken = False
        self.next_try = 0
        self.next_look = 0
        # Where the server was at a time, while the archive is not there yet.
        self.seen = collections.deque()
        self.state = {"problem": None, "full": False, "until": None, "heldBytes": None, "limitBytes": None}

    def tick(self):
        now = time.monotonic()
        full = problem_of_space(self.store.target)
        if self.process and self.process.poll() is not None:
            self.ended()
        if full and self.process:
            self.stop()
        if full:
            self.trouble(full, full=True)
        elif not self.process and now >= self.next_try:
            self.next_try = now + RETRY
            self.attempt(self.start)
        if now >= self.next_look:
            self.next_look = now + LOOK
            if self.process:
                self.attempt(self.look)
            self.tell()

    def attempt(self, step):
        try:
            step()
        except (BackupError, OSError) as error:
            self.trouble(str(error))

    def trouble(self, problem, full=False):
        if problem != self.state["problem"]:
            log("trouble", level="error", error=problem)
        self.state.update({"problem": problem, "full": full})
        self.tell()

    def ask(self):
        return self.server.ask(TOLD % self.slot)

    def start(self):
        self.store.make()
        told = self.ask()
        self.stretch = self.stretch_for(told)
        mended = self.stretch.mend()
        if mended:
            log("a segment that a full disk cut short is received again", segments=mended)
        # A dead connection would be noticed after hours.
        link = "keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=30000"
        # To the disk as it comes: what a commit was told is not lost with the machine of the archive.
        options = ["--synchronous", "--no-loop", "--no-password", f"--slot={self.slot}", f"--directory={self.stretch.segments}", "--status-interval=5"]
        self.said.seek(0)
        self.said.truncate()
        environment = self.server.environment()
        self.process = subprocess.Popen(["pg_receivewal", *options, f"--dbname={link}"], env=environment, stdin=subprocess.DEVNULL, stderr=self.said)
        self.next_look = 0

    def stretch_for(self, told):
        current, slot = self.store.current(), told["slot"]
        lost = slot is not None and slot["status"] == "lost"
        if current is None:
            reason = "the first"
        elif current.system != told["system"]:
            reason = "the server is another one"
        elif slot is None:
            reason = "the server has no slot for the archive any more"
        elif lost or self.broken:
            reason = "the server has no longer what comes next: more than max_slot_wal_keep_size was not received in time"
        else:
            return current
        # Its segments are no continuation of those that it held back.
        if slot is not None and (lost or self.broken):
            self.server.sql(f"SELECT pg_drop_replication_slot('{self.slot}');", what="dropping the slot of the archive")
            slot = None
        if slot is None:
            self.server.sql(f"SELECT pg_create_physical_replication_slot('{self.slot}', true);", what="making the slot of the archive")
        self.broken = False
        self.seen.clear()
        stretch = begin_stretch(self.store.folder, told["system"], told["segmentBytes"])
        log("a stretch of WAL begins", level="info" if current is None else "error", stretch=stretch.name, reason=reason)
        return stretch

    def look(self):
        told = self.ask()
        slot = told["slot"]
        self.state.update({"heldBytes": slot and slot["heldBytes"], "limitBytes": told["limitBytes"]})
        if slot is None or slot["status"] == "lost":
            return self.stop()
        self.seen.append((told["now"], told["position"]))
        # Nothing that was committed before such a time is missing.
        until = None
        while self.seen and (slot["all"] or position(self.seen[0][1]) <= position(slot["position"])):
            until = self.seen.popleft()[0]
        if until is not None:
            self.state["until"] = until
            self.stretch.complete_until(until)
            if self.state["problem"]:
                log("the WAL is received again")
            self.state.update({"problem": None, "full": False})

    def ended(self):
        self.said.seek(0)
        said = self.said.read().decode(errors="replace").strip().splitlines()
        self.process = None
        self.broken = any(REMOVED in line for line in said)
        self.trouble(f"pg_receivewal ended: {' | '.join(said[-2:]) or 'without a word'}")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def tell(self):
        write_whole(STATE, json.dumps({"time": time.time(), **self.state}))


def position(text):
    high, low = text.split("/")
    return int(high, 16), int(low, 16)


class FirstBase:
    """Has a base backup made as soon as a stretch has none."""

    def __init__(self, store):
        self.store = store
        self.process = None
        self.attempts = 0
        self.stretch = None
        self.next_try = 0

    def tick(self):
        if self.process:
            if self.process.poll() is None:
                return
            self.process = None
        stretch = self.store.current()
        if stretch is None or time.monotonic() < self.next_try:
            return
        self.next_try = time.monotonic() + LOOK
        if stretch.name != self.stretch:
            self.stretch, self.attempts = stretch.name, 0
        if self.store.good_in(stretch):
            return
        self.attempts += 1
        self.next_try = time.monotonic() + BACKOFF[min(self.attempts, len(BACKOFF) - 1)]
        self.process = subprocess.Popen([sys.executable, os.path.join(FOLDER, "schedule.py"), "--run-now"], stdin=subprocess.DEVNULL)


def serve(settings):
    """Receives, and keeps the clock, until it is to end. Gives the exit code."""
    receiver = Receiver(settings)
    first = FirstBase(receiver.store)
    clock = subprocess.Popen([sys.executable, os.path.join(FOLDER, "schedule.py")], stdin=subprocess.DEVNULL)
    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: stopping.append(received))
    while not stopping and clock.poll() is None:
        receiver.attempt(receiver.tick)
        receiver.attempt(first.tick)
        time.sleep(0.5)
    if clock.poll() is None:
        clock.send_signal(signal.SIGTERM)
    # A base backup in progress may need the WAL until its end.
    while clock.poll() is None or (first.process and first.process.poll() is None):
        receiver.attempt(receiver.tick)
        time.sleep(0.2)
    receiver.stop()
    return 0 if stopping else 1


def check(settings, store):
    """Raises what is wrong with the receiver and what it wrote."""
    try:
        with open(STATE, encoding="utf-8") as file:
            state = json.load(file)
    except (OSError, ValueError):
        state = None
    if state is None or time.time() - state["time"] > SILENT:
        raise BackupError("the receiver of the WAL does not say how it is")
    current = store.current()
    if state["full"] or current is None:
        raise BackupError(f"no WAL is received: {state['problem']}")
    until = state["until"] or current.until() or current.began
    if time.time() - until > settings["archive"]["maxLagSeconds"]:
        raise BackupError(f"the archive is complete up to {iso(until)} only: {state['problem'] or 'the receiver is behind'}")
    held, limit = state["heldBytes"], state["limitBytes"]
    if held and limit and limit > 0 and held > limit // 2:
        raise BackupError(f"the server holds back {held >> 20} MiB of WAL for the archive; beyond {limit >> 20} MiB the archive has a gap")
    missing = current.missing()
    if missing:
        raise BackupError(f"a segment of the WAL is gone from {current.segments}: {missing}; make a base backup now, since not all moments before it can be recovered")
    if len(store.stretches()) > 1 and not store.good_in(current):
        raise BackupError(f"the archive has a gap before {current.name}, and no base backup yet after it")
