"""What runs Celery, where there is none, and what it does with a task that nobody here knows."""

import fcntl
import importlib.util
import queue
import subprocess
import sys
import unittest

from support import RUNTIME, RuntimeTest

PROGRAM = RUNTIME / "celery" / "celery_process.py"


class CeleryTest(RuntimeTest):
    def setUp(self):
        super().setUp()
        self.env["CDKTF_HEARTBEAT_DIR"] = str(self.folder / "beats")

    def test_an_image_without_celery(self):
        result = self.run_python(PROGRAM, "--app", "shop", "--", "worker")
        self.assertEqual(result.returncode, 78)
        self.assertIn("the image has no Python package celery", result.stdout)
        self.assertIn("add celery to the project's requirements", result.stdout)

    def test_something_else_than_worker_and_beat(self):
        result = self.run_python(PROGRAM, "--app", "shop", "--", "shell")
        self.assertEqual(result.returncode, 2)
        self.assertIn("worker or beat must follow after --", result.stdout)

    def test_the_lock_is_waited_for(self):
        path = self.folder / "lock"
        with open(path, "w", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            code = f"import sys; sys.path.insert(0, {str(PROGRAM.parent)!r}); import celery_process as it; "
            code += f"it.prepare_heartbeat(); it.wait_for({str(path)!r})"
            waiting = subprocess.Popen(
                [sys.executable, "-c", code], env=self.env, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
            self.addCleanup(waiting.stdout.close)
            self.assertEqual(
                waiting.stdout.readline(), "celery: standing by until the beat before this one has ended\n"
            )
            self.assertIsNone(waiting.poll())
        self.assertEqual(waiting.stdout.readline(), "celery: this is the one beat now\n")
        self.assertEqual(waiting.wait(10), 0)
        self.assertTrue((self.folder / "beats" / "celery").exists())


class Message:
    def __init__(self, task_id):
        self.headers = {"id": task_id}
        self.delivery_tag = task_id
        self.requeued = 0

    @property
    def acknowledged(self):
        return self.requeued > 0

    def requeue(self):
        self.requeued += 1


class Timer:
    """Of a consumer."""

    def __init__(self):
        self.calls = []

    def call_after(self, seconds, call, args, priority):
        self.calls.append((seconds, lambda: call(*args)))


def load_program():
    spec = importlib.util.spec_from_file_location("celery_process_under_test", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.print = lambda *_, **__: None
    return module


class UnknownTask(unittest.TestCase):
    def setUp(self):
        self.module = load_program()
        self.timer = Timer()
        self.given_up = []
        self.another = True
        consumer = type("Consumer", (), {"timer": self.timer})()
        newest = type("Newest", (), {"is_another": lambda _: self.another})()
        self.put_back = self.module.PutBack(consumer, newest, lambda *arguments: self.given_up.append(arguments))

    def test_is_put_back_by_an_old_worker(self):
        message = Message("a")
        self.put_back(None, message, KeyError("shop.tasks.mail"))
        self.assertEqual(self.given_up, [])
        [(seconds, call)] = self.timer.calls
        call()
        self.assertEqual((seconds, message.requeued), (1.0, 1))
        # The worker gave it back as it ended, before the second was over.
        call()
        self.assertEqual(message.requeued, 1)

    def test_is_celery_s_in_the_newest(self):
        self.another = False
        message = Message("a")
        self.put_back(None, message, None)
        self.assertEqual((self.given_up, self.timer.calls), ([(None, message, None)], []))

    def test_is_celery_s_after_a_while(self):
        self.put_back(None, Message("a"), None)
        self.put_back.since["a"] -= self.module.UNKNOWN_FOR + 1
        late, other = Message("a"), Message("b")
        self.put_back(None, late, None)
        self.put_back(None, other, None)
        self.assertEqual(self.given_up, [(None, late, None)])
        self.assertEqual(len(self.timer.calls), 2)

    def test_without_redis_nobody_is_another(self):
        self.assertFalse(self.module.Newest("r1").is_another())

    def test_while_redis_does_not_answer_somebody_may_be(self):
        def ask(_key):
            raise TimeoutError

        newest = self.module.Newest("r1")
        newest.client = type("Redis", (), {"get": staticmethod(ask)})()
        newest.errors = (OSError,)
        self.assertTrue(newest.is_another())


class TakenTasks(unittest.TestCase):
    def setUp(self):
        self.taken = load_program().Taken()
        self.messages = {name: Message(name) for name in ("running", "waiting", "given back")}
        self.messages["given back"].requeue()
        self.cancelled = 0

        def cancel():
            self.cancelled += 1

        qos = type("QoS", (), {"_delivered": self.messages})()
        self.channel = type("Channel", (), {"qos": qos, "_in_poll": None})()
        tasks = type("Tasks", (), {"channel": self.channel, "cancel": staticmethod(cancel)})()
        self.taken.consumer = type("Consumer", (), {"task_consumer": tasks})()

    def given_back(self):
        return {name: message.requeued for name, message in self.messages.items()}

    def test_those_that_are_not_begun_go_back_first(self):
        request = type("Request", (), {"message": self.messages["running"]})()
        self.taken.give_back_waiting({request})
        self.assertEqual((self.cancelled, self.given_back()), (1, {"running": 0, "waiting": 1, "given back": 1}))

    def test_one_that_is_under_way_is_read_after_the_worker_asks_for_no_more(self):
        cancelled = []

        def read():
            cancelled.append(self.cancelled)
            raise queue.Empty

        self.channel._in_poll, self.channel._brpop_read = object(), read
        self.taken.give_back_waiting(set())
        self.assertEqual((cancelled, self.given_back()), ([1], {"running": 1, "waiting": 1, "given back": 1}))

    def test_all_go_back_in_the_end(self):
        self.taken.give_back_all()
        self.assertEqual(self.given_back(), {"running": 1, "waiting": 1, "given back": 1})

    def test_a_transport_that_remembers_nothing_is_left_alone(self):
        del type(self.channel).qos
        self.taken.give_back_waiting(set())
        self.taken.give_back_all()
        self.assertEqual((self.cancelled, self.given_back()), (0, {"running": 0, "waiting": 0, "given back": 1}))
