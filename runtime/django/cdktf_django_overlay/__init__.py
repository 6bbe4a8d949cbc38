"""
The overlay that makes a Django project production without an edit of it.

It lies read-only beside the project, outside its tree, and is put in front of it by two environment
variables: PYTHONPATH, and DJANGO_SETTINGS_MODULE=cdktf_django_overlay.settings. Start reading in settings.py.

Runs on Python 3.9 and newer and with Django 4.2 and newer; needs nothing but these.
"""

#: What DJANGO_SETTINGS_MODULE must say wherever the overlay is meant to be active.
SETTINGS_MODULE = "cdktf_django_overlay.settings"
