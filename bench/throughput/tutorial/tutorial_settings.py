"""The example's settings as a tutorial changes them for a server: Postgres, DEBUG off, the rest as startproject left it."""

import os

from shop.settings import *  # noqa: F403

DEBUG = False
SECRET_KEY = "only-for-the-bench"
ALLOWED_HOSTS = ["*"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "shop",
        "USER": "shop",
        "PASSWORD": os.environ["DATABASE_PASSWORD"],
        "HOST": os.environ["DATABASE_HOST"],
        "PORT": "5432",
    }
}
