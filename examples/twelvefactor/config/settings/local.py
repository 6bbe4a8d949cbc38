from .base import *  # noqa: F403
from .base import BASE_DIR

DEBUG = True
SECRET_KEY = 'for development only'
ALLOWED_HOSTS = ['localhost', '127.0.0.1']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}}
