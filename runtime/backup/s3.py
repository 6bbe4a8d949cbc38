"""
Backups in a bucket: a set is made in a staging folder as in any other target, and is then one snapshot of a restic repository of its own, encrypted. All
bytes are read back from there before it counts. Which snapshots stay is judged by the same rules.
"""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import types
import uuid

from sets import CHUNK, NAME, UNFINISHED, BackupSet, Store, described, read_manifest, wanted
from settings import BackupError, from_iso


PATIENCE = 30


class S3Store(Store):
    def __init__(self, settings):
        super().__init__(settings)
        self.s3 = settings["s3"]

    def environment(self):
        own = {
            "RESTIC_REPOSITORY": self.s3["repository"],
            "RESTIC_PASSWORD_FILE": self.s3["encryptionKeyFile"],
            "RESTIC_CACHE_DIR": os.path.join(self.folder, "cache"),
            "AWS_ACCESS_KEY_ID": secret(self.s3["accessKeyIdFile"]),
            "AWS_SECRET_ACCESS_KEY": secret(self.s3["secretAccessKeyFile"]),
            "AWS_DEFAULT_REGION": self.s3["region"],
        }
        return {**os.environ, **own}

    def restic(self, *arguments, check=True, patience=None):
        """`patience` seconds at most: by itself restic tries for a quarter of an hour to reach a bucket."""
        command = ["restic", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        try:
            ran = subprocess.run(command, env=self.environment(), text=True, timeout=patience, **pipes)
        except subprocess.TimeoutExpired:
            raise BackupError(f"the bucket did not answer within {patience} s") from None
        if check and ran.returncode != 0:
            raise BackupError(f"restic {arguments[0]} failed: {reason_of(ran)}")
        return ran

    def make(self):
        super().make()
        # What a run left that was killed before all of it was in the bucket.
        with contextlib.suppress(BackupError), self.running():
            for name in self.names():
                shutil.rmtree(os.path.join(self.folder, name))

    def publish(self, one):
        try:
            self.ensure_repository()
            # One run at a time has it, so a lock is of one that was killed.
            self.restic("unlock", "--remove-all")
            summary = base64.urlsafe_b64encode(json.dumps(described(one, None)).encode()).decode()
            tags = ("--tag", f"name:{one.name}", "--tag", f"about:{summary}")
            printed = self.restic("backup", "--json", "--host", self.owner, "--time", local(one.started), *tags, one.folder).stdout
            snapshot = next(line["snapshot_id"] for line in map(json.loads, reversed(printed.splitlines())) if line.get("message_type") == "summary")
            try:
                self.read_back(one, snapshot)
                self.restic("check")
            except BaseException:
                self.restic("forget", snapshot, check=False)
                raise
        finally:
            shutil.rmtree(one.folder, ignore_errors=True)

    def ensure_repository(self):
        there = self.restic("cat", "config", check=False, patience=PATIENCE)
        if there.returncode == 0:
            return
        made = self.restic("init", check=False, patience=PATIENCE)
        if made.returncode != 0:
            first = there if "already" in made.stderr else made
            raise BackupError(f"the bucket cannot be used: {reason_of(first)}")

    def read_back(self, one, snapshot):
        for file in one.manifest["files"]:
            digest = hashlib.sha256()
            command = ["restic", "dump", "--no-lock", snapshot, one.path(file["name"])]
            child = subprocess.Popen(command, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with child:
                while chunk := child.stdout.read(CHUNK):
                    digest.update(chunk)
                said = child.stderr.read().decode(errors="replace")
            if child.returncode != 0:
                raise BackupError(f"{file['name']} cannot be read back from the bucket: {said.strip()[-300:]}")
            if digest.hexdigest() != file["sha256"]:
                raise BackupError(f"{file['name']} is not what was sent to the bucket")

    def prune(self, keep, trusted, log):
        known = self.snapshots()
        judged = [types.SimpleNamespace(name=name, started=from_iso(about["time"]), system=about.get("system")) for name, _id, _path, about in known]
        stay = {one.name for one in wanted(judged, keep)}
        doomed = {name: snapshot for name, snapshot, _path, _about in known if name not in stay}
        if doomed:
            self.restic("forget", "--prune", *doomed.values())
        return sorted(doomed)

    def snapshots(self):
        found = []
        listed = self.restic("snapshots", "--json", "--no-lock", "--host", self.owner, patience=PATIENCE)
        for one in json.loads(listed.stdout or "[]"):
            tags = dict(tag.split(":", 1) for tag in one.get("tags") or [] if ":" in tag)
            if NAME.fullmatch(tags.get("name", "")) and "about" in tags:
                found.append((tags["name"], one["id"], one["paths"][0], json.loads(base64.urlsafe_b64decode(tags["about"]))))
        return sorted(found)

    def listing(self):
        return [about for _name, _id, _path, about in reversed(self.snapshots())]

    def newest_started(self):
        newest = self.read_status().get("newest")
        return from_iso(newest) if newest else None

    def newest_name(self):
        return None

    @contextlib.contextmanager
    def opened(self, name=None):
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        known = self.snapshots()
        wanted = [one for one in known if name is None or one[0] == name]
        if not wanted:
            raise BackupError(f"there is no backup {name!r} in the bucket; there are: {', '.join(one[0] for one in known) or 'none'}")
        found, snapshot, path, _about = wanted[-1]
        target = os.path.join(self.folder, f"{UNFINISHED}fetch-{uuid.uuid4()}")
        try:
            self.restic("restore", "--no-lock", snapshot, "--target", target)
            folder = target + path
            manifest = read_manifest(os.path.join(folder, "manifest.json"), self.owner)
            if manifest is None:
                raise BackupError(f"backup {found} has no manifest, so nothing was touched")
            one = BackupSet(folder, manifest)
            problem = one.problem()
            if problem:
                raise BackupError(f"backup {found} is damaged, so nothing was touched: {problem}")
            yield one
        finally:
            shutil.rmtree(target, ignore_errors=True)


def local(timestamp):
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(timestamp))


def secret(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def reason_of(ran):
    lines = [line for line in ran.stderr.strip().splitlines() if line.strip()]
    return " | ".join(lines[-3:]) or f"exit code {ran.returncode}"
