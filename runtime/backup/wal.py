"""
The WAL of a server, as pg_receivewal writes it: in stretches, each without a gap.

    TARGET/ID/wal-20261124T030000Z/stretch.json   of which server, since when, with which size of segments
                                   until          the newest moment up to which it is complete
                                   segments/      000000010000000000000001 and so on, the last one with .partial

A new stretch begins when the server is another one (a lost volume, a new major version) or has no longer what comes next (its slot held back too much).
"""

import json
import os
import re
import time

from settings import BackupError, from_iso, iso, write_whole

PREFIX = "wal-"
SEGMENT = re.compile(r"[0-9A-F]{24}")


class Stretch:
    def __init__(self, folder):
        self.folder = folder
        self.name = os.path.basename(folder)
        self.segments = os.path.join(folder, "segments")
        with open(os.path.join(folder, "stretch.json"), encoding="utf-8") as file:
            told = json.load(file)
        self.system, self.segment_bytes, self.began = told["system"], told["segmentBytes"], from_iso(told["began"])

    def files(self):
        return sorted(name for name in os.listdir(self.segments) if SEGMENT.fullmatch(name))

    def has(self, segment):
        return os.path.exists(os.path.join(self.segments, segment))

    def missing(self):
        """The first segment that is not there between others, or None."""
        numbers = [self.number(name) for name in self.files()]
        for before, after in zip(numbers, numbers[1:]):
            if after > before + 1:
                return self.name_of(before + 1, int(self.files()[0][:8], 16))
        return None

    def number(self, segment):
        return int(segment[8:16], 16) * self.per_id + int(segment[16:], 16)

    def name_of(self, number, timeline):
        return f"{timeline:08X}{number // self.per_id:08X}{number % self.per_id:08X}"

    @property
    def per_id(self):
        return 0x100000000 // self.segment_bytes

    def segment_at(self, position, timeline):
        """The name of the segment that has the byte at a position such as "0/3000060"."""
        return self.name_of(bytes_of(position) // self.segment_bytes, timeline)

    def segment_before(self, position, timeline):
        return self.name_of((bytes_of(position) - 1) // self.segment_bytes, timeline)

    def until(self):
        """Seconds since 1970, or None."""
        try:
            with open(os.path.join(self.folder, "until"), encoding="utf-8") as file:
                return from_iso(file.read().strip())
        except (OSError, ValueError):
            return None

    def complete_until(self, moment):
        """Without a sync: it is told again in a moment."""
        path = os.path.join(self.folder, "until")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(iso(moment) + "\n")
        os.replace(path + ".new", path)

    def mend(self):
        """A segment that a full disk cut short keeps pg_receivewal from starting. The server has all of it, since it keeps whole segments."""
        mended = []
        for name in os.listdir(self.segments):
            path = os.path.join(self.segments, name)
            if name.endswith(".partial") and os.stat(path).st_size not in (0, self.segment_bytes):
                os.truncate(path, 0)
                mended.append(name)
        return mended


def bytes_of(position):
    high, low = position.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def begin_stretch(archive, system, segment_bytes):
    folder = os.path.join(archive, f"{PREFIX}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    try:
        os.makedirs(os.path.join(folder, "segments"), mode=0o700)
    except FileExistsError:
        raise BackupError(f"{folder} is there already; trying again") from None
    write_whole(os.path.join(folder, "stretch.json"), json.dumps({"system": system, "segmentBytes": segment_bytes, "began": iso(time.time())}) + "\n")
    return Stretch(folder)


def stretches(archive):
    """Those of which is known what they are, oldest first."""
    found = []
    try:
        names = sorted(os.listdir(archive))
    except FileNotFoundError:
        return []
    for name in names:
        if name.startswith(PREFIX):
            try:
                found.append(Stretch(os.path.join(archive, name)))
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return found
