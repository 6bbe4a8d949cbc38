"""
Where mail goes.

Django 6.1 has MAILERS for it, and forgets the EMAIL_* settings with 7.0; both at once it refuses. A project that has
MAILERS gets MAILERS; one that has not keeps EMAIL_* for as long as Django knows them: its own code may read them.
"""

import django

from cdktf_django_overlay.config import read_secret

_CONSOLE = "django.core.mail.backends.console.EmailBackend"
_SMTP = "django.core.mail.backends.smtp.EmailBackend"

#: An option of the backend, and its setting before MAILERS.
_SETTINGS = {
    "host": "EMAIL_HOST",
    "port": "EMAIL_PORT",
    "username": "EMAIL_HOST_USER",
    "password": "EMAIL_HOST_PASSWORD",
    "use_tls": "EMAIL_USE_TLS",
    "use_ssl": "EMAIL_USE_SSL",
    "timeout": "EMAIL_TIMEOUT",
}
_REPLACED = (*_SETTINGS.values(), "EMAIL_BACKEND", "EMAIL_FILE_PATH", "EMAIL_SSL_CERTFILE", "EMAIL_SSL_KEYFILE")


def apply_mail(settings, config):
    """Changes the project's settings: the server that the deploy names, and the addresses that mail comes from."""
    if config.get("email"):
        _use_server(settings, config["email"])
    else:
        _leave_console(settings)
    sender = config.get("defaultFromEmail")
    if sender:
        settings["DEFAULT_FROM_EMAIL"] = sender
    server_sender = config.get("serverEmail") or (sender if "SERVER_EMAIL" not in settings else None)
    if server_sender:
        settings["SERVER_EMAIL"] = server_sender


def _use_server(settings, server):
    options = {
        "host": server["host"],
        "port": server["port"],
        "username": server.get("user") or "",
        "password": read_secret(server["passwordFile"], "the password of the mail server") if server.get("user") else "",
        "use_tls": server["security"] == "starttls",
        "use_ssl": server["security"] == "tls",
        # None would be for ever.
        "timeout": server["timeout"],
    }
    mailers = settings.get("MAILERS")
    # Also what a project says of its former server, such as a certificate for it.
    for name in _REPLACED:
        settings.pop(name, None)
    if django.VERSION < (7, 0) and (django.VERSION < (6, 1) or mailers is None):
        settings["EMAIL_BACKEND"] = _SMTP
        settings.update({name: options[option] for option, name in _SETTINGS.items()})
        return
    aliases = ["default"] if server["delivers"] else {"default": None, **(mailers or {})}
    settings["MAILERS"] = {**(mailers or {}), **{alias: {"BACKEND": _SMTP, "OPTIONS": options} for alias in aliases}}


def _leave_console(settings):
    """
    SMTP, Django's own default, instead of the console that startproject writes since Django 6.1.

    `check --deploy` refuses that one, and with it links for resetting passwords would end up in the log. Other
    backends for development were somebody's choice: Django's check says so.
    """
    mailers = settings.get("MAILERS") or {}
    if (mailers.get("default") or {}).get("BACKEND") == _CONSOLE:
        settings["MAILERS"] = {**mailers, "default": {"BACKEND": _SMTP}}
