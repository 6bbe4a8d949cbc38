"""
Runs Celery's own `worker` or `beat`, unchanged but for what a container needs.

    python celery_process.py --app shop [--grace SECONDS] [--lock FILE] -- worker|beat [ARG]...

The arguments after -- are Celery's. What is added:

- Settings. The project's celery.py must leave DJANGO_SETTINGS_MODULE as the deploy set it; one that does not would
  work with its development settings, and is refused.
- A sign of life that costs nothing: a file in $CDKTF_HEARTBEAT_DIR is touched by the worker's main loop (a bootstep of
  the consumer, as Celery's "Extensions and Bootsteps" describes), or by each tick of beat. `celery inspect ping` takes
  seconds of CPU, since it imports the whole project, and waits in line in a busy worker (celery/celery#4079).
- --grace: the time that tasks have to end once the worker was asked to (SIGTERM, a warm shutdown). Then it gets SIGQUIT
  by itself: tasks that are acknowledged late go back to the broker, instead of being killed with the container and coming
  back after the visibility timeout (Celery 5.5 and newer).
- Tasks that the worker has taken and not begun go back to the broker as soon as it was asked to end. Celery itself gives them
  back when it exits, after its longest task; and not at all when it is killed before. Only with Redis.
- A task that the worker does not know goes back to the broker while workers of a newer release are there, which do: for a
  moment both take tasks. Celery itself throws it away, as do the newest workers. Only with Redis, which remembers who they are.
- --lock: beat begins when it has that lock. The one of the next release stands by until the one before has ended.
"""

import argparse
import fcntl
import importlib
import os
import signal
import sys
import threading
import time

HEARTBEATS = os.environ.get("CDKTF_HEARTBEAT_DIR") or "/dev/shm/cdktf-heartbeat"
HEARTBEAT_EVERY = 2.0
#: Beat sleeps no longer than this between two ticks, so that the heartbeat's limit can be short.
LONGEST_SLEEP = 30
#: How long a task that nobody here knows is put back, and how often.
UNKNOWN_FOR = 300
UNKNOWN_EVERY = 1.0
#: As long as a broker waits for an acknowledgement, Celery's own default for Redis. Then it gives the task to another worker, too.
VISIBILITY_TIMEOUT = 3600
#: From the end of the tasks' time until what is left is given back whether Celery has come to its end or not.
LAST_RESORT_AFTER = 6
CONFIGURATION_ERROR = 78  # EX_CONFIG of sysexits.h


class Refused(Exception):
    """A mistake in the project or the deploy; its text is for the person who reads the log."""


# The sign of life


def prepare_heartbeat():
    """Beats of a process before this one say nothing."""
    os.makedirs(HEARTBEATS, mode=0o700, exist_ok=True)
    for name in os.listdir(HEARTBEATS):
        os.unlink(os.path.join(HEARTBEATS, name))


def live():
    path = os.path.join(HEARTBEATS, "celery")
    try:
        os.utime(path)
    except FileNotFoundError:
        with open(path, "w", encoding="ascii"):
            pass


# The project


def require_packages():
    wanted = {"celery": "celery"}
    if os.environ.get("CELERY_BROKER_URL", "").startswith(("redis://", "rediss://")):
        wanted["redis"] = "celery[redis]"
    for module, requirement in wanted.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise Refused(
                f"the image has no Python package {module} ({error}): add {requirement} to the project's requirements"
            ) from None


def load_app(name):
    """The project's Celery app, as `celery -A` finds it, under the deploy's settings."""
    from celery.app.utils import find_app

    wanted = os.environ.get("DJANGO_SETTINGS_MODULE")
    app = find_app(name)
    from django.conf import settings

    active = settings.SETTINGS_MODULE if settings.configured else os.environ.get("DJANGO_SETTINGS_MODULE")
    if wanted and (active != wanted or os.environ.get("DJANGO_SETTINGS_MODULE") != wanted):
        raise Refused(
            f"after the import of {name!r} the settings module is {active!r} and not {wanted!r}. "
            "Use os.environ.setdefault('DJANGO_SETTINGS_MODULE', ...) in celery.py, as Celery's guide for Django does."
        )
    # Celery 6 will give up at once where the broker is not there yet.
    if app.conf.broker_connection_retry_on_startup is None:
        app.conf.broker_connection_retry_on_startup = True
    return app


# The worker


def set_up_worker(app, grace, limited):
    """`limited` says whether the worker's pool can end a task."""
    from celery import bootsteps
    from celery.signals import worker_shutting_down
    from celery.worker import state

    if limited and app.conf.task_time_limit is None:
        options = app.conf.broker_transport_options or {}
        app.conf.task_time_limit = options.get("visibility_timeout", VISIBILITY_TIMEOUT)

    newest = Newest(os.environ.get("CDKTF_DJANGO_RELEASE"))
    taken = Taken()

    class Heartbeat(bootsteps.StartStopStep):
        """With each connection to the broker: Celery forgets its timers when it loses one."""

        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer, **kwargs):
            super().__init__(consumer, **kwargs)
            consumer.on_unknown_task = PutBack(consumer, newest, consumer.on_unknown_task)
            self.entry = None

        def start(self, consumer):
            newest.claim()
            taken.consumer = consumer
            self.entry = consumer.timer.call_repeatedly(HEARTBEAT_EVERY, live, priority=10)

        def stop(self, consumer):
            if self.entry is not None:
                self.entry.cancel()
                self.entry = None
            # Also called when a connection is lost; then Celery gives all of them back.
            if state.should_stop is not None:
                taken.give_back_waiting(state.active_requests)

    app.steps["consumer"].add(Heartbeat)
    # A reference: signals keep none.
    worker_shutting_down.connect(lambda how="", **_: drain(how, grace, taken), weak=False)


def drain(how, grace, taken):
    """The main loop stands still while tasks end, and that is well."""
    if how != "Warm":
        return

    def live_for(seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            live()
            time.sleep(0.5)

    def watch():
        live_for(grace)
        os.kill(os.getpid(), signal.SIGQUIT)
        live_for(LAST_RESORT_AFTER)
        # The container is about to be killed.
        print(f"celery: has not ended in {LAST_RESORT_AFTER} s, and is ended now", flush=True)
        try:
            taken.give_back_all()
        finally:
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Taken:
    """What this worker has taken from the broker and not acknowledged, where the transport remembers it (kombu's virtual ones)."""

    def __init__(self):
        self.consumer = None

    def _channel(self):
        tasks = getattr(self.consumer, "task_consumer", None)
        return getattr(tasks, "channel", None)

    def _messages(self):
        qos = getattr(self._channel(), "qos", None)
        return [one for one in list(getattr(qos, "_delivered", {}).values()) if not one.acknowledged]

    def give_back_waiting(self, active):
        """All but those that a process is at."""
        if not self._messages() and not getattr(self._channel(), "_in_poll", None):
            return
        # Celery does so next; until then they would come back at once.
        self.consumer.task_consumer.cancel()
        self._read_what_is_under_way()
        begun = {request.message.delivery_tag for request in list(active)}
        waiting = [message for message in self._messages() if message.delivery_tag not in begun]
        for message in waiting:
            message.requeue()
        if waiting:
            print(f"celery: {len(waiting)} tasks that were not begun are back with the broker", flush=True)

    def _read_what_is_under_way(self):
        """The server may have sent a message that nobody has read yet; kombu puts it back, since nobody consumes any more."""
        channel = self._channel()
        if not getattr(channel, "_in_poll", None):
            return
        from queue import Empty

        try:
            channel._brpop_read()
        except Empty:
            pass

    def give_back_all(self):
        for message in self._messages():
            message.requeue()


class Newest:
    """Which release began last."""

    KEY = "cdktf-django.newest-release"

    def __init__(self, release):
        url = os.environ.get("CELERY_BROKER_URL", "")
        self.release = release
        self.client = None
        self.errors = ()
        self.claimed = False
        if release and url.startswith(("redis://", "rediss://")):
            import redis

            self.errors = (redis.RedisError, OSError)
            self.client = redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, decode_responses=True)

    def claim(self):
        """Once: a worker that finds its broker again is no newer than before."""
        if self.client and not self.claimed:
            self.client.set(self.KEY, self.release)
            self.claimed = True

    def is_another(self):
        """Where nobody knows, it may be: a task that goes back once too often is not lost."""
        if self.client is None:
            return False
        try:
            return self.client.get(self.KEY) not in (None, self.release)
        except self.errors:
            return True


class PutBack:
    """Gives a message with an unknown task back to the broker, once a second; after UNKNOWN_FOR Celery has its way."""

    def __init__(self, consumer, newest, give_up):
        self.consumer = consumer
        self.newest = newest
        self.give_up = give_up
        self.since = {}

    def __call__(self, body, message, error):
        if not self.newest.is_another():
            self.give_up(body, message, error)
            return
        now = time.monotonic()
        self.since = {key: since for key, since in self.since.items() if now - since < 2 * UNKNOWN_FOR}
        key = (message.headers or {}).get("id") or message.delivery_tag
        first = self.since.setdefault(key, now)
        if now - first > UNKNOWN_FOR:
            del self.since[key]
            self.give_up(body, message, error)
            return
        if first == now:
            print(f"celery: task {error} is one of a newer release: back to the broker with it", flush=True)
        self.consumer.timer.call_after(UNKNOWN_EVERY, self.requeue, (message,), priority=10)

    @staticmethod
    def requeue(message):
        # A worker that ends has given it back meanwhile.
        if not message.acknowledged:
            message.requeue()


# Beat


def set_up_beat(lock):
    from celery.signals import beat_init

    beat_init.connect(watch_ticks, weak=False)
    if lock:
        wait_for(lock)


def watch_ticks(sender, **_kwargs):
    scheduler = sender.scheduler
    scheduler.max_interval = min(scheduler.max_interval, LONGEST_SLEEP)
    tick = scheduler.tick

    def tick_and_tell(*args, **kwargs):
        interval = tick(*args, **kwargs)
        live()
        return interval

    scheduler.tick = tick_and_tell


def wait_for(path):
    """Held until this process ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    said = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not said:
                print("celery: standing by until the beat before this one has ended", flush=True)
                said = True
            live()
            time.sleep(0.1)
    print("celery: this is the one beat now", flush=True)


# The command line


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="celery_process.py", allow_abbrev=False)
    parser.add_argument("--app", required=True)
    parser.add_argument("--grace", type=float, default=20)
    parser.add_argument("--lock")
    if "--" not in arguments:
        parser.error("Celery's arguments must follow after --")
    split = arguments.index("--")
    options = parser.parse_args(arguments[:split])
    options.celery = arguments[split + 1 :]
    if options.celery[:1] not in (["worker"], ["beat"]):
        parser.error("worker or beat must follow after --")
    return options


def main(arguments):
    options = parse_arguments(arguments)
    # As for `celery`: the project is where the process starts, and nothing of ours is in its way.
    sys.path[0] = os.getcwd()
    try:
        prepare_heartbeat()
        require_packages()
        app = load_app(options.app)
        if options.celery[0] == "worker":
            set_up_worker(app, options.grace, limited="--pool=prefork" in options.celery)
        else:
            set_up_beat(options.lock)
    except Refused as problem:
        print(f"celery: {problem}", file=sys.stderr)
        return CONFIGURATION_ERROR
    from celery.__main__ import main as celery

    sys.argv = ["celery", "-A", options.app, *options.celery]
    return celery()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
