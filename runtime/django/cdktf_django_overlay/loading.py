"""Loads the project's own WSGI or ASGI callable, and makes sure that it runs under the overlay."""

import importlib
import os

from cdktf_django_overlay import SETTINGS_MODULE
from cdktf_django_overlay.config import read_config


def load_application(kind, default_factory):
    """
    The callable that django.json names under `kind`, or Django's own when it names none.

    A project whose wsgi.py hard-wires its settings module (instead of the setdefault() of startproject) would
    come up with its development settings: DEBUG on, an empty sqlite, a published key. That is refused.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS_MODULE)
    name = read_config().get(kind)
    require_overlay("the container's environment")
    if name is None:
        application = import_name(default_factory)()
    else:
        application = import_name(name)
    require_overlay(name or default_factory)
    # Not at the top: django.db must not be imported before the settings are checked.
    from cdktf_django_overlay.connections import watch_connections

    watch_connections()
    return application


def import_name(name):
    module_name, _, attribute = name.partition(":")
    module = importlib.import_module(module_name)
    try:
        return getattr(module, attribute or "application")
    except AttributeError:
        raise RuntimeError(f"cdktf-django: {module_name} has no {attribute or 'application'!r}.") from None


def require_overlay(culprit):
    from django.conf import settings

    active = settings.SETTINGS_MODULE if settings.configured else os.environ.get("DJANGO_SETTINGS_MODULE")
    named = os.environ.get("DJANGO_SETTINGS_MODULE")
    if active == SETTINGS_MODULE and named == SETTINGS_MODULE:
        return
    raise RuntimeError(
        f"cdktf-django: refusing to start: after {culprit}, the active settings module is "
        f"{active if active != SETTINGS_MODULE else named!r} and not {SETTINGS_MODULE!r}, so the project would run "
        "with its development settings. Use os.environ.setdefault('DJANGO_SETTINGS_MODULE', ...) as startproject "
        "does, or deploy with DjangoSettings.environment(...)."
    )
