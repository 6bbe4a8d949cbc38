"""
Puts the files of an archive of a backup, from standard input, into the volume that they were in:

    python3 media.py FOLDER

What is missing is made, with its owner, mode and time. What is there stays: a file with other content is named, and not touched. A file gets its name when it is
whole, so after an interruption the same is simply done again. Says what it did as JSON.
"""

import contextlib
import json
import os
import stat
import sys
import tarfile

UNFINISHED = ".cdktf-django-unfinished"
CHUNK = 1 << 20


class MediaError(Exception):
    """What went wrong, for the person who restores."""


class Volume:
    def __init__(self, folder):
        self.root = os.path.realpath(folder)
        self.added = 0
        self.there = 0
        # By their names: what is there and is something else, and what no upload is.
        self.kept = []
        self.left_out = []

    def take(self, tar):
        for member in tar:
            self.take_one(tar, member)
        os.sync()

    def take_one(self, tar, member):
        path = self.place(member.name)
        if os.path.lexists(path):
            if self.same(tar, member, path):
                self.there += 1
            else:
                self.kept.append(member.name)
            return
        unfinished = os.path.join(os.path.dirname(path), UNFINISHED)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        if member.isdir():
            os.mkdir(path)
            finish(member, path)
        elif member.isreg():
            try:
                write(tar.extractfile(member), unfinished)
                finish(member, unfinished)
                os.rename(unfinished, path)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(unfinished)
                raise
        elif member.issym():
            os.symlink(member.linkname, path)
            os.chown(path, member.uid, member.gid, follow_symlinks=False)
        elif member.islnk() and member.linkname not in self.kept:
            os.link(self.place(member.linkname), path)
        else:
            self.left_out.append(member.name)
            return
        self.added += 1

    def place(self, name):
        """Where a name belongs; a link in the volume may not lead out of it."""
        path = os.path.join(self.root, name)
        folder = os.path.realpath(os.path.dirname(path))
        if os.path.isabs(name) or ".." in name.split("/") or os.path.commonpath([folder, self.root]) != self.root:
            raise MediaError(f"{name!r} would be outside of the volume")
        return path

    def same(self, tar, member, path):
        there = os.lstat(path)
        if member.isdir():
            return stat.S_ISDIR(there.st_mode)
        if member.issym():
            return stat.S_ISLNK(there.st_mode) and os.readlink(path) == member.linkname
        if not stat.S_ISREG(there.st_mode):
            return False
        if member.islnk():
            return os.path.samefile(path, self.place(member.linkname))
        if not member.isreg() or there.st_size != member.size:
            return False
        source = tar.extractfile(member)
        with open(path, "rb") as file:
            while chunk := source.read(CHUNK):
                if file.read(len(chunk)) != chunk:
                    return False
        return True


def write(source, path):
    with open(path, "xb") as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def finish(member, path):
    os.chown(path, member.uid, member.gid)
    # Nothing of an upload is a program that runs as its owner.
    os.chmod(path, member.mode & 0o1777)
    os.utime(path, (member.mtime, member.mtime))


def main(arguments):
    if len(arguments) != 1:
        print("usage: media.py FOLDER; see the head of the file", file=sys.stderr)
        return 2
    volume = Volume(arguments[0])
    try:
        with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as tar:
            volume.take(tar)
    except (MediaError, OSError, tarfile.TarError) as error:
        print(f"media: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"added": volume.added, "there": volume.there, "kept": volume.kept, "leftOut": volume.left_out}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
