"""
The preflight job: boots a server with its real settings, asks it once, and ends it.

    python preflight.py --port 8001 --path '/-/health/?database=1' [--host NAME] [--scheme https] [--expect 200-399]
        [--timeout 60] [--mark FILE] -- SERVER [ARG]...

The server must be told to listen on 127.0.0.1 and that port. Its log is this job's log. Exits 0 when the server
answered as expected; 1, with the reason in the last line, as soon as it ends by itself or answers 4xx thrice,
or when the time is up.
--mark FILE is touched after a success: release.py never prunes the static files of the last two releases marked so.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import probe  # noqa: E402  beside this file, which `python -P` does not search

STOP_GRACE = 10
PATIENCE_WITH_4XX = 3


def parse(arguments):
    parser = argparse.ArgumentParser(prog="preflight.py", allow_abbrev=False)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/")
    parser.add_argument("--host", default="localhost")
    parser.add_argument("--scheme", default="http")
    parser.add_argument("--expect", default="200-399")
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--mark", metavar="FILE")
    if "--" not in arguments:
        parser.error("the server to boot must follow after --")
    split = arguments.index("--")
    options = parser.parse_args(arguments[:split])
    options.server = arguments[split + 1 :]
    if not options.server:
        parser.error("the server to boot must follow after --")
    return options


def wait_until_healthy(server, options):
    """None, or why not."""
    deadline = time.monotonic() + options.timeout
    reason = "it was not asked"
    pause = 0.1
    hopeless = 0
    while time.monotonic() < deadline:
        code = server.poll()
        if code is not None:
            return f"the server ended by itself ({describe(code)}); its last answer: {reason}"
        try:
            ask_timeout = min(10.0, max(1.0, deadline - time.monotonic()))
            status, body = probe.ask(options.port, options.path, options.host, options.scheme, ask_timeout)
        except probe.Unhealthy as error:
            reason = str(error)
        else:
            if probe.expected(status, options.expect):
                return None
            pause = max(pause, 0.25)
            text = body[:300].decode("utf-8", "replace").strip()
            reason = f"{options.path} answered {status} {'' if text.startswith('<') else text}".strip()
            # A 4xx does not mend itself (a 5xx may: the database may come), and each answer may log a traceback.
            hopeless = hopeless + 1 if 400 <= status < 500 else 0
            if hopeless == PATIENCE_WITH_4XX:
                return reason
            pause = min(pause * 2, 4)
        time.sleep(pause)
    return f"not healthy within {options.timeout:g} s: {reason}"


def describe(code):
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def stop(server):
    if server.poll() is None:
        # Gunicorn's quick shutdown: there is no request to wait for.
        server.send_signal(signal.SIGINT)
        try:
            server.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def mark(path):
    try:
        with open(path, "ab"):
            os.utime(path)
    except OSError as error:
        print(f"preflight: {path} cannot be marked ({error.strerror})", flush=True)


def main(arguments):
    options = parse(arguments)
    started = time.monotonic()
    try:
        server = subprocess.Popen(options.server)
    except OSError as error:
        print(f"preflight: FAILED: cannot start {options.server[0]!r}: {error.strerror}", flush=True)
        return 1

    def end(number, frame):
        stop(server)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    problem = wait_until_healthy(server, options)
    if problem:
        stop(server)
        print(f"preflight: FAILED: {problem}", flush=True)
        return 1
    if options.mark:
        mark(options.mark)
    print(f"preflight: the server answers as it should, after {time.monotonic() - started:.1f} s", flush=True)
    # The release waits for this job, and the server ends with its container: it is told so, and not waited for.
    server.send_signal(signal.SIGINT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
