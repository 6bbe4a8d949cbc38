"""
Starts the program of a Python container, with the secrets that it can only read from its environment.

    python launch.py [--env NAME=FILE]... [--env-template NAME=TEMPLATE]... [--chdir DIR] [--job] -- PROGRAM [ARG]...

--env NAME=FILE            the variable gets the file's content
--env-template NAME=TEXT   {file:FILE} inserts a file's content, {url:FILE} the same quoted for a URL, as in
                           DATABASE_URL=postgres://shop:{url:/run/secrets/db-password/value}@db:5432/shop
--job                      run the program to its end, and keep its output short and free of secrets (below)

The same can be said in launch.json beside this file (or at $CDKTF_LAUNCH_CONFIG), so that `docker exec ... manage`
gets what the server got: {"env": {NAME: FILE}, "templates": {NAME: TEXT}, "chdir": DIR}. Flags win over it.

Without --job the program replaces this process (same pid, same signals). So a value is in that process's memory and
nowhere else: in no command line, image, log or `docker inspect`. A secret that is missing or empty is an error here.

With --job the output goes through this process, because Terraform keeps the log of a job in its state and passes it
on as one argument, which has a limit:
- The value of every file /run/secrets/*/value is replaced by [redacted:NAME], also quoted for a URL, for JSON, for
  HTML, in Python's repr, or in base64. Values, and lines of values, shorter than 6 characters are left alone: they
  would be found everywhere.
- The first 16 KiB are passed on at once, so that one can watch. Of what follows, the last 46 KiB are kept and printed
  at the end, with a note of how much was dropped in between: altogether under 64 KiB.
- SIGTERM and SIGINT are passed on; the exit code is the program's own (128 + n when signal n ended it).
"""

import argparse
import base64
import glob
import html
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections import deque
from urllib.parse import quote, quote_plus

SECRETS_FOLDER = os.environ.get("CDKTF_SECRETS_DIR") or "/run/secrets"
HEAD_BUDGET = 16 * 1024
TAIL_BUDGET = 46 * 1024
SHORTEST_REDACTED = 6
LONGEST_LINE = 64 * 1024
CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h: starting again will not help
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
PLACEHOLDER = re.compile(r"\{(file|url):([^{}]+)\}")


class LaunchError(Exception):
    """A mistake in what the deploy handed over; its text is for the person who reads the log."""


# The environment


def read_secret(path, name):
    """A file's content without the one trailing newline that `echo` and editors leave."""
    try:
        with open(path, encoding="utf-8") as file:
            value = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise LaunchError(f"the secret for {name} cannot be read from {path}: {reason}") from None
    if value.endswith("\n"):
        value = value[:-1]
    if not value:
        raise LaunchError(f"the secret for {name} is empty: {path}")
    if "\0" in value:
        raise LaunchError(f"the secret for {name} contains a NUL byte, which no environment can hold: {path}")
    return value


def fill_template(template, name):
    def insert(match):
        value = read_secret(match.group(2), name)
        return quote(value, safe="") if match.group(1) == "url" else value

    return PLACEHOLDER.sub(insert, template)


def secret_environment(files, templates):
    """The variables to add. A name given twice is a contradiction, not an order."""
    for name in [*files, *templates]:
        if not NAME.match(name):
            raise LaunchError(f"{name!r} is no name for an environment variable")
    for name in files:
        if name in templates:
            raise LaunchError(f"{name} is given both as a file and as a template")
    result = {name: read_secret(path, name) for name, path in files.items()}
    result.update({name: fill_template(template, name) for name, template in templates.items()})
    return result


def read_config(path):
    """launch.json; a container without secrets in its environment has none."""
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise LaunchError(f"{path} cannot be read: {error}") from None
    return config


# Redaction


class Redactor:
    """Replaces secret values in bytes of output."""

    def __init__(self, values):
        """`values` is a list of (name, value)."""
        forms = {}
        for name, value in values:
            for part in {value, *value.splitlines()}:
                if len(part.strip()) >= SHORTEST_REDACTED:
                    for form in written_forms(part):
                        forms.setdefault(form, b"[redacted:" + name.encode() + b"]")
        self.forms = forms
        self.longest = max(map(len, forms), default=0)
        alternatives = b"|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self.pattern = re.compile(alternatives) if forms else None

    def __call__(self, data):
        return self.pattern.sub(lambda match: self.forms[match.group()], data) if self.pattern else data


def written_forms(text):
    """How a value may appear in a traceback, a URL, a JSON document or a header."""
    encoded = text.encode()
    forms = {
        text,
        quote(text),
        quote(text, safe=""),
        quote_plus(text),
        quote(text, safe="").replace("%20", "+"),
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(text)[1:-1])[1:-1],
        repr(text)[1:-1],
        html.escape(text),
        text.replace("'", "'\"'\"'"),
        text.replace("'", "''"),
        base64.b64encode(encoded).decode(),
        base64.urlsafe_b64encode(encoded).decode(),
    }
    return {form.encode() for form in forms} | {form.lower().encode() for form in forms if "%" in form}


def mounted_secrets():
    """Every secret of the container. One that this user cannot read cannot be in the program's output either."""
    result = []
    for path in sorted(glob.glob(os.path.join(SECRETS_FOLDER, "*", "value"))):
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                value = file.read().strip("\n")
        except OSError:
            continue
        if value:
            result.append((os.path.basename(os.path.dirname(path)), value.encode("utf-8", "replace").decode()))
    return result


# Output with a budget


class BoundedOutput:
    """Passes the beginning on at once, and keeps the end; see the top of the file."""

    def __init__(self, write, head=HEAD_BUDGET, tail=TAIL_BUDGET):
        self.write = write
        self.head_left = head
        self.tail_budget = tail
        self.tail = deque()
        self.tail_size = 0
        self.dropped = 0

    def add(self, line):
        if self.head_left >= len(line) and not self.tail:
            self.head_left -= len(line)
            self.write(line)
            return
        self.tail.append(line)
        self.tail_size += len(line)
        while self.tail_size > self.tail_budget:
            self._drop_some()

    def _drop_some(self):
        excess = self.tail_size - self.tail_budget
        first = self.tail[0]
        if len(first) <= excess or len(self.tail) > 1:
            self.tail.popleft()
            cut = len(first)
        else:  # a single line longer than all there is room for
            self.tail[0] = first[excess:]
            cut = excess
        self.tail_size -= cut
        self.dropped += cut

    def finish(self):
        if self.dropped:
            self.write(b"\n[... %d bytes left out ...]\n\n" % self.dropped)
        for line in self.tail:
            self.write(line)
        self.tail.clear()


class LineSplitter:
    """Cuts a stream into redacted lines; a line without an end is cut where no secret can be in two."""

    def __init__(self, redact, emit):
        self.redact = redact
        self.emit = emit
        self.rest = b""

    def feed(self, data):
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            self.emit(self.redact(line) + b"\n")
        if len(self.rest) > LONGEST_LINE:
            clean = self.redact(self.rest)
            keep = max(self.redact.longest, 1)
            self.emit(clean[:-keep])
            self.rest = clean[-keep:]

    def finish(self):
        if self.rest:
            self.emit(self.redact(self.rest) + b"\n")
            self.rest = b""


def run_job(program, environment):
    """Runs the program as a child; returns its exit code."""
    output = BoundedOutput(write_out)
    splitter = LineSplitter(Redactor(mounted_secrets()), output.add)
    environment = {**environment, "CDKTF_JOB": "1"}
    environment.setdefault("PYTHONUNBUFFERED", "1")  # else lines of several processes come out of order
    child = subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: pass_on(child, received))
    try:
        for data in read_until_end(child):
            splitter.feed(data)
    finally:
        splitter.finish()
        output.finish()
    code = child.wait()
    return code if code >= 0 else 128 - code


def read_until_end(child):
    """What the child writes; a grandchild that outlives it and holds the pipe is not waited for."""
    descriptor = child.stdout.fileno()
    deadline = None
    while deadline is None or time.monotonic() < deadline:
        if deadline is None and child.poll() is not None:
            deadline = time.monotonic() + 2
        if select.select([descriptor], [], [], 0.2)[0]:
            data = os.read(descriptor, 65536)
            if not data:
                return
            yield data


def pass_on(child, number):
    try:
        child.send_signal(number)
    except ProcessLookupError:
        pass


def write_out(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


# The command line


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="launch.py", allow_abbrev=False)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--env-template", action="append", default=[], metavar="NAME=TEMPLATE")
    parser.add_argument("--chdir", metavar="DIR")
    parser.add_argument("--job", action="store_true")
    if "--" not in arguments:
        parser.error("the program to start must follow after --")
    split = arguments.index("--")
    options = parser.parse_args(arguments[:split])
    options.program = arguments[split + 1 :]
    if not options.program:
        parser.error("the program to start must follow after --")
    return options


def pairs(items):
    result = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not value:
            raise LaunchError(f"{item!r} is not NAME=VALUE")
        result[name] = value
    return result


def prepare(options):
    """The environment and folder that the program gets."""
    default_config = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launch.json")
    config = read_config(os.environ.get("CDKTF_LAUNCH_CONFIG") or default_config)
    files, templates = pairs(options.env), pairs(options.env_template)
    for source, target, other in (("env", files, templates), ("templates", templates, files)):
        for name, value in (config.get(source) or {}).items():
            if name not in other:
                target.setdefault(name, value)
    folder = options.chdir or config.get("chdir")
    if folder:
        try:
            os.chdir(folder)
        except OSError as error:
            raise LaunchError(f"cannot enter {folder}: {error.strerror}") from None
    return {**os.environ, **secret_environment(files, templates)}


def main(arguments):
    options = parse_arguments(arguments)
    try:
        environment = prepare(options)
        if options.job:
            return run_job(options.program, environment)
        sys.stdout.flush()
        os.execvpe(options.program[0], options.program, environment)
    except LaunchError as error:
        print(f"launch: {error}", file=sys.stderr)
        return CONFIGURATION_ERROR
    except OSError as error:
        print(f"launch: cannot start {options.program[0]!r}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
