"""An archive without a server: which segments there are, which moments can be recovered, which base backups stay."""

import datetime
import json
import os
import random
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

RUNTIME = Path(os.environ.get("CDKTF_RUNTIME_DIR") or Path(__file__).resolve().parents[2] / "runtime")
sys.path[:0] = [str(RUNTIME / "backup"), str(RUNTIME / "python")]

import bases  # noqa: E402
import receiver  # noqa: E402
import recovery  # noqa: E402
import wal  # noqa: E402
from runs import seal  # noqa: E402
from settings import BackupError, iso  # noqa: E402

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp()
HOUR = 3600
SEGMENT = 16 << 20


class ArchiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.settings = {"name": "Archive", "id": "shop-db-archive", "target": str(self.folder), "archive": {"maxLagSeconds": 60, "incrementals": 6}}
        self.store = bases.ArchiveStore(self.settings)
        self.store.make()

    def stretch(self, hour=0, system="1"):
        name = time.strftime("wal-%Y%m%dT%H%M%SZ", time.gmtime(START + hour * HOUR))
        folder = Path(self.store.folder) / name
        (folder / "segments").mkdir(parents=True)
        (folder / "stretch.json").write_text(json.dumps({"system": system, "segmentBytes": SEGMENT, "began": iso(START + hour * HOUR)}))
        return wal.Stretch(str(folder))

    def base(self, stretch, hour, parent=None):
        """A base backup that ended at that hour."""
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(START + hour * HOUR))
        folder = Path(self.store.folder) / name
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "backup_manifest").write_text(name)
        manifest = {
            "format": 1, "backup": self.store.owner, "name": name, "started": iso(START + hour * HOUR - 60), "ended": iso(START + hour * HOUR),
            "server": "18.1", "major": 18, "preload": "", "stretch": stretch.name, "parent": parent, "firstSegment": stretch.name_of(hour, 1),
            "bytes": 1, "files": [seal(str(folder / "data" / "backup_manifest"))],
        }  # fmt: skip
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return name

    def at(self, hour):
        return START + hour * HOUR

    def names(self):
        return [one.name for one in self.store.sets()]


class Segments(ArchiveTest):
    def test_names(self):
        stretch = self.stretch()
        self.assertEqual(stretch.segment_at("0/3000060", 1), "000000010000000000000003")
        self.assertEqual(stretch.segment_at("1/0", 2), "000000020000000100000000")
        # A position at an end is that of the segment before.
        self.assertEqual(stretch.segment_before("1/0", 1), "0000000100000000000000FF")
        for number in random.sample(range(1 << 24), 100):
            self.assertEqual(stretch.number(stretch.name_of(number, 7)), number)

    def test_the_first_that_is_missing(self):
        stretch = self.stretch()
        for number in (254, 255, 256, 258):
            Path(stretch.segments, stretch.name_of(number, 1)).touch()
        Path(stretch.segments, stretch.name_of(259, 1) + ".partial").touch()
        self.assertEqual(stretch.missing(), stretch.name_of(257, 1))
        Path(stretch.segments, stretch.name_of(257, 1)).touch()
        self.assertIsNone(stretch.missing())

    def test_one_that_was_cut_short_is_emptied_and_no_other(self):
        stretch = self.stretch()
        sizes = {"000000010000000000000001.partial": 100, "000000010000000000000002": 100, "000000010000000000000003.partial": SEGMENT}
        for name, size in sizes.items():
            with open(os.path.join(stretch.segments, name), "wb") as file:
                file.truncate(size)
        self.assertEqual(stretch.mend(), ["000000010000000000000001.partial"])
        self.assertEqual({name: os.stat(os.path.join(stretch.segments, name)).st_size for name in sizes}, {**sizes, "000000010000000000000001.partial": 0})


class Moments(ArchiveTest):
    def test_of_two_stretches_and_not_of_the_gap_between_them(self):
        first = self.stretch(0)
        names = [self.base(first, 1), self.base(first, 3)]
        first.complete_until(self.at(5))
        second = self.stretch(8, "2")
        with self.assertRaisesRegex(BackupError, "cannot be recovered, only moments from 2026-01-01T01:00:00Z to 2026-01-01T05:00:00Z$"):
            self.store.base_for(self.at(6))
        names.append(self.base(second, 9))
        for hour, name in [(1, names[0]), (2.9, names[0]), (3, names[1]), (5, names[1]), (9, names[2]), (20, names[2])]:
            self.assertEqual(self.store.base_for(self.at(hour)).name, name)
        self.assertEqual(self.store.base_for(None).name, names[2])
        for hour in (0.9, 5.1, 8.5):
            with self.assertRaisesRegex(BackupError, "to 2026-01-01T05:00:00Z; from 2026-01-01T09:00:00Z to 2026-01-01T09:00:00Z$"):
                self.store.base_for(self.at(hour))

    def test_none_without_a_base_backup(self):
        self.stretch()
        with self.assertRaisesRegex(BackupError, "there is no good base backup yet"):
            self.store.base_for(None)

    def test_an_incremental_one_is_good_with_all_that_it_needs(self):
        stretch = self.stretch()
        full = self.base(stretch, 1)
        one = self.base(stretch, 2, full)
        two = self.base(stretch, 3, one)
        self.assertEqual([each.name for each in self.store.chain(self.store.named(two))], [full, one, two])
        os.truncate(os.path.join(self.store.folder, one, "data", "backup_manifest"), 1)
        self.assertEqual([each.name for each in self.store.good()], [full])
        self.assertIsNone(self.store.chain(self.store.named(two)))
        self.assertEqual(self.store.base_for(None).name, full)

    def test_words(self):
        self.assertIsNone(recovery.moment_of("latest"))
        for text in ("2026-01-01T01:00:00Z", "2026-01-01 01:00:00+00:00", "2026-01-01T02:00:00+01:00"):
            self.assertEqual(recovery.moment_of(text), self.at(1))
        self.assertEqual(recovery.moment_of("2026-01-01T01:00:00.25Z"), self.at(1) + 0.25)
        for text in ("", "yesterday", "2026-01-01T01:00:00", "2026-13-01T01:00:00Z", "latest "):
            with self.assertRaisesRegex(BackupError, "^a moment is"):
                recovery.moment_of(text)
        with self.assertRaisesRegex(BackupError, "is yet to come"):
            recovery.moment_of(iso(time.time() + 60))


class Retention(ArchiveTest):
    def setUp(self):
        super().setUp()
        patches = [mock.patch.object(bases, "unverified", lambda _base, _stretch: None), mock.patch.object(self.store, "prune_wal", lambda: [])]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def test_the_newest_before_the_oldest_moment_stays_with_all_after_it(self):
        stretch = self.stretch()
        names = [self.base(stretch, hour) for hour in range(1, 6)]
        self.assertEqual(self.store.prune_archive(2 * HOUR, self.at(5.5)), names[1::-1])
        self.assertEqual(self.names(), names[2:])

    def test_what_an_incremental_one_needs_stays(self):
        stretch = self.stretch()
        full = self.base(stretch, 1)
        one = self.base(stretch, 2, full)
        aside = self.base(stretch, 3)
        two = self.base(stretch, 4, one)
        self.assertEqual(self.store.prune_archive(0, self.at(10)), [aside])
        self.assertEqual(self.names(), [full, one, two])

    def test_the_newest_stays_whatever_its_age(self):
        newest = self.base(self.stretch(), 1)
        self.assertEqual(self.store.prune_archive(HOUR, self.at(1000)), [])
        self.assertEqual(self.names(), [newest])

    def test_nothing_goes_for_one_that_is_damaged(self):
        stretch = self.stretch()
        names = [self.base(stretch, hour) for hour in (1, 2, 3)]
        with mock.patch.object(bases, "unverified", lambda base, _stretch: "flipped" if base.name == names[1] else None):
            self.assertEqual(self.store.prune_archive(HOUR, self.at(3.5)), [])
        self.assertEqual(self.names(), [names[0], names[2]])
        self.assertTrue(os.path.isdir(os.path.join(self.store.folder, names[1] + ".bad")))

    def test_any_moment_that_has_to_be_kept_is_kept(self):
        for _round in range(30):
            shutil.rmtree(self.store.folder)
            self.store.make()
            stretch = self.stretch()
            known = []
            for hour in range(1, random.randint(2, 15)):
                known.append(self.base(stretch, hour, known[-1] if known and random.random() < 0.7 else None))
            now, keep = self.at(15), random.randint(0, 15) * HOUR
            moments = [moment for moment in (now - random.random() * keep for _ in range(5)) if moment >= self.at(1)]
            before = [self.store.base_for(moment).name for moment in moments]
            self.store.prune_archive(keep, now)
            self.assertEqual([self.store.base_for(moment).name for moment in moments], before)
            self.assertEqual({one.name for one in self.store.good()}, set(self.names()))


class Parents(ArchiveTest):
    def parent(self, major=18):
        found = bases.parent_for(self.settings, self.store, self.store.current(), major)
        return found and found.name

    def test_a_full_one_after_so_many(self):
        stretch = self.stretch()
        self.assertIsNone(self.parent())
        newest = self.base(stretch, 1)
        for hour in range(2, 8):
            self.assertEqual(self.parent(), newest)
            newest = self.base(stretch, hour, newest)
        self.assertIsNone(self.parent())

    def test_not_before_17_and_not_across_a_gap(self):
        self.base(self.stretch(), 1)
        self.assertIsNone(self.parent(16))
        self.assertIsNotNone(self.parent(17))
        self.stretch(2)
        self.assertIsNone(self.parent())


class Health(ArchiveTest):
    GOOD = {"problem": None, "full": False, "heldBytes": 0, "limitBytes": 1 << 30}

    def check(self, now=0, **state):
        with open(self.folder / "state.json", "w", encoding="utf-8") as file:
            json.dump({**self.GOOD, "time": self.at(now), "until": self.at(now), **state}, file)
        with mock.patch.object(receiver, "STATE", str(self.folder / "state.json")), mock.patch.object(time, "time", lambda: self.at(now)):
            receiver.check(self.settings, self.store)

    def test_all_that_may_be_wrong(self):
        stretch = self.stretch()
        self.check()
        for why, state in [
            ("does not say how it is", {"time": START - 61}),
            ("no WAL is received: the disk of the target is full", {"full": True, "problem": "the disk of the target is full"}),
            ("the archive is complete up to 2025-12-31T23:58:59Z only: gone", {"until": START - 61, "problem": "gone"}),
            ("the archive is complete up to 2025-12-31T23:58:59Z only: the receiver is behind", {"until": START - 61}),
            ("the server holds back 600 MiB of WAL for the archive; beyond 1024 MiB", {"heldBytes": 600 << 20}),
        ]:
            with self.assertRaisesRegex(BackupError, why):
                self.check(**state)
        # No limit: max_slot_wal_keep_size = -1.
        self.check(heldBytes=1 << 40, limitBytes=-(1 << 20))
        for number in (1, 3):
            Path(stretch.segments, stretch.name_of(number, 1)).touch()
        with self.assertRaisesRegex(BackupError, "a segment of the WAL is gone from .*: 000000010000000000000002"):
            self.check()

    def test_a_gap_until_there_is_a_base_backup_after_it(self):
        self.base(self.stretch(0), 1)
        second = self.stretch(2)
        with self.assertRaisesRegex(BackupError, "the archive has a gap before wal-20260101T020000Z, and no base backup yet after it"):
            self.check(2)
        self.base(second, 3)
        self.check(3)

    def test_what_a_stretch_knows_counts_where_the_receiver_knows_nothing_yet(self):
        stretch = self.stretch(0)
        self.check(0, until=None)
        with self.assertRaisesRegex(BackupError, "complete up to 2026-01-01T00:00:00Z only"):
            self.check(1, until=None)
        stretch.complete_until(self.at(1))
        self.check(1, until=None)


if __name__ == "__main__":
    unittest.main()
