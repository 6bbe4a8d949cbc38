"""What runs Celery, where there is none, and what it does with a task that nobody here knows."""

import fcntl
import importlib.util
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
        self.requeued = 0

    def requeue(self):
        self.requeued += 1


class Timer:
    """Of a consumer."""

    def __init__(self):
        self.calls = []

    def call_after(self, seconds, call, priority):
        self.calls.append((seconds, call))


class UnknownTask(unittest.TestCase):
    def setUp(self):
        spec = importlib.util.spec_from_file_location("celery_process_under_test", PROGRAM)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        self.module.print = lambda *_, **__: None
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
