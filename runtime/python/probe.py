"""
The health probe: no curl needed, and light, for it runs every few seconds in every container.

    python -IS probe.py --port 8000 --path /-/health/ [--host NAME] [--scheme https] [--expect 200-399] [--timeout 3]
        [--until-first-success PATH] [--heartbeat SECONDS] [--state FILE] [--end-after SECONDS] [--last SECONDS]
    python -IS probe.py --heartbeat SECONDS [--broker HOST:PORT] [--state FILE] [--end-after SECONDS] [--last SECONDS]
    python -IS probe.py --running SECONDS [--state FILE] [--last SECONDS]

The second and third are for what serves no port. With one, it GETs the path from 127.0.0.1 with that Host and X-Forwarded-Proto, as the proxy would. Exits 0, or 1 with one line
that says why. --expect takes a range (200-399), a number (204) or a limit (<500).

--until-first-success PATH  Until it has succeeded once, ask this path instead (the one that asks the database too):
                            a release that cannot reach its database does not go live, but one that is live is not
                            restarted because the database is away. Remembered in --state.
--heartbeat SECONDS         After the first success do not ask over HTTP at all, but whether a Gunicorn worker's main
                            loop ran in the last SECONDS (gunicorn.conf.py). Not in line behind busy threads.
--broker HOST:PORT          Who cannot reach its broker shows no sign of life, and is well: that time does not count. It is asked only
                            when there is none.
--running SECONDS           Of a program that shows no sign of life: healthy when the container has run for so long. One that ends at
                            its start never gets there.
--end-after SECONDS         Once healthy and then unhealthy in each probe for that long (plus up to a quarter, by
                            chance, so that replicas do not end together): end the server, so that its restart policy
                            revives it. First by SIGTERM to process 1, 30 s later by SIGKILL to everything else.
--last SECONDS              How long a probe lasts. Until the first success it asks again and again in that time; later
                            it waits first and then looks once. So a release sees within a moment that a new server is
                            well, and yet probes begin no more often: what costs is their beginning. (The engine's own
                            start_interval came with version 25.)
"""

# Only built-in modules at the top: the rest costs more than the probe itself.
import _socket
import os
import sys
import time

HEARTBEATS = os.environ.get("CDKTF_HEARTBEAT_DIR") or "/dev/shm/cdktf-heartbeat"
GRACE_AFTER_SIGTERM = 30


class Unhealthy(Exception):
    """Why; the text is the probe's one line."""


class WrongAnswer(Unhealthy):
    """The server is there, and says that it is not well."""


def parse(arguments):
    options = {
        "--port": None,
        "--path": "/",
        "--host": "localhost",
        "--scheme": "http",
        "--expect": "200-399",
        "--timeout": "3",
        "--until-first-success": None,
        "--heartbeat": None,
        "--broker": None,
        "--running": None,
        "--state": "/tmp/.cdktf-probe",
        "--end-after": None,
        "--last": "0",
    }
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name not in options:
            raise SystemExit("probe: unknown option " + name)
        if not equals:
            if not rest:
                raise SystemExit("probe: a value must follow " + name)
            value = rest.pop(0)
        options[name] = value
    if options["--port"] is None and options["--heartbeat"] is None and options["--running"] is None:
        raise SystemExit("probe: --port, --heartbeat or --running is missing")
    return options


def expected(status, rule):
    if rule.startswith("<"):
        return status < int(rule[1:])
    low, _, high = rule.partition("-")
    return int(low) <= status <= int(high or low)


def ask(port, path, host, scheme, timeout):
    """The status and the beginning of the body. One deadline holds for all of it, not one for each read."""
    deadline = time.monotonic() + timeout
    request = (
        # 1.0, so that the answer is not chunked
        "GET %s HTTP/1.0\r\nHost: %s\r\nX-Forwarded-Proto: %s\r\nUser-Agent: cdktf-django-probe\r\n"
        "Accept: */*\r\n\r\n" % (path, host, scheme)
    ).encode()
    connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(("127.0.0.1", port))
        connection.sendall(request)
        answer = b""
        while len(answer) < 4096:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _socket.timeout
            connection.settimeout(left)
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    except _socket.timeout:
        raise Unhealthy("no answer from port %d within %g s" % (port, timeout))
    except OSError as error:
        raise Unhealthy("port %d: %s" % (port, error.strerror or error))
    finally:
        connection.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise Unhealthy("port %d does not speak HTTP" % port)
    return int(words[1]), body


def check_http(options, path):
    status, body = ask(
        int(options["--port"]), path, options["--host"], options["--scheme"], float(options["--timeout"])
    )
    if not expected(status, options["--expect"]):
        detail = body[:300].decode("utf-8", "replace").strip().replace("\r", "").replace("\n", " ")
        if detail.startswith("<"):
            detail = ""  # a page for people
        raise WrongAnswer("%s answered %d %s" % (path, status, detail))


def check_heartbeat(limit, options):
    """The youngest beat of all workers; file times and the clock are both the system's."""
    broker = options["--broker"]
    youngest = 0.0
    try:
        for name in os.listdir(HEARTBEATS):
            try:
                youngest = max(youngest, os.stat(HEARTBEATS + "/" + name).st_mtime)
            except OSError:
                pass  # that worker has just ended
    except OSError:
        pass
    age = time.time() - youngest
    if age <= limit:
        return
    if broker and not answers(broker):
        if not succeeded_before(options):
            raise Unhealthy("the broker %s cannot be reached" % broker)
        touch(options["--state"] + ".away")
        return
    if broker and time.time() - modified(options["--state"] + ".away") <= limit:
        return  # it looks for it from time to time
    raise Unhealthy("no worker's main loop has run for %s" % ("%d s" % age if youngest else "ever so long"))


def answers(address):
    """Whether somebody listens there."""
    host, _, port = address.rpartition(":")
    try:
        found = _socket.getaddrinfo(host, int(port), 0, _socket.SOCK_STREAM)
    except OSError:
        return False
    for family, kind, protocol, _, where in found:
        connection = _socket.socket(family, kind, protocol)
        try:
            connection.settimeout(2)
            connection.connect(where)
            return True
        except OSError:
            pass
        finally:
            connection.close()
    return False


def touch(path):
    with open(path, "w", encoding="ascii"):
        pass


def modified(path):
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def check_running(least):
    """Process 1 is as old as the container; since the machine's start, in hundredths of a second."""
    with open("/proc/1/stat", encoding="ascii", errors="replace") as file:
        began = int(file.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    with open("/proc/uptime", encoding="ascii") as file:
        age = float(file.read().split()[0]) - began
    if age < least:
        raise Unhealthy("it has run for %.1f s" % age)


def succeeded_before(options):
    return os.path.exists(options["--state"])


def remember_success(options):
    with open(options["--state"], "w", encoding="ascii"):
        pass
    if options["--end-after"]:
        for name in (".failing", ".ending"):
            try:
                os.unlink(options["--state"] + name)
            except OSError:
                pass


def seconds_since_first(path):
    """Since this was first asked. By a clock that nobody sets, and that stands still while the machine sleeps."""
    now = time.monotonic()
    try:
        with open(path, encoding="ascii") as file:
            return now - float(file.read())
    except (OSError, ValueError):
        with open(path, "w", encoding="ascii") as file:
            file.write(repr(now))
        return 0.0


def check(options):
    if options["--running"]:
        check_running(float(options["--running"]))
        return
    if options["--port"] is None:
        check_heartbeat(float(options["--heartbeat"]), options)
        return
    first = not succeeded_before(options)
    if first and options["--until-first-success"]:
        check_http(options, options["--until-first-success"])
    elif not first and options["--heartbeat"]:
        check_heartbeat(float(options["--heartbeat"]), options)
    else:
        check_http(options, options["--path"])


def check_for_a_while(options):
    """See --last."""
    lasts = float(options["--last"])
    if succeeded_before(options):
        time.sleep(lasts)
        check(options)
        return
    deadline = time.monotonic() + lasts
    while True:
        try:
            check(options)
            return
        except Unhealthy as reason:
            # Each answer may log a traceback; a port that is not open yet costs nobody anything.
            pause = 1 if isinstance(reason, WrongAnswer) else 0.1
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)


def end_server_if_dead(options):
    """See --end-after. A server that has never been well is left to whoever started it."""
    if not options["--end-after"] or not succeeded_before(options):
        return
    limit = float(options["--end-after"])
    limit += limit / 4 * os.urandom(1)[0] / 255
    # Since its first failed probe, and not since the last good one: a machine that was asleep has not watched it.
    if seconds_since_first(options["--state"] + ".failing") < limit:
        return
    import signal

    since = seconds_since_first(options["--state"] + ".ending")
    if since == 0:
        print("probe: the server stays dead; ending it (SIGTERM)")
        send(1, signal.SIGTERM)
    elif since >= GRACE_AFTER_SIGTERM:
        print("probe: the server stays dead; ending it (SIGKILL)")
        for pid in others():
            send(pid, signal.SIGKILL)


def others():
    """Every process of the container but the first, this one and the one that started it."""
    spared = (1, os.getpid(), os.getppid())
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in spared]


def send(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def main(arguments):
    options = parse(arguments)
    try:
        check_for_a_while(options)
    except Unhealthy as reason:
        print("unhealthy: %s" % reason)
        end_server_if_dead(options)
        return 1
    try:
        remember_success(options)
    except OSError as error:
        print("probe: %s cannot be written (%s)" % (options["--state"], error.strerror))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
