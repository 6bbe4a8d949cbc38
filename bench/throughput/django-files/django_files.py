"""The example with its static files, as Django itself serves them: by the view that its documentation has for it, behind the project's own middleware."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

from django.conf import settings  # noqa: E402
from django.contrib.staticfiles.views import serve  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path, re_path  # noqa: E402

application = get_wsgi_application()

urlpatterns = [
    re_path(r"^static/(?P<path>.*)$", serve, {"insecure": True}),
    path("", include(settings.ROOT_URLCONF)),
]
settings.ROOT_URLCONF = __name__
