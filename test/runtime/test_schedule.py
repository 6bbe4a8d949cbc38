"""The scheduler: its calendar, its decisions with a clock of the test's own, and the real process with short times."""

import datetime
import fcntl
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

RUNTIME = Path(os.environ.get("CDKTF_RUNTIME_DIR") or Path(__file__).resolve().parents[2] / "runtime")
PROGRAM = RUNTIME / "python" / "schedule.py"

specification = importlib.util.spec_from_file_location("cdktf_schedule", PROGRAM)
schedule = importlib.util.module_from_spec(specification)
specification.loader.exec_module(schedule)

ALL = {"minutes": range(60), "hours": range(24), "days": range(1, 32), "months": range(1, 13), "weekdays": range(7)}


def cron(zone="UTC", rule="both", **fields):
    sets = {name: list(fields.get(name, ALL[name])) for name in ALL}
    return {"kind": "cron", "timeZone": zone, "dayRule": rule, **sets}


def at(text):
    """Seconds since 1970 of a time in UTC."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp()


def occurrences(settings, after, count):
    following = schedule.make_calendar(settings)
    moment, found = at(after), []
    for _ in range(count):
        moment = following(moment)
        found.append(schedule.iso(moment)[:16])
    return found


class CalendarTest(unittest.TestCase):
    def expect(self, settings, after, *expected):
        self.assertEqual(occurrences(settings, after, len(expected)), list(expected))

    def test_every_minute_is_the_next_one(self):
        self.expect(cron(), "2026-03-01T10:15:20", "2026-03-01T10:16", "2026-03-01T10:17")

    def test_a_time_itself_is_not_after_itself(self):
        self.expect(cron(minutes=[0], hours=[4]), "2026-03-01T04:00", "2026-03-02T04:00", "2026-03-03T04:00")

    def test_sets_over_the_ends_of_hours_days_and_years(self):
        self.expect(cron(minutes=[0, 50], hours=[0, 23]), "2026-12-31T23:10", "2026-12-31T23:50", "2027-01-01T00:00")

    def test_months_without_the_day_are_left_out(self):
        self.expect(cron(minutes=[0], hours=[0], days=[31]), "2026-01-31T00:00", "2026-03-31T00:00", "2026-05-31T00:00")

    def test_a_leap_day_over_a_century_without_one(self):
        self.expect(cron(minutes=[0], hours=[0], days=[29], months=[2]), "2096-02-29T00:00", "2104-02-29T00:00")

    def test_sunday_is_zero(self):
        self.expect(cron(minutes=[0], hours=[0], weekdays=[0]), "2026-03-02T00:00", "2026-03-08T00:00")

    def test_day_or_weekday_when_both_are_restricted(self):
        # The 13th, and every Friday (6th, 13th, 20th).
        either = cron(rule="either", minutes=[0], hours=[0], days=[13], weekdays=[5])
        self.expect(either, "2026-04-04T00:00", "2026-04-10T00:00", "2026-04-13T00:00", "2026-04-17T00:00")

    def test_day_and_weekday_when_one_is_a_star(self):
        both = cron(minutes=[0], hours=[0], days=[13], weekdays=[5])
        self.expect(both, "2026-04-01T00:00", "2026-11-13T00:00")

    def test_a_time_zone(self):
        daily = cron("Europe/Berlin", minutes=[0], hours=[4])
        self.expect(daily, "2026-01-10T00:00", "2026-01-10T03:00", "2026-01-11T03:00")

    def test_a_time_that_does_not_exist_is_the_next_minute_that_does(self):
        # Berlin, 2026-03-29: 02:00 becomes 03:00 (01:00 UTC).
        daily = cron("Europe/Berlin", minutes=[30], hours=[2])
        self.expect(daily, "2026-03-28T00:00", "2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30")

    def test_several_times_that_do_not_exist_are_one(self):
        daily = cron("Europe/Berlin", minutes=[0, 15, 30], hours=[2, 3])
        expected = ("2026-03-29T01:00", "2026-03-29T01:15", "2026-03-29T01:30", "2026-03-30T00:00")
        self.expect(daily, "2026-03-29T00:00", *expected)

    def test_a_time_that_occurs_twice_runs_once(self):
        # Berlin, 2026-10-25: 03:00 becomes 02:00 (01:00 UTC).
        daily = cron("Europe/Berlin", minutes=[30], hours=[2])
        self.expect(daily, "2026-10-24T12:00", "2026-10-25T00:30", "2026-10-26T01:30")

    def test_every_hour_follows_real_time(self):
        hourly = cron("Europe/Berlin", minutes=[30])
        expected = ("2026-10-24T23:30", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30")
        self.expect(hourly, "2026-10-24T23:00", *expected)
        self.expect(hourly, "2026-03-28T23:45", "2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30")

    def test_midnight_that_does_not_exist(self):
        # Sao Paulo, 2018-11-04: 00:00 becomes 01:00 (03:00 UTC).
        daily = cron("America/Sao_Paulo", minutes=[0], hours=[0])
        self.expect(daily, "2018-11-03T12:00", "2018-11-04T03:00", "2018-11-05T02:00")

    def test_a_whole_day_that_does_not_exist(self):
        # Apia had no 2011-12-30; what is due on it runs at 00:00 on the 31st (2011-12-30 10:00 UTC).
        daily = cron("Pacific/Apia", minutes=[0], hours=[12])
        self.expect(daily, "2011-12-30T00:00", "2011-12-30T10:00", "2011-12-30T22:00")

    def test_agrees_with_a_walk_through_all_minutes(self):
        cases = [
            cron("America/New_York", minutes=[7, 30], hours=[1, 2, 3], weekdays=[0, 3]),
            cron("Australia/Lord_Howe", rule="either", minutes=[0, 45], hours=[1, 2], days=[4, 5], weekdays=[0]),
            cron("Europe/Berlin", minutes=[0, 20, 40]),
        ]
        for start in ("2026-03-06T00:00", "2026-10-02T00:00", "2026-10-23T00:00", "2026-03-27T00:00"):
            for settings in cases:
                zone = schedule.time_zone(settings["timeZone"])
                fixed, expected, seen = len(settings["hours"]) < 24, [], set()
                for minute in range(1, 5 * 1440):
                    moment = at(start) + 60 * minute
                    wall = datetime.datetime.fromtimestamp(moment, zone)
                    before = datetime.datetime.fromtimestamp(moment - 60, zone)
                    candidates = [wall.replace(tzinfo=None, fold=0)]
                    if fixed:  # the walls that were jumped over count here
                        gap = candidates[0] - before.replace(tzinfo=None, fold=0) - datetime.timedelta(minutes=1)
                        steps = int(gap.total_seconds() // 60)
                        candidates += [candidates[0] - datetime.timedelta(minutes=step) for step in range(1, steps + 1)]
                    hits = {one for one in candidates if self.fits(settings, one)}
                    if fixed:
                        hits -= seen
                        seen |= hits
                    if hits:
                        expected.append(schedule.iso(moment)[:16])
                with self.subTest(zone=settings["timeZone"], start=start):
                    self.assertEqual(occurrences(settings, start, len(expected)), expected)

    @staticmethod
    def fits(settings, wall):
        by_day, by_week = wall.day in settings["days"], wall.isoweekday() % 7 in settings["weekdays"]
        day = (by_day or by_week) if settings["dayRule"] == "either" else (by_day and by_week)
        time_of_day = wall.hour in settings["hours"] and wall.minute in settings["minutes"]
        return day and wall.month in settings["months"] and time_of_day

    def test_a_rate_counts_from_1970(self):
        self.expect({"kind": "rate", "seconds": 21600}, "2026-03-01T05:59:59", "2026-03-01T06:00", "2026-03-01T12:00")

    def test_an_unknown_time_zone_names_the_remedy(self):
        with self.assertRaisesRegex(schedule.ScheduleError, "Mars/Base.*tzdata"):
            schedule.make_calendar(cron("Mars/Base"))


class FakeClock:
    """Time that passes only in sleep(), at which planned things happen."""

    def __init__(self, start):
        self.time = self.start = at(start)
        self.uptime = 1000.0
        self.events = []

    def now(self):
        return self.time

    def monotonic(self):
        return self.uptime

    def after(self, seconds, action):
        self.events.append((self.uptime + seconds, action))
        self.events.sort(key=lambda event: event[0])

    def jump(self, seconds):
        self.time += seconds

    def sleep(self, seconds):
        if self.uptime > 1000 + 10 * 86400:
            raise AssertionError("nobody stopped the scheduler")
        end = self.uptime + max(0.001, seconds)
        if self.events and self.events[0][0] <= end:
            end, action = self.events.pop(0)
            self.pass_to(end)
            action()
        else:
            self.pass_to(end)

    def pass_to(self, end):
        self.time += max(0.0, end - self.uptime)
        self.uptime = max(self.uptime, end)


class FakeProcess:
    def __init__(self, clock, seconds, code, obeys):
        self.clock, self.code, self.obeys = clock, code, obeys
        self.ends = clock.monotonic() + seconds
        self.signals = []
        clock.after(seconds, lambda: None)

    def poll(self):
        return self.code if self.clock.monotonic() >= self.ends else None

    def signal(self, number):
        self.signals.append(number)
        if self.poll() is None and (number == signal.SIGKILL or self.obeys):
            self.ends, self.code = self.clock.monotonic(), 128 + number
            self.clock.after(0, lambda: None)  # SIGCHLD


class SchedulerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        self.clock = FakeClock("2026-03-01T03:50:30")
        self.lines, self.processes = [], []
        self.seconds, self.code, self.obeys = 10, 0, True
        self.settings = {"name": "T", "command": ["report"], "timeoutSeconds": 600, "graceSeconds": 30}
        self.settings["schedule"] = cron(minutes=[0, 5, 10])

    def spawn(self, command):
        self.processes.append(FakeProcess(self.clock, self.seconds, self.code, self.obeys))
        return self.processes[-1]

    def log(self, event, level="info", **details):
        self.lines.append({"event": event, "level": level, "at": schedule.iso(self.clock.now())[11:19], **details})

    def make(self):
        self.state = schedule.State(self.folder, lambda problem: self.log("trouble", error=problem))
        self.addCleanup(lambda: self.state.unlock())
        self.runner = schedule.Runner(self.settings, self.state, self.clock, self.log, self.spawn)
        return schedule.Scheduler(self.settings, self.runner)

    def run_for(self, minutes):
        scheduler = self.make()
        self.clock.after(60 * minutes, scheduler.stop)
        scheduler.run()

    def events(self, *names):
        return [(line["event"], line["at"]) for line in self.lines if not names or line["event"] in names]

    def health(self):
        return schedule.health(self.state, self.settings, self.clock.now())

    def test_runs_when_due_and_logs_start_and_end(self):
        self.run_for(16)
        self.assertEqual(self.events("start"), [("start", "04:00:00"), ("start", "04:05:00")])
        self.assertEqual(self.events("end"), [("end", "04:00:10"), ("end", "04:05:10")])
        planned = {"event": "planned", "level": "info", "at": "03:50:30", "next": "2026-03-01T04:00:00Z"}
        self.assertEqual(self.lines[0], planned)
        self.assertEqual(self.lines[1]["due"], "2026-03-01T04:00:00Z")
        end = {"event": "end", "level": "info", "at": "04:00:10", "by": "clock", "exitCode": 0, "durationSeconds": 10.0}
        self.assertEqual(self.lines[2], end)
        self.assertEqual(self.lines[-1]["event"], "stopping")

    def test_only_who_holds_the_lock_plans_and_the_next_one_takes_over(self):
        self.settings["lock"] = os.path.join(self.folder, "shared-lock")
        other = open(self.settings["lock"], "a", encoding="utf-8")
        self.addCleanup(other.close)
        fcntl.flock(other, fcntl.LOCK_EX)
        seen = []
        self.clock.after(9, lambda: seen.append(self.health()))
        self.clock.after(600 + 45, other.close)
        self.run_for(16)
        self.assertEqual(seen, [(False, "standing by: another scheduler of this command has not ended")])
        self.assertEqual(self.events("standing by", "planned", "start"), [
            ("standing by", "03:50:30"), ("planned", "04:01:15"), ("start", "04:05:00"),
        ])
        self.assertTrue(self.health()[0])
        with open(self.settings["lock"], "a", encoding="utf-8") as again:
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_a_scheduler_that_stands_by_ends_when_it_is_told_to(self):
        self.settings["lock"] = os.path.join(self.folder, "shared-lock")
        with open(self.settings["lock"], "a", encoding="utf-8") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            self.run_for(16)
        self.assertEqual([line["event"] for line in self.lines], ["standing by"])

    def test_a_run_that_is_due_during_another_is_skipped_and_said(self):
        self.seconds = 400
        self.run_for(18)
        self.assertEqual(self.events("start", "skipped", "end"), [
            ("start", "04:00:00"), ("skipped", "04:05:00"), ("end", "04:06:40"),
        ])
        skipped = next(line for line in self.lines if line["event"] == "skipped")
        self.assertEqual(skipped["reason"], "the previous run has not ended")
        self.assertEqual(skipped["level"], "warning")
        self.assertTrue(self.health()[0])

    def test_a_run_during_one_by_hand_is_skipped(self):
        other = schedule.State(self.folder)
        self.assertTrue(other.lock())
        self.clock.after(600, other.unlock)
        self.run_for(16)
        self.assertEqual(self.events("start", "skipped"), [("skipped", "04:00:00"), ("start", "04:05:00")])

    def test_a_failure_is_unhealthy_until_a_run_ends_well(self):
        self.code = 3
        self.run_for(11)
        self.assertEqual(self.health()[0], False)
        self.assertIn("exit code 3 at 2026-03-01T04:00:10Z", self.health()[1])
        self.code = 0
        self.state.unlock()  # which a scheduler that has ended still has
        self.assertEqual(schedule.run_now(self.runner), 0)
        self.assertTrue(self.health()[0], self.health())
        self.assertEqual(self.lines[-1]["by"], "hand")

    def test_the_timeout_ends_it(self):
        self.settings["timeoutSeconds"], self.seconds = 60, 10_000
        self.run_for(12)
        self.assertEqual(self.events("ending", "end"), [("ending", "04:01:00"), ("end", "04:01:00")])
        self.assertEqual(self.lines[-2]["exitCode"], 143)
        self.assertEqual(self.lines[-2]["reason"], "timeout")
        self.assertEqual(self.processes[0].signals[0], signal.SIGTERM)
        self.assertIn("after the timeout", self.health()[1])

    def test_the_timeout_kills_what_does_not_obey(self):
        self.settings["timeoutSeconds"], self.seconds, self.obeys = 60, 10_000, False
        self.run_for(12)
        self.assertEqual(self.events("ending", "end"), [("ending", "04:01:00"), ("end", "04:01:10")])
        self.assertEqual(self.processes[0].signals[:2], [signal.SIGTERM, signal.SIGKILL])
        self.assertEqual(self.lines[-2]["exitCode"], 137)

    def test_a_command_that_ends_well_at_the_timeout_has_failed(self):
        self.settings["timeoutSeconds"], self.seconds, self.obeys = 60, 65, False
        self.run_for(12)
        self.assertEqual(self.lines[-2]["exitCode"], 124)
        self.assertEqual(self.lines[-2]["level"], "error")

    def test_a_run_ends_within_the_grace_period(self):
        self.seconds = 40
        scheduler = self.make()
        self.clock.after(9.5 * 60 + 20, scheduler.stop)
        scheduler.run()
        self.assertEqual(self.events("start", "stopping", "end"), [
            ("start", "04:00:00"), ("stopping", "04:00:20"), ("end", "04:00:40"),
        ])
        self.assertEqual(self.processes[0].signals, [])

    def test_after_the_grace_period_it_is_ended(self):
        self.seconds = 400
        scheduler = self.make()
        self.clock.after(9.5 * 60 + 20, scheduler.stop)
        scheduler.run()
        self.assertEqual(self.events("stopping", "ending", "end"), [
            ("stopping", "04:00:20"), ("ending", "04:00:50"), ("end", "04:00:50"),
        ])
        self.assertEqual(self.lines[-1]["reason"], "stopped")

    def test_nothing_starts_while_it_waits(self):
        self.settings["graceSeconds"], self.seconds = 900, 500
        scheduler = self.make()
        self.clock.after(9.5 * 60 + 20, scheduler.stop)
        scheduler.run()
        self.assertEqual(self.events("start", "end"), [("start", "04:00:00"), ("end", "04:08:20")])

    def test_a_run_by_hand_is_waited_for(self):
        other = schedule.State(self.folder)
        self.assertTrue(other.lock())
        scheduler = self.make()
        self.clock.after(60, scheduler.stop)
        self.clock.after(80, other.unlock)
        scheduler.run()
        self.assertEqual(self.lines[-1]["waitingSeconds"], 30)
        self.assertAlmostEqual(self.clock.uptime, 1080, delta=1)

    def test_a_run_by_hand_is_refused_during_another(self):
        self.make()
        other = schedule.State(self.folder)
        self.assertTrue(other.lock())
        self.addCleanup(other.unlock)
        self.assertEqual(schedule.run_now(self.runner), schedule.BUSY)
        self.assertEqual(self.events(), [("skipped", "03:50:30")])

    def test_a_clock_that_jumps_over_runs_does_not_make_up_for_them(self):
        self.clock.after(60, lambda: self.clock.jump(2 * 3600))
        self.run_for(3)
        self.assertEqual(self.events("missed", "start"), [("missed", "05:51:30")])
        self.assertEqual(self.lines[1]["due"], "2026-03-01T04:00:00Z")
        self.assertEqual(self.lines[1]["next"], "2026-03-01T06:00:00Z")

    def test_a_clock_that_is_set_back_a_little_repeats_nothing(self):
        self.clock.after(11 * 60, lambda: self.clock.jump(-120))
        self.run_for(13)
        self.assertEqual(self.events("start"), [("start", "04:00:00")])

    def test_a_clock_that_was_far_ahead_is_planned_anew(self):
        self.clock.after(60, lambda: self.clock.jump(-86400 * 300))
        self.run_for(12)
        self.assertEqual(self.events("start"), [("start", "04:00:00")])
        self.assertIn("clock was set back", [line["event"] for line in self.lines])

    def test_a_command_that_cannot_be_started_has_failed(self):
        def spawn(command):
            raise FileNotFoundError(2, "No such file or directory")

        self.spawn = spawn
        self.run_for(11)
        names = ("start", "trouble", "end")
        self.assertEqual(self.events(*names), [(name, "04:00:00") for name in names])
        self.assertIn("exit code 127", self.health()[1])

    def test_health(self):
        scheduler = self.make()
        self.assertEqual(self.health(), (False, "the scheduler has not begun"))
        scheduler.plan()
        self.assertEqual(self.health(), (True, "no run yet, next run at 2026-03-01T04:00:00Z"))
        self.clock.jump(12 * 60)
        self.assertEqual(self.health(), (False, "the run of 2026-03-01T04:00:00Z is overdue"))
        scheduler.plan()
        self.runner.start(self.clock.now())
        self.assertTrue(self.health()[0])
        self.clock.jump(600 + 121)
        scheduler.plan()
        self.assertIn("beyond its timeout of 600 s", self.health()[1])
        self.state.unlock()

    def test_a_state_that_cannot_be_written_is_said(self):
        shutil.rmtree(self.folder)
        Path(self.folder).write_text("in the way")
        self.addCleanup(os.makedirs, self.folder)
        self.addCleanup(os.unlink, self.folder)
        self.run_for(11)
        self.assertIn("trouble", [line["event"] for line in self.lines])
        self.assertEqual(self.events("start", "end"), [("start", "04:00:00"), ("end", "04:00:10")])
        self.assertFalse(self.health()[0])


class ProcessTest(unittest.TestCase):
    """The real thing."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.settings = {"name": "T", "timeoutSeconds": 60, "graceSeconds": 10}
        self.settings["schedule"] = {"kind": "rate", "seconds": 1}
        self.launcher = RUNTIME / "python" / "launch.py"
        self.env = {
            "PATH": os.environ["PATH"],
            "CDKTF_SCHEDULE_CONFIG": str(self.folder / "schedule.json"),
            "CDKTF_SCHEDULE_STATE": str(self.folder / "state"),
            "CDKTF_LAUNCH_CONFIG": str(self.folder / "launch.json"),
            "CDKTF_LAUNCHER": str(self.launcher),
        }

    def command(self, text, **settings):
        self.settings.update(command=["sh", "-c", text], **settings)
        (self.folder / "schedule.json").write_text(json.dumps(self.settings))

    def start(self, *arguments):
        child = subprocess.Popen([sys.executable, PROGRAM, *arguments], **self.how())
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def run_it(self, *arguments):
        return subprocess.run([sys.executable, "-IS", PROGRAM, *arguments], timeout=30, **self.how())

    def how(self):
        return {"env": self.env, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

    def until(self, child, text):
        seen = []
        for line in child.stdout:
            seen.append(line)
            if line.startswith(text) or (text.startswith('"') and text in line):
                return seen
        self.fail(f"no {text!r} in {seen}")

    def test_output_passes_through_and_sigterm_waits_for_the_run(self):
        self.command("echo begins; sleep 1; echo ends")
        child = self.start()
        self.until(child, "begins")
        child.send_signal(signal.SIGTERM)
        rest = child.stdout.read()
        self.assertEqual(child.wait(timeout=10), 0)
        self.assertIn('"event": "stopping", "waitingSeconds": 10', rest)
        self.assertIn("\nends\n", rest)
        self.assertRegex(rest, r'"event": "end", "by": "clock", "exitCode": 0, "durationSeconds": 1\.\d')
        self.assertNotIn("\nbegins", rest)

    def test_sigterm_ends_the_whole_group_after_the_grace_period(self):
        self.command("""sh -c 'trap "" TERM; echo child $$; sleep 100; sleep 100' & wait""", graceSeconds=1)
        begun = time.monotonic()
        child = self.start()
        pid = int(self.until(child, "child ")[-1].split()[1])
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=20)
        rest = child.stdout.read()
        self.assertIn('"exitCode": 143', rest)
        self.assertIn('"reason": "stopped"', rest)
        self.assertLess(time.monotonic() - begun, 8)
        deadline = time.monotonic() + 3
        while self.alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertFalse(self.alive(pid))

    @staticmethod
    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def test_an_idle_scheduler_ends_at_once(self):
        self.command("true", schedule=cron(minutes=[0], hours=[0], days=[29], months=[2]))
        child = self.start()
        self.until(child, '"planned"')
        started = time.monotonic()
        child.send_signal(signal.SIGTERM)
        self.assertEqual(child.wait(timeout=10), 0)
        self.assertLess(time.monotonic() - started, 2)

    def test_run_now_has_the_secrets_of_the_launcher_and_the_exit_code_of_the_command(self):
        (self.folder / "password").write_text("s3cret\n")
        (self.folder / "launch.json").write_text(json.dumps({"env": {"DB_PASSWORD": str(self.folder / "password")}}))
        self.command('test "$DB_PASSWORD" = s3cret && exit 7')
        result = self.run_it("--run-now")
        self.assertEqual(result.returncode, 7, result.stdout)
        self.assertIn('"by": "hand", "exitCode": 7', result.stdout)
        self.assertNotIn("s3cret\n", result.stdout)
        status = json.loads(self.run_it("--status").stdout)
        self.assertEqual((status["last"]["exitCode"], status["last"]["by"]), (7, "hand"))

    def test_run_now_is_refused_while_the_clock_runs_it(self):
        self.command("echo begins; sleep 3")
        child = self.start()
        self.until(child, "begins")
        result = self.run_it("--run-now")
        self.assertEqual(result.returncode, 75, result.stdout)
        self.assertIn("another run has not ended", result.stdout)

    def test_interrupting_run_now_ends_the_command(self):
        self.command("echo begins; exec sleep 100")
        child = self.start("--run-now")
        self.until(child, "begins")
        child.send_signal(signal.SIGINT)
        self.assertEqual(child.wait(timeout=10), 143)

    def test_health_of_a_process(self):
        self.command("exit 4")
        result = self.run_it("--health")
        self.assertEqual((result.returncode, result.stdout), (1, "unhealthy: the scheduler has not begun\n"))
        child = self.start()
        self.until(child, '"event": "end"')
        time.sleep(0.1)
        result = self.run_it("--health")
        self.assertEqual(result.returncode, 1)
        self.assertIn("exit code 4", result.stdout)

    def test_settings_that_cannot_be_read(self):
        result = self.run_it()
        self.assertEqual(result.returncode, 78)
        self.assertRegex(result.stdout, r"^schedule: .*schedule\.json cannot be read")

    def test_unknown_arguments(self):
        self.assertEqual(self.run_it("--now").returncode, 2)


if __name__ == "__main__":
    unittest.main()
