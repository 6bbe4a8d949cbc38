"""What the WSGI server loads: the project's own callable, under the overlay's settings or not at all."""

from cdktf_django_overlay.loading import load_application

application = load_application("wsgi", "django.core.wsgi:get_wsgi_application")
