"""
Static files that two releases can share.

Files carry a hash of their content in their names, so that pages of the old and of the new release each find
theirs in one volume. What differs from Django's ManifestStaticFilesStorage:

- The manifest (plain name -> hashed name) is per release: .manifests/<release>.json in STATIC_ROOT. With a shared
  one, a worker of the old release that is recycled during a deploy would render names of the new.
- Files are replaced atomically and never deleted: another release serves them at this very moment.
- A file that does not exist is no error, neither in a template nor in a style sheet: the plain name is used.
"""

import filecmp
import logging
import os
import re
import tempfile
from hashlib import sha256

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.exceptions import SuspiciousOperation

MANIFEST_FOLDER = ".manifests"
TEMPORARY_PREFIX = ".cdktf-"
RELEASE_VARIABLE = "CDKTF_DJANGO_RELEASE"

logger = logging.getLogger("django.contrib.staticfiles")


def manifest_name(release=None):
    """The release's manifest, relative to STATIC_ROOT. A release that is no file name is hashed into one."""
    if release is None:
        release = os.environ.get(RELEASE_VARIABLE) or "default"
    if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}", release):
        release = sha256(release.encode()).hexdigest()[:32]
    return f"{MANIFEST_FOLDER}/{release}.json"


class ReleaseStaticFilesStorage(ManifestStaticFilesStorage):
    def __init__(self, *args, **kwargs):
        self.manifest_name = manifest_name()
        self._created = set()
        self._missing = set()
        super().__init__(*args, **kwargs)

    # Names that are missing

    def stored_name(self, name):
        """For {% static %}: the manifest's name, or the plain one."""
        try:
            return super().stored_name(name)
        except ValueError:
            if name not in self._missing:
                self._missing.add(name)
                logger.warning("Static file %r is not among the collected ones; its plain name is used.", name)
            return name

    def _stored_name(self, name, hashed_files):
        """For references inside style sheets and scripts, while collecting."""
        try:
            return super()._stored_name(name, hashed_files)
        except (ValueError, SuspiciousOperation):
            logger.warning("Static file %r is referred to, but does not exist; the reference stays as it is.", name)
            return name

    def post_process(self, paths, dry_run=False, **options):
        """Text that is not UTF-8 cannot be searched for references; it is hashed as it is."""
        opaque = {} if dry_run else {name: found for name, found in paths.items() if self._is_opaque(name, found)}
        self._opaque_names = {}
        for name, (storage, path) in opaque.items():
            with storage.open(path) as file:
                hashed = self.hashed_name(name, file)
                if not self.exists(hashed):
                    self._save(hashed, file)
            self._opaque_names[self.hash_key(self.clean_name(name))] = self.clean_name(hashed)
            yield name, hashed, True
        searchable = {name: found for name, found in paths.items() if name not in opaque}
        yield from super().post_process(searchable, dry_run=dry_run, **options)

    def save_manifest(self):
        self.hashed_files.update(self._opaque_names)
        super().save_manifest()

    def _is_opaque(self, name, found):
        if not name.endswith((".css", ".js")):
            return False
        storage, path = found
        with storage.open(path) as file:
            try:
                file.read().decode("utf-8")
            except UnicodeDecodeError:
                return True
        return False

    # Replacing without a gap

    def get_available_name(self, name, max_length=None):
        """A file with this name is replaced, not dodged."""
        return name

    def get_modified_time(self, name):
        """Unknown, so that collectstatic looks at every file: times in images are often all the same, or older."""
        raise NotImplementedError("cdktf-django compares content, not times")

    def delete(self, name):
        """Only what this process made; anything else may be served right now, and is pruned by release.py."""
        if name in self._created:
            self._created.discard(name)
            super().delete(name)

    def _save(self, name, content):
        """Writes beside the file and renames, so that a reader sees the old content or the new, never half of one."""
        target = self.path(name)
        folder = os.path.dirname(target)
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
            mode = self.file_permissions_mode
            os.chmod(temporary, 0o644 if mode is None else mode)
            if not os.path.lexists(target):
                self._created.add(name)
            if name.startswith(MANIFEST_FOLDER) or not _same(temporary, target):
                os.replace(temporary, target)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
        return name.replace("\\", "/")


def _same(one, other):
    """Same content: then the file keeps its time, and with it what browsers have cached."""
    return os.path.isfile(other) and not os.path.islink(other) and filecmp.cmp(one, other, shallow=False)
