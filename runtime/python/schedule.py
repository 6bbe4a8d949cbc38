"""
Runs one command by the clock: the scheduler of a container that does nothing else.

    python schedule.py             wait and run, for ever
    python schedule.py --run-now   run it once by hand, as in `docker exec CONTAINER python .../schedule.py --run-now`
    python schedule.py --status    the next and the last run as JSON
    python -IS schedule.py --health   exit 0, or 1 with one line that says why

Its settings are schedule.json beside this file (or at $CDKTF_SCHEDULE_CONFIG):

    {"name": "ClearSessions",
     "command": ["python", "-m", "django", "clearsessions"],
     "timeoutSeconds": 3600,
     "graceSeconds": 30,
     "lock": "/var/lib/schedule/lock",
     "schedule": {"kind": "cron", "expression": "0 4 * * *", "timeZone": "UTC", "minutes": [0], "hours": [4],
                  "days": [1, ..., 31], "months": [1, ..., 12], "weekdays": [0, ..., 6], "dayRule": "both"}}

or "schedule": {"kind": "rate", "seconds": 600}, for multiples of it since 1970 in UTC.

"lock" (may be missing) is on a volume that all schedulers of the command share, of which there are two for a moment where a
cluster hears again of a node that it has replaced: only who holds it plans.

Weekday 0 is Sunday. With "either" a day matches that fits days or weekdays, with "both" one that fits both.

- One run at a time, by clock or by hand: a run that is due while another goes on is skipped, and the log says so.
- Runs that were due while the container was away, or that the clock jumped over (more than a minute late), are not made
  up for. A clock that is set back by less than an hour does not repeat runs.
- Changes of the clock in a time zone: a time that does not exist is the next minute that does; of a time that occurs
  twice the first counts. Only what is due in every hour follows real time: in both of two equal hours, and not in one
  that does not exist.
- A run that reaches the timeout gets SIGTERM, and SIGKILL 10 s later, with all of its process group.
- SIGTERM to the scheduler: nothing more is started; a run in progress has the grace period to end, and is then ended
  in the same way.
- The log is stdout: the command's output as it comes, and one line of JSON for each event (start, end with exit code
  and duration, skipped, missed).
- The command gets this process's environment, which launch.py has made; --run-now goes through launch.py itself.
- Unhealthy: the last run failed, a run is overdue, or one goes on beyond its timeout. What this rests on lies in
  $CDKTF_SCHEDULE_STATE (/tmp/.cdktf-schedule), so it is forgotten with the container.
"""

# The health check runs every few seconds for ever: what it does not need is imported where it is needed.
import errno
import json
import os
import sys
import time

LATEST_START = 60
OVERDUE = 120
SECONDS_TO_KILL = 10
LONGEST_SLEEP = 15
CLOCK_SET_BACK = 3600
CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h: starting again will not help
BUSY = 75  # EX_TEMPFAIL
LAUNCHER = os.environ.get("CDKTF_LAUNCHER") or "/run/cdktf-django/launch.py"
STATE_FOLDER = os.environ.get("CDKTF_SCHEDULE_STATE") or "/tmp/.cdktf-schedule"


class ScheduleError(Exception):
    """A mistake in what the deploy handed over; its text is for the person who reads the log."""


def read_settings():
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schedule.json")
    path = os.environ.get("CDKTF_SCHEDULE_CONFIG") or default
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise ScheduleError(f"{path} cannot be read: {error}") from None


def iso(timestamp):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(timestamp))


# When


def make_calendar(schedule):
    """A function that tells the first time after a given one; both are seconds since 1970."""
    if schedule["kind"] == "rate":
        seconds = schedule["seconds"]
        return lambda after: (int(after) // seconds + 1) * seconds
    return CronCalendar(schedule).next_after


class CronCalendar:
    # Feb 29 on a given day of the week comes after 40 years at the latest (around 2100).
    FARTHEST_DAYS = 366 * 41

    def __init__(self, schedule):
        self.zone = time_zone(schedule["timeZone"])
        self.minutes = schedule["minutes"]
        self.hours = schedule["hours"]
        self.days = set(schedule["days"])
        self.months = set(schedule["months"])
        self.weekdays = set(schedule["weekdays"])
        self.either = schedule["dayRule"] == "either"
        self.every_hour = len(self.hours) == 24

    def next_after(self, after):
        import datetime

        first = datetime.datetime.fromtimestamp(after, self.zone).date()
        # From the day before, as a time that does not exist may be one of the next day.
        for offset in range(-1, self.FARTHEST_DAYS):
            day = first + datetime.timedelta(days=offset)
            if self.matches(day):
                times = [moment for moment in self.times_of(day) if moment > after]
                if times:
                    return min(times)
        raise ScheduleError("the schedule never comes true")

    def matches(self, day):
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (by_month or by_week) if self.either else (by_month and by_week)

    def times_of(self, day):
        import datetime

        for hour in self.hours:
            for minute in self.minutes:
                wall = datetime.datetime(day.year, day.month, day.day, hour, minute)
                if self.every_hour:
                    yield from {self.instant(wall, fold) for fold in (0, 1) if self.exists(wall)}
                else:
                    yield self.instant(self.next_existing(wall))

    def instant(self, wall, fold=0):
        return int(wall.replace(tzinfo=self.zone, fold=fold).timestamp())

    def exists(self, wall):
        import datetime

        return datetime.datetime.fromtimestamp(self.instant(wall), self.zone).replace(tzinfo=None, fold=0) == wall

    def next_existing(self, wall):
        import datetime

        while not self.exists(wall):
            wall += datetime.timedelta(minutes=1)
        return wall


def time_zone(name):
    if name == "UTC":
        import datetime

        return datetime.timezone.utc
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"time zone {name!r} is not known in this image: add the package tzdata to it") from None


# What is known about runs


class State:
    """Two small files, each with one writer at a time: `plan` of the scheduler, `runs` of whoever holds the lock."""

    def __init__(self, folder=STATE_FOLDER, complain=lambda problem: None):
        self.folder = folder
        self.complain = complain
        self.lock_file = None

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError):
            return {}

    def write(self, name, value):
        path = os.path.join(self.folder, name)
        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            with open(path + ".new", "w", encoding="utf-8") as file:
                json.dump(value, file)
            os.replace(path + ".new", path)
        except OSError as error:
            self.complain(f"{path} cannot be written: {error.strerror}")

    def lock(self):
        """Whether nobody else runs the command; then nobody else will until unlock()."""
        import fcntl

        try:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            # Appending does not disturb who has it.
            file = open(os.path.join(self.folder, "lock"), "a", encoding="utf-8")
        except OSError as error:
            self.complain(f"{self.folder}/lock cannot be opened: {error.strerror}")
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            return False
        self.lock_file = file
        return True

    def unlock(self):
        if self.lock_file:
            self.lock_file.close()
            self.lock_file = None


def health(state, settings, now):
    """(whether all is well, one line about it)"""
    plan, runs = state.read("plan"), state.read("runs")
    running, last = runs.get("running"), runs.get("last")
    if plan.get("standingBy"):
        return False, "standing by: another scheduler of this command has not ended"
    if "next" not in plan:
        return False, "the scheduler has not begun"
    if now > plan["next"] + OVERDUE:
        return False, f"the run of {iso(plan['next'])} is overdue"
    if running and now > running["since"] + settings["timeoutSeconds"] + OVERDUE:
        limit = settings["timeoutSeconds"]
        return False, f"a run goes on since {iso(running['since'])}, beyond its timeout of {limit} s"
    coming = f"next run at {iso(plan['next'])}"
    if not last:
        return True, f"no run yet, {coming}"
    if last["exitCode"]:
        why = " after the timeout" if last["reason"] == "timeout" else ""
        return False, f"the last run failed with exit code {last['exitCode']}{why} at {iso(last['ended'])}; {coming}"
    return True, f"last run ended well at {iso(last['ended'])}; {coming}"


# Running


class Clock:
    """Time, and a sleep that signals end."""

    def __init__(self):
        import select
        import signal

        self._select = select.select
        self._read, write = os.pipe()
        for descriptor in (self._read, write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        # The end of a child ends a sleep only where it has a handler.
        signal.signal(signal.SIGCHLD, lambda number, frame: None)

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def sleep(self, seconds):
        if self._select([self._read], [], [], max(0.0, seconds))[0]:
            try:
                os.read(self._read, 512)
            except BlockingIOError:
                pass


class Process:
    """The command, in a process group of its own."""

    def __init__(self, command):
        import subprocess

        self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self.pid = self._child.pid

    def poll(self):
        code = self._child.poll()
        return code if code is None or code >= 0 else 128 - code

    def signal(self, number):
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass


class Runner:
    """Runs the command, one at a time; `look` has to be called until it is no longer busy."""

    def __init__(self, settings, state, clock, log, spawn=Process):
        self.settings = settings
        self.state = state
        self.clock = clock
        self.log = log
        self.spawn = spawn
        self.process = None
        self.exit_code = None
        self.reason, self.end_at = None, float("inf")

    @property
    def busy(self):
        return self.process is not None

    def start(self, due=None):
        """False when somebody else runs the command."""
        if not self.state.lock():
            return False
        self.by = "hand" if due is None else "clock"
        self.since, self.begun = self.clock.now(), self.clock.monotonic()
        self.reason, self.killing = None, False
        self.end_at = self.begun + self.settings["timeoutSeconds"]
        last = self.state.read("runs").get("last")
        self.state.write("runs", {"running": {"since": self.since, "by": self.by}, "last": last})
        # Before the command can say anything.
        self.log("start", by=self.by, command=self.settings["command"], **({} if due is None else {"due": iso(due)}))
        try:
            self.process = self.spawn(self.settings["command"])
        except OSError as error:
            self.log("trouble", level="error", error=f"cannot start {self.settings['command'][0]}: {error.strerror}")
            self.finish(127 if isinstance(error, FileNotFoundError) else 126)
        return True

    def end_within(self, seconds, reason):
        """What ends the run earlier than its timeout."""
        if self.reason is None and self.clock.monotonic() + seconds < self.end_at:
            self.end_at = self.clock.monotonic() + seconds
            self.reason = reason

    def look(self):
        """Takes note of the command's end, or brings it about."""
        import signal

        code = self.process.poll()
        if code is not None:
            if self.killing:
                self.process.signal(signal.SIGKILL)  # what the command left behind
            self.finish(code)
        elif self.clock.monotonic() >= self.end_at:
            if self.killing:
                self.process.signal(signal.SIGKILL)
                self.end_at = self.clock.monotonic() + 1
            else:
                self.killing = True
                self.reason = self.reason or "timeout"
                self.log("ending", level="error", reason=self.reason)
                self.process.signal(signal.SIGTERM)
                self.end_at = self.clock.monotonic() + SECONDS_TO_KILL

    def finish(self, code):
        reason = self.reason if self.killing else None
        if reason == "timeout":
            code = code or 124  # it was cut short, whatever it says of itself
        self.exit_code, self.process = code, None
        seconds = round(self.clock.monotonic() - self.begun, 3)
        last = {"by": self.by, "started": self.since, "ended": self.clock.now(), "exitCode": code, "reason": reason}
        self.state.write("runs", {"last": {**last, "durationSeconds": seconds}})
        details = {"exitCode": code, "durationSeconds": seconds, **({"reason": reason} if reason else {})}
        self.log("end", level="error" if code else "info", by=self.by, **details)
        self.state.unlock()

    def longest_sleep(self):
        return min(LONGEST_SLEEP, self.end_at - self.clock.monotonic()) if self.busy else LONGEST_SLEEP


class Scheduler:
    def __init__(self, settings, runner):
        self.calendar = make_calendar(settings["schedule"])
        self.grace = settings["graceSeconds"]
        self.lock = settings.get("lock")
        self.runner = runner
        self.clock, self.state, self.log = runner.clock, runner.state, runner.log
        self.stopping = False

    def stop(self, *_signal):
        self.stopping = True

    def run(self):
        alone = self.stand_by()
        if self.stopping:
            return
        self.plan()
        self.log("planned", next=iso(self.due))
        while not self.stopping:
            if self.runner.busy:
                self.runner.look()
            self.look_at_clock()
            if not self.stopping:
                self.clock.sleep(min(self.runner.longest_sleep(), self.due - self.clock.now()))
        self.leave()
        if alone:
            alone.close()

    def stand_by(self):
        """Waits until no other scheduler has the lock, which is held until this process ends, however it ends."""
        import fcntl

        if not self.lock:
            return None
        file = open(self.lock, "a", encoding="utf-8")
        said = False
        while not self.stopping:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if not said:
                    self.state.write("plan", {"standingBy": True})
                    self.log("standing by", level="warning", reason="another scheduler has not ended")
                    said = True
                self.clock.sleep(0.5)
        file.close()
        return None

    def plan(self):
        self.planned_at = self.clock.now()
        self.due = self.calendar(self.planned_at)
        self.state.write("plan", {"next": self.due})

    def look_at_clock(self):
        now, due = self.clock.now(), self.due
        if now < self.planned_at - CLOCK_SET_BACK:
            self.plan()
            self.log("clock was set back", level="warning", next=iso(self.due))
        elif now >= due:
            self.plan()  # first, so that the health check does not take a run that has just begun for overdue
            if now > due + LATEST_START:
                self.log("missed", level="warning", due=iso(due), next=iso(self.due))
            elif self.runner.busy or not self.runner.start(due):
                reason = "the previous run has not ended" if self.runner.busy else "a run by hand has not ended"
                self.log("skipped", level="warning", due=iso(due), next=iso(self.due), reason=reason)

    def leave(self):
        by_hand = not self.runner.busy and not self.state.lock()
        self.log("stopping", **({"waitingSeconds": self.grace} if self.runner.busy or by_hand else {}))
        if self.runner.busy:
            self.runner.end_within(self.grace, "stopped")
        deadline = self.clock.monotonic() + self.grace
        while self.runner.busy:
            self.runner.look()
            if self.runner.busy:
                self.clock.sleep(self.runner.longest_sleep())
        while by_hand and self.clock.monotonic() < deadline and not self.state.lock():
            self.clock.sleep(0.5)


def run_now(runner):
    """Returns the command's exit code."""
    if not runner.start():
        since = (runner.state.read("runs").get("running") or {}).get("since")
        details = {"since": iso(since)} if since else {}
        runner.log("skipped", level="warning", reason="another run has not ended", **details)
        return BUSY
    while runner.busy:
        runner.look()
        if runner.busy:
            runner.clock.sleep(runner.longest_sleep())
    return runner.exit_code


# The command line


def make_log(name):
    def log(event, level="info", **details):
        line = {"time": iso(time.time()), "level": level, "schedule": name, "event": event, **details}
        print(json.dumps(line), flush=True)

    return log


def main(arguments):
    if arguments not in ([], ["--run-now"], ["--run-now", "--launched"], ["--status"], ["--health"]):
        print("usage: schedule.py [--run-now | --status | --health]", file=sys.stderr)
        return 2
    try:
        settings = read_settings()
        if arguments == ["--status"]:
            print(json.dumps(status(State(), settings), indent=2))
            return 0
        if arguments == ["--health"]:
            well, line = health(State(), settings, time.time())
            print(line if well else f"unhealthy: {line}")
            return 0 if well else 1
        if arguments == ["--run-now"] and os.path.exists(LAUNCHER):
            # `docker exec` knows nothing of the secrets that the launcher sets.
            again = [sys.executable, os.path.abspath(__file__), "--run-now", "--launched"]
            os.execv(sys.executable, [sys.executable, LAUNCHER, "--", *again])
        return run(settings, by_hand=bool(arguments))
    except ScheduleError as error:
        print(f"schedule: {error}", file=sys.stderr)
        return CONFIGURATION_ERROR


def status(state, settings):
    plan, runs = state.read("plan"), state.read("runs")
    well, line = health(state, settings, time.time())
    return {
        "name": settings["name"],
        "healthy": well,
        "summary": line,
        "next": iso(plan["next"]) if "next" in plan else None,
        "running": with_iso(runs.get("running"), "since"),
        "last": with_iso(runs.get("last"), "started", "ended"),
    }


def with_iso(record, *names):
    return record and {**record, **{name: iso(record[name]) for name in names}}


def run(settings, by_hand):
    import signal

    log = make_log(settings["name"])
    state = State(complain=lambda problem: log("trouble", level="error", error=problem))
    runner = Runner(settings, state, Clock(), log)
    if by_hand:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda received, frame: runner.end_within(0, "stopped"))
        return run_now(runner)
    scheduler = Scheduler(settings, runner)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, scheduler.stop)
    scheduler.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
