"""Reads what the deploy decided: django.json, and the secret files that it names."""

import json
import os

from django.core.exceptions import ImproperlyConfigured

CONFIG_VARIABLE = "CDKTF_DJANGO_CONFIG"
DEFAULT_CONFIG = "/run/cdktf-django/django.json"


def read_config():
    """The deploy's configuration; settings.py describes its schema."""
    path = os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG
    try:
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"cdktf-django: {path} cannot be read ({error}). The deploy writes it; "
            f"another place can be named by {CONFIG_VARIABLE}."
        ) from None
    if not isinstance(config, dict):
        raise ImproperlyConfigured(f"cdktf-django: {path} must hold a JSON object.")
    return config


def read_secret(path, purpose):
    """
    A secret's value. The one trailing newline that editors and `echo` leave is not part of it.

    Missing and empty are errors here and now: an empty password or key would be found much later,
    and by somebody else.
    """
    try:
        with open(path, encoding="utf-8") as file:
            value = file.read()
    except OSError as error:
        raise ImproperlyConfigured(f"cdktf-django: {purpose} cannot be read from {path}: {error.strerror}.") from None
    if value.endswith("\n"):
        value = value[:-1]
    if not value:
        raise ImproperlyConfigured(f"cdktf-django: {purpose} is empty: {path}.")
    return value
