"""Where mail goes: the settings that the overlay makes of a deploy's server, and what a server that hangs costs."""

import socket

from support import ProjectTest

PASSWORD = "m@il/p%w:\"d'"
NAMES = ("EMAIL_BACKEND", "EMAIL_HOST", "EMAIL_PORT", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_TIMEOUT")


class Mail(ProjectTest):
    def setUp(self):
        super().setUp()
        # As startproject left it before Django 6.1, whichever this one is.
        self.append_settings("globals().pop('MAILERS', None)")
        self.server = {"host": "smtp.example.com", "port": 587, "security": "starttls", "timeout": 10, "delivers": True}

    def use(self, **more):
        self.config["email"] = {**self.server, **more}

    def log_in(self, value=PASSWORD + "\n"):
        self.use(user="shop@example.com", passwordFile=str(self.write_secret("smtp-password", value)))

    def test_a_server_with_a_login(self):
        self.log_in()
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        values = (smtp, "smtp.example.com", 587, "shop@example.com", PASSWORD, True, False, 10)
        self.assertEqual(self.settings(*NAMES), dict(zip(NAMES, values)))

    def test_the_ways_to_it(self):
        for security, tls, ssl in (("starttls", True, False), ("tls", False, True), ("none", False, False)):
            self.use(security=security)
            found = self.settings("EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")
            self.assertEqual(list(found.values()), [tls, ssl, "", ""])

    def test_what_the_project_said_of_another_server_is_gone(self):
        self.append_settings("EMAIL_BACKEND = 'own.Backend'\nEMAIL_TIMEOUT = None\nEMAIL_SSL_CERTFILE = '/old/cert'")
        self.use()
        found = self.settings("EMAIL_BACKEND", "EMAIL_TIMEOUT", "EMAIL_SSL_CERTFILE")
        self.assertEqual(list(found.values()), ["django.core.mail.backends.smtp.EmailBackend", 10, None])

    def test_without_one_the_project_decides(self):
        self.append_settings("EMAIL_BACKEND = 'own.Backend'\nDEFAULT_FROM_EMAIL = 'own@example.com'")
        found = self.settings("EMAIL_BACKEND", "DEFAULT_FROM_EMAIL", "SERVER_EMAIL")
        self.assertEqual(list(found.values()), ["own.Backend", "own@example.com", "root@localhost"])

    def test_a_backend_that_queues_may_be_put_in_front(self):
        self.use()
        self.config["overrides"] = {"EMAIL_BACKEND": "post_office.EmailBackend"}
        found = self.settings("EMAIL_BACKEND", "EMAIL_HOST")
        self.assertEqual(list(found.values()), ["post_office.EmailBackend", "smtp.example.com"])

    def test_a_password_that_is_missing_or_empty(self):
        self.log_in("\n")
        self.assertIn("the password of the mail server is empty", self.failure())

    def test_senders(self):
        self.config["defaultFromEmail"] = "shop@example.com"
        both = ("DEFAULT_FROM_EMAIL", "SERVER_EMAIL")
        self.assertEqual(list(self.settings(*both).values()), ["shop@example.com", "shop@example.com"])
        self.append_settings("SERVER_EMAIL = 'own@example.com'")
        self.assertEqual(list(self.settings(*both).values()), ["shop@example.com", "own@example.com"])
        self.config["serverEmail"] = "errors@example.com"
        self.assertEqual(list(self.settings(*both).values()), ["shop@example.com", "errors@example.com"])

    def test_a_server_that_says_nothing_costs_the_timeout(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.use(host="127.0.0.1", port=silent.getsockname()[1], security="none", timeout=1)
            seconds, error = self.in_project(
                "import time\nfrom django.core.mail import send_mail\nbegan = time.monotonic()\n"
                "try:\n    send_mail('s', 'b', 'a@example.com', ['b@example.com'])\n    error = 'none'\n"
                "except Exception as found:\n    error = str(found)\n"
                "out = [time.monotonic() - began, error]"
            )
        self.assertEqual(error, "Connection unexpectedly closed: timed out")
        self.assertTrue(0.9 < seconds < 5, seconds)
