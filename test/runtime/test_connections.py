"""The check of persistent connections looks at the socket, and asks Django's own check only when there is something."""

import socket
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "runtime" / "django"))

from cdktf_django_overlay import connections  # noqa: E402


class DriverConnection:
    """What psycopg and psycopg2 have in common."""

    def __init__(self, raw):
        self.raw = raw
        self.closed = False

    def fileno(self):
        return self.raw.fileno()


class Wrapper:
    vendor = "postgresql"
    asked = 0

    def is_usable(self):
        self.asked += 1
        return False


class Connections(unittest.TestCase):
    def setUp(self):
        self.server, client = socket.socketpair()
        self.addCleanup(self.server.close)
        self.addCleanup(client.close)
        self.wrapper = Wrapper()
        self.wrapper.connection = DriverConnection(client)
        connections._watch(self.wrapper)

    def test_a_quiet_connection_is_usable_without_a_question(self):
        self.assertTrue(self.wrapper.is_usable())
        self.assertEqual(self.wrapper.asked, 0)

    def test_a_server_that_said_something_is_asked(self):
        self.server.send(b"terminating connection due to administrator command")
        self.assertFalse(self.wrapper.is_usable())
        self.assertEqual(self.wrapper.asked, 1)

    def test_a_server_that_hung_up_is_asked(self):
        self.server.close()
        self.assertFalse(self.wrapper.is_usable())
        self.assertEqual(self.wrapper.asked, 1)

    def test_a_closed_connection_is_asked(self):
        self.wrapper.connection.closed = True
        self.assertFalse(self.wrapper.is_usable())
        self.assertEqual(self.wrapper.asked, 1)

    def test_another_database_is_left_alone(self):
        wrapper = Wrapper()
        wrapper.vendor = "sqlite"
        connections._watch(wrapper)
        self.assertFalse(wrapper.is_usable())


if __name__ == "__main__":
    unittest.main()
