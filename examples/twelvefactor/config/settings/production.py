"""Everything that differs between places comes from the environment; what is missing stops the start."""

import os

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403


def required(name):
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(f'Set the {name} environment variable') from None


def listed(value):
    return [item.strip() for item in value.split(',') if item.strip()]


DEBUG = False
SECRET_KEY = required('DJANGO_SECRET_KEY')
ALLOWED_HOSTS = listed(required('DJANGO_ALLOWED_HOSTS'))
CSRF_TRUSTED_ORIGINS = listed(os.environ.get('DJANGO_CSRF_TRUSTED_ORIGINS', ''))

DATABASES = {'default': dj_database_url.parse(required('DATABASE_URL'))}
DATABASES['default']['CONN_MAX_AGE'] = int(os.environ.get('CONN_MAX_AGE', '60'))
DATABASES['default']['CONN_HEALTH_CHECKS'] = True

STATIC_ROOT = required('DJANGO_STATIC_ROOT')
STORAGES = {
    'default': {'BACKEND': 'django.core.files.storage.FileSystemStorage'},
    'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'},
}

SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https')
SECURE_SSL_REDIRECT = os.environ.get('DJANGO_SECURE_SSL_REDIRECT', 'True') == 'True'
SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT
CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT

LOGGING = {
    'version': 1,
    'disable_existing_loggers': False,
    'handlers': {'console': {'class': 'logging.StreamHandler'}},
    'root': {'level': 'INFO', 'handlers': ['console']},
}
