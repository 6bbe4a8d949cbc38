"""Backups without a server: which sets stay, what counts as good, what is left by a run that was killed."""

import contextlib
import datetime
import json
import os
import random
import re
import shutil
import sys
import tarfile
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

RUNTIME = Path(os.environ.get("CDKTF_RUNTIME_DIR") or Path(__file__).resolve().parents[2] / "runtime")
sys.path[:0] = [str(RUNTIME / "backup"), str(RUNTIME / "python")]

import backup  # noqa: E402
import dump  # noqa: E402
import media  # noqa: E402
import runs  # noqa: E402
import sets  # noqa: E402
import space  # noqa: E402
from postgres import identifier, literal  # noqa: E402
from settings import BackupError, from_iso, iso  # noqa: E402

KEEP = {"last": 0, "daily": 7, "weekly": 4, "monthly": 6}


class BackupTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.settings = {"name": "Nightly", "id": "shop-db-nightly", "target": str(self.folder), "keep": KEEP, "maxAgeSeconds": None, "media": []}
        self.store = sets.Store(self.settings)
        self.store.make()
        self.said = []

    def log(self, event, **details):
        self.said.append((event, details))

    def plant(self, moment, content=b"data", owner=None, system=None):
        """A complete set of that time."""
        name = moment.strftime("%Y%m%dT%H%M%SZ")
        folder = Path(self.store.folder) / name
        folder.mkdir()
        (folder / "database.dump").write_bytes(content)
        started = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        files = [runs.seal(str(folder / "database.dump"))]
        manifest = {"format": 1, "backup": owner or self.store.owner, "name": name, "started": started, "files": files, "system": system}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder

    def names(self):
        return [one.name for one in self.store.sets()]

    def prune(self, keep=None):
        newest = self.store.newest()
        return sets.prune(self.store, keep or KEEP, newest.name, self.log)


def day(number, hour=3):
    return datetime.datetime(2026, 1, 1, hour) + datetime.timedelta(days=number)


class Retention(BackupTest):
    def test_days_weeks_and_months(self):
        for number in range(200):
            self.plant(day(number))
            self.prune()
        # 200 days from 1 January: the last is 19 July, a Sunday.
        self.assertEqual(
            [name[:8] for name in self.names()],
            # The newest of each month, of each week (Sundays), and the last seven days.
            ["20260228", "20260331", "20260430", "20260531", "20260628", "20260630", "20260705", "20260712"]
            + [f"202607{number}" for number in range(13, 20)],
        )
        self.assertEqual(self.said, [])

    def test_of_a_day_the_newest_stays(self):
        for hour in (3, 9, 15):
            self.plant(day(0, hour))
        self.plant(day(1))
        self.assertEqual(self.prune({"daily": 2}), ["20260101T030000Z", "20260101T090000Z"])

    def test_days_without_a_backup_do_not_count(self):
        for number in (0, 100, 101):
            self.plant(day(number))
        self.prune({"daily": 3})
        self.assertEqual(len(self.names()), 3)

    def test_those_of_a_lost_server_stay_for_a_month(self):
        for number in range(3):
            self.plant(day(number), system="1")
            self.prune({"last": 2})
        self.assertEqual([name[:8] for name in self.names()], ["20260102", "20260103"])
        # Before the restore, the new one's are of an empty database.
        for number in range(3, 6):
            self.plant(day(number), system="2")
            self.prune({"last": 2})
        self.assertEqual([name[:8] for name in self.names()], ["20260102", "20260103", "20260105", "20260106"])
        self.plant(day(1 + 30), system="2")
        self.prune({"last": 2})
        self.assertEqual([name[:8] for name in self.names()], ["20260103", "20260106", "20260201"])

    def test_what_always_holds(self):
        """Whatever times and rules: the newest stays, nothing more than the rules want, and what goes is older than what stays in its stead."""
        chance = random.Random(7)
        for _ in range(300):
            moments = sorted({int(chance.uniform(0, 400 * 86400)) for _ in range(chance.randint(1, 40))})
            all_ = [mock.Mock(started=moment + 1.7e9, system="1") for moment in moments]
            for index, one in enumerate(all_):
                one.name = f"set{index:03}"
            keep = {unit: chance.randint(0, 5) for unit in ("last", "daily", "weekly", "monthly")}
            stay = sets.wanted(all_, keep)
            self.assertIn(all_[-1], stay)
            self.assertLessEqual(len(stay), max(1, sum(keep.values())))
            for unit, bucket in sets.BUCKETS.items():
                buckets = {}
                for one in all_:
                    buckets[bucket(datetime.datetime.fromtimestamp(one.started, datetime.timezone.utc).date())] = one
                for newest in list(buckets.values())[len(buckets) - min(keep[unit], len(buckets)) :]:
                    self.assertIn(newest, stay)
            # Judged again, nothing more goes.
            self.assertEqual(sets.wanted(stay, keep), stay)

    def test_a_truncated_one_counts_for_nothing_and_stays(self):
        self.plant(day(0))
        bad = self.plant(day(1))
        os.truncate(bad / "database.dump", 2)
        self.assertEqual(self.prune({"last": 1}), [])
        self.assertEqual(self.store.newest().name, "20260101T030000Z")
        self.plant(day(2))
        self.assertEqual(self.prune({"last": 1}), ["20260101T030000Z"])
        self.assertEqual(self.names(), ["20260102T030000Z", "20260103T030000Z"])

    def test_one_with_a_flipped_bit_is_no_reason_to_remove_another(self):
        self.plant(day(0, 3))
        flipped = self.plant(day(0, 9))
        (flipped / "database.dump").write_bytes(b"dat\x20")
        self.plant(day(1))
        self.assertEqual(self.prune({"daily": 2}), [])
        self.assertEqual(self.names(), ["20260101T030000Z", "20260102T030000Z"])
        self.assertTrue((flipped.parent / "20260101T090000Z.bad").exists())
        self.assertEqual([event for event, _ in self.said], ["bad backup"])

    def test_what_it_did_not_make_is_not_touched(self):
        self.plant(day(0), owner="another")
        strange = Path(self.store.folder) / "20200101T000000Z"
        strange.mkdir()
        (Path(self.store.folder) / "notes").write_text("x")
        other = self.folder / "shop-db-hourly" / "20200101T000000Z"
        other.mkdir(parents=True)
        self.plant(day(1))
        self.plant(day(2))
        self.prune({"last": 1})
        left = sorted(os.listdir(self.store.folder))
        self.assertEqual(left, ["20200101T000000Z", "20260101T030000Z", "20260103T030000Z", "lock", "notes", "readers"])
        self.assertTrue(other.exists())

    def test_nothing_is_removed_under_who_reads(self):
        self.plant(day(0))
        self.plant(day(1))
        with mock.patch.object(sets, "WAIT_FOR_READERS", 0), self.store.reading(), self.store.unread() as alone:
            self.assertFalse(alone)
        with self.store.unread() as alone:
            self.assertTrue(alone)


class Manifests(BackupTest):
    def test_what_is_no_manifest_of_ours_is_no_backup(self):
        good = {"format": 1, "backup": "shop-db-nightly", "started": "2026-01-01T03:00:00Z", "files": []}
        for wrong in ("", "{", "[]", "null", *(json.dumps({**good, **one}) for one in (
            {"format": 2}, {"backup": "x"}, {"started": "yesterday"}, {"started": 5}, {"files": 5}, {"files": [{}]},
            {"files": [{"name": "../x", "bytes": 1, "sha256": "a"}]}, {"files": [{"name": "x", "bytes": "1", "sha256": "a"}]},
        ))):  # fmt: skip
            with self.subTest(wrong):
                path = self.folder / "manifest.json"
                path.write_text(wrong)
                self.assertIsNone(sets.read_manifest(str(path), "shop-db-nightly"))

    def test_a_damaged_one_says_what_is_wrong(self):
        folder = self.plant(day(0))
        one = self.store.sets()[0]
        self.assertIsNone(one.problem())
        (folder / "database.dump").write_bytes(b"dat!")
        self.assertIsNone(one.problem_of_sizes())
        self.assertRegex(one.problem(), r"^database.dump is not what was written: its SHA-256 is [0-9a-f]{64} instead of [0-9a-f]{64}$")
        (folder / "database.dump").unlink()
        self.assertEqual(one.problem(), "database.dump cannot be read: No such file or directory")

    def test_an_unknown_name_names_the_known(self):
        self.plant(day(0))
        with self.assertRaisesRegex(BackupError, "^there is no backup '../x'; there are: 20260101T030000Z$"):
            self.store.named("../x")


class Runs(BackupTest):
    def run_with(self, write):
        def write_files(_settings, name, folder):
            write(Path(folder))
            started = datetime.datetime.strptime(name, "%Y%m%dT%H%M%SZ").strftime("%Y-%m-%dT%H:%M:%SZ")
            files = [runs.seal(os.path.join(folder, one)) for one in os.listdir(folder)]
            return {"format": 1, "backup": self.store.owner, "name": name, "started": started, "files": files}

        with mock.patch.object(dump, "write_files", write_files), mock.patch.object(runs, "log", self.log):
            return dump.run(self.settings)

    def test_a_good_one(self):
        self.assertEqual(self.run_with(lambda folder: (folder / "database.dump").write_bytes(b"x")), 0)
        self.assertEqual(len(self.names()), 1)
        self.assertEqual(self.store.read_status()["last"]["backup"], self.names()[0])

    def test_a_failed_one_leaves_nothing_and_says_why(self):
        def fail(folder):
            (folder / "database.dump").write_bytes(b"x")
            raise BackupError("pg_dump failed: no")

        self.plant(day(0))
        self.assertEqual(self.run_with(fail), 1)
        self.assertEqual(sorted(os.listdir(self.store.folder)), ["20260101T030000Z", "lock", "readers", "status.json"])
        self.assertEqual(self.store.read_status()["last"]["reason"], "pg_dump failed: no")
        self.assertEqual(self.said, [("backup failed", {"level": "error", "error": "pg_dump failed: no"})])

    def test_what_a_killed_one_left_goes(self):
        (Path(self.store.folder) / ".unfinished-20260101T030000Z").mkdir()
        self.assertEqual(self.run_with(lambda folder: (folder / "database.dump").write_bytes(b"x")), 0)
        self.assertEqual(self.said[0], ("removed what a run left that was interrupted", {"folders": [".unfinished-20260101T030000Z"]}))
        self.assertEqual([name for name in os.listdir(self.store.folder) if name.startswith(".unfinished")], [])

    def test_one_at_a_time(self):
        with self.store.running(), self.assertRaisesRegex(BackupError, "another backup or restore is under way"):
            dump.run(self.settings)

    def test_a_disk_that_is_full_is_left_alone(self):
        full = mock.Mock(f_bavail=10, f_blocks=1000, f_frsize=1 << 20)
        with mock.patch.object(os, "statvfs", lambda path: full):
            self.assertEqual(self.run_with(lambda folder: self.fail("began to write")), 1)
        self.assertEqual(self.store.read_status()["last"]["reason"], "the disk of the target is full: 10 MiB are free, and 50 MiB of it have to stay free")

    def test_one_that_fills_the_disk_is_ended(self):
        left = [100]

        def fill(_folder):
            left[0] = 10
            space.FULL.wait(5)
            raise OSError(28, "No space left on device")

        self.addCleanup(space.FULL.clear)
        with mock.patch.object(os, "statvfs", lambda path: mock.Mock(f_bavail=left[0], f_blocks=1000, f_frsize=1 << 20)):
            self.assertEqual(self.run_with(fill), 1)
        self.assertRegex(self.store.read_status()["last"]["reason"], "^the disk of the target is full: 10 MiB are free")


class Targets(BackupTest):
    def test_one_that_cannot_be_written_says_whose_it_has_to_be(self):
        (self.folder / "file").write_text("x")
        with self.assertRaisesRegex(BackupError, r"the target of the backups cannot be written: Not a directory .*on the host: chown \d+:\d+ FOLDER$"):
            sets.Store({**self.settings, "target": str(self.folder / "file")}).make()

    def test_the_newest_is_judged_whether_it_is_good_or_not(self):
        self.plant(day(0))
        os.truncate(self.plant(day(1)) / "database.dump", 1)
        self.assertEqual(self.store.newest_name(), "20260102T030000Z")
        with self.assertRaisesRegex(BackupError, "backup 20260102T030000Z is damaged"), self.store.opened(self.store.newest_name()):
            self.fail("opened")
        with self.store.opened() as one:
            self.assertEqual(one.name, "20260101T030000Z")


class Media(BackupTest):
    def test_all_that_a_volume_has(self):
        source, target = self.folder / "media", self.folder / "media.tar"
        (source / "a b" / "empty").mkdir(parents=True)
        (source / "a b" / "it's ü.jpg").write_bytes(b"photo")
        (source / "link").symlink_to("a b")
        dump.archive(str(source), str(target))
        with tarfile.open(target) as tar:
            self.assertEqual(sorted(tar.getnames()), ["a b", "a b/empty", "a b/it's ü.jpg", "link"])
            self.assertEqual(tar.extractfile("a b/it's ü.jpg").read(), b"photo")

    @unittest.skipIf(os.getuid() == 0, "root reads everything")
    def test_what_cannot_be_read_fails(self):
        source = self.folder / "media"
        source.mkdir()
        (source / "secret").write_bytes(b"x")
        (source / "secret").chmod(0)
        with self.assertRaisesRegex(BackupError, "1 files or folders of the volume at .* cannot be read by user .*: secret"):
            dump.archive(str(source), str(self.folder / "media.tar"))

    def test_a_file_that_is_shortened_is_padded(self):
        with open(os.devnull, "rb") as file:
            self.assertEqual(dump.PaddedFile(file).read(3), b"\0\0\0")

    def bring(self, source, target):
        """As a restore does it: from the backup of one volume into another one."""
        dump.archive(str(source), str(self.folder / "media.tar"))
        volume = media.Volume(str(target))
        with open(self.folder / "media.tar", "rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
            volume.take(tar)
        return volume

    def test_what_is_missing_comes_back_and_what_is_there_stays(self):
        source, target = self.folder / "media", self.folder / "volume"
        (source / "a b" / "empty").mkdir(parents=True)
        target.mkdir()
        (source / "a b" / "it's ü.jpg").write_bytes(b"photo")
        (source / "a b" / "it's ü.jpg").chmod(0o4640)
        os.utime(source / "a b" / "it's ü.jpg", (1_700_000_000, 1_700_000_000))
        (source / "link").symlink_to("a b")
        os.link(source / "a b" / "it's ü.jpg", source / "second")
        volume = self.bring(source, target)
        self.assertEqual((volume.added, volume.there, volume.kept, volume.left_out), (5, 0, [], []))
        found = (target / "a b" / "it's ü.jpg").stat()
        self.assertEqual((oct(found.st_mode), int(found.st_mtime)), (oct(0o100640), 1_700_000_000))
        self.assertEqual((target / "link" / "it's ü.jpg").read_bytes(), b"photo")
        self.assertTrue((target / "second").samefile(target / "a b" / "it's ü.jpg"))
        self.assertEqual(list((target / "a b" / "empty").iterdir()), [])

        # The same file as its second name, which comes first in the archive.
        (target / "a b" / "it's ü.jpg").write_bytes(b"other")
        (target / "link").unlink()
        (target / "a b" / "newer").write_bytes(b"newer")
        (target / media.UNFINISHED).write_bytes(b"left by one that was killed")
        volume = self.bring(source, target)
        self.assertEqual((volume.added, volume.there, volume.kept), (1, 3, ["second"]))
        self.assertEqual((target / "a b" / "it's ü.jpg").read_bytes(), b"other")
        self.assertEqual(sorted(one.name for one in target.iterdir()), ["a b", "link", "second"])

    def test_nothing_gets_out_of_the_volume(self):
        source, target = self.folder / "media", self.folder / "volume"
        source.mkdir()
        target.mkdir()
        (source / "out").mkdir()
        (source / "out" / "file").write_bytes(b"x")
        (target / "out").symlink_to(source)
        with self.assertRaisesRegex(media.MediaError, "'out/file' would be outside of the volume"):
            self.bring(source, target)
        self.assertEqual(sorted(one.name for one in source.iterdir()), ["out"])

    def test_an_archive_that_ends_too_early_leaves_no_half_a_file(self):
        source, target = self.folder / "media", self.folder / "volume"
        source.mkdir()
        target.mkdir()
        (source / "file").write_bytes(bytes(100_000))
        dump.archive(str(source), str(self.folder / "media.tar"))
        os.truncate(self.folder / "media.tar", 50_000)
        with open(self.folder / "media.tar", "rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
            with self.assertRaises((tarfile.TarError, media.MediaError)):
                media.Volume(str(target)).take(tar)
        self.assertEqual(list(target.iterdir()), [])


class HealthTest(BackupTest):
    SCHEDULE = {"name": "Nightly", "timeoutSeconds": 3600, "schedule": {"kind": "rate", "seconds": 86400}}

    def health(self, now, **settings):
        moment = from_iso(now)
        with (
            mock.patch.object(backup, "scheduled", lambda: "next run"),
            mock.patch.object(backup.schedule, "read_settings", lambda: self.SCHEDULE),
            mock.patch.object(time, "time", lambda: moment),
            mock.patch("builtins.print") as printed,
        ):
            try:
                backup.health({**self.settings, **settings})
            except BackupError as error:
                return f"unhealthy: {error}"
            return printed.call_args[0][0]


class Health(HealthTest):
    def test_before_the_first(self):
        self.store.write_status({"since": "2026-01-01T12:00:00Z"})
        self.assertEqual(self.health("2026-01-01T12:00:00Z"), "no backup yet; next run")
        # Due at midnight, with an hour to run, and a bit.
        self.assertEqual(self.health("2026-01-02T01:01:00Z"), "no backup yet; next run")
        self.assertIn("there is no good backup since 2026-01-01T12:00:00Z", self.health("2026-01-02T01:02:01Z"))

    def test_the_next_one_is_missing(self):
        self.plant(day(0, 0))
        self.assertEqual(self.health("2026-01-02T01:01:00Z"), "newest backup of 2026-01-01T00:00:00Z; next run")
        self.assertIn("should be another one since 2026-01-02T01:02:00Z", self.health("2026-01-02T01:02:01Z"))

    def test_an_age_that_was_given(self):
        self.plant(day(0, 0))
        self.assertNotIn("unhealthy", self.health("2026-01-03T00:00:00Z", maxAgeSeconds=2 * 86400))
        self.assertIn("unhealthy", self.health("2026-01-03T00:00:01Z", maxAgeSeconds=2 * 86400))

    def test_a_failure_is_remembered_by_the_target(self):
        self.plant(day(0, 0))
        self.store.write_status({"last": {"ok": False, "ended": "2026-01-01T04:00:00Z", "reason": "no"}})
        self.assertEqual(self.health("2026-01-01T05:00:00Z"), "unhealthy: the last backup failed at 2026-01-01T04:00:00Z: no")

    def test_a_bad_one_does_not_count(self):
        self.plant(day(0, 0))
        os.truncate(self.plant(day(1, 0)) / "database.dump", 1)
        self.assertIn("the newest good backup is of 2026-01-01", self.health("2026-01-02T01:02:01Z"))


class Report(HealthTest):
    """The same health check, which writes what it finds."""

    def setUp(self):
        super().setUp()
        self.path = self.folder / "backup.prom"
        environment = mock.patch.dict(os.environ, {"BACKUP_REPORT": str(self.path), "BACKUP_REPORT_NAME": "Db/Nightly"})
        environment.start()
        self.addCleanup(environment.stop)

    def figures(self):
        lines = [line for line in self.path.read_text().splitlines() if not line.startswith("#")]
        pattern = re.compile(r'cdktf_django_backup_(\w+)\{backup="Db/Nightly",kind="(\w+)"\} (\d+)')
        return {(name, kind): int(value) for name, kind, value in (pattern.fullmatch(line).groups() for line in lines)}

    def test_figures(self):
        at, begun = from_iso("2026-01-02T01:00:00Z"), from_iso("2026-01-01T00:00:00Z")
        self.plant(day(0, 0))
        self.health("2026-01-02T01:00:00Z")
        known = {
            ("report_timestamp_seconds", "backup"): at, ("healthy", "backup"): 1,
            ("newest_timestamp_seconds", "backup"): begun, ("due_timestamp_seconds", "backup"): from_iso("2026-01-02T01:02:00Z"),
        }  # fmt: skip
        self.assertEqual(self.figures(), known)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o644)
        self.store.write_status({"last": {"ok": False, "ended": "2026-01-01T04:00:00Z", "reason": "no"}})
        self.health("2026-01-02T01:00:00Z")
        self.assertEqual(self.figures(), {**known, ("healthy", "backup"): 0, ("last_run_ok", "backup"): 0})

    def test_the_scheduler_is_ill_before_any_backup(self):
        self.store.write_status({"since": "2026-01-01T12:00:00Z"})
        with mock.patch.object(backup, "scheduled", mock.Mock(side_effect=BackupError("overdue"))):
            with mock.patch.object(backup.schedule, "read_settings", lambda: self.SCHEDULE), self.assertRaisesRegex(BackupError, "overdue"):
                backup.health(self.settings)
        figures = self.figures()
        self.assertEqual((figures["healthy", "backup"], figures["due_timestamp_seconds", "backup"]), (0, from_iso("2026-01-02T01:02:00Z")))
        self.assertNotIn(("newest_timestamp_seconds", "backup"), figures)

    def test_a_drill(self):
        report = self.folder / "report.json"
        for ok in (True, False):
            report.write_text(json.dumps({"ok": ok, "ended": "2026-01-01T04:00:00Z", "reason": "no"}))
            with mock.patch.object(backup, "scheduled", lambda: "next run"), contextlib.suppress(BackupError):
                backup.health({**self.settings, "scratch": str(self.folder), "query": "SELECT true"}, "drill")
            figures = self.figures()
            del figures["report_timestamp_seconds", "drill"]
            ended = from_iso("2026-01-01T04:00:00Z")
            self.assertEqual(figures, {("healthy", "drill"): int(ok), ("last_run_ok", "drill"): int(ok), ("newest_timestamp_seconds", "drill"): ended})


class Text(unittest.TestCase):
    def test_sql(self):
        self.assertEqual(literal("it's; \\ \" $$"), "'it''s; \\ \" $$'")
        self.assertEqual(identifier('odd "role"'), '"odd ""role"""')

    def test_time(self):
        self.assertEqual(iso(from_iso("2026-01-01T03:00:00Z")), "2026-01-01T03:00:00Z")


if __name__ == "__main__":
    unittest.main()
