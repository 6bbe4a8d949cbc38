import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SETTINGS = `
SECRET_KEY = 'django-insecure-of-this-project-alone-and-nowhere-else'
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'jobs']
MIDDLEWARE = ['django.contrib.sessions.middleware.SessionMiddleware']
ROOT_URLCONF = 'site1.urls'
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
USE_TZ = True
STATIC_URL = 'static/'
CELERY_BROKER_URL = 'redis://localhost:6379/0'
CELERY_RESULT_BACKEND = 'redis://localhost:6379/1'
CELERY_TASK_ACKS_LATE = True
CELERY_BEAT_SCHEDULE = {'tick': {'task': 'jobs.tasks.tick', 'schedule': 2.0, 'options': {'expires': 60}}}
`;

// As "First steps with Django" of Celery's documentation has it.
const CELERY = `
import os

from celery import Celery

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')
app = Celery('site1')
app.config_from_object('django.conf:settings', namespace='CELERY')
app.autodiscover_tasks()
`;

const MODELS = `
from django.db import models


class Run(models.Model):
    """Each time that a task was done."""

    token = models.TextField()
    at = models.DateTimeField(auto_now_add=True)


class Effect(models.Model):
    """What a task is for: once, however often it was done."""

    token = models.TextField(unique=True)
`;

const MIGRATION = `
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel('Run', [('id', models.BigAutoField(primary_key=True)), ('token', models.TextField()),
                                       ('at', models.DateTimeField(auto_now_add=True))]),
        migrations.CreateModel('Effect', [('id', models.BigAutoField(primary_key=True)), ('token', models.TextField(unique=True))]),
    ]
`;

const TASKS = `
import time

from celery import shared_task

from .models import Effect, Run


def done(token):
    Run.objects.create(token=token)
    Effect.objects.get_or_create(token=token)


@shared_task
def store_1(token):
    done(token)
    time.sleep(0.01)


@shared_task
def long(token, seconds):
    Run.objects.create(token='begun ' + token)
    if Run.objects.filter(token='begun ' + token).count() == 1:
        time.sleep(seconds)
    done(token)


@shared_task
def tick():
    Run.objects.create(token='tick')


@shared_task
def add(one, other):
    return one + other
`;

const URLS = `
import random

from django.core.cache import cache
from django.http import JsonResponse
from django.urls import path

from jobs import tasks


def rows(request):
    """Asks for a task and says for which."""
    tasks.store_RELEASE.delay(request.POST['token'])
    return JsonResponse({'token': request.POST['token']})


def long(request, token, seconds):
    tasks.long.delay(token, seconds)
    return JsonResponse({'token': token})


def visits(request):
    request.session['visits'] = request.session.get('visits', 0) + 1
    return JsonResponse({'visits': request.session['visits']})


def visitor(request):
    return JsonResponse({'visits': request.session.get('visits')})


def cached(request):
    return JsonResponse({'value': cache.get_or_set('value', lambda: random.random(), 600)})


def plain(request):
    return JsonResponse({'well': True})


def result(request):
    return JsonResponse({'sum': tasks.add.delay(40, 2).get(timeout=20)})


urlpatterns = [path('rows/', rows), path('long/<token>/<int:seconds>/', long), path('visits/', visits), path('visitor/', visitor),
               path('cached/', cached), path('plain/', plain), path('result/', result)]
`;

const MANAGE = `
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')
execute_from_command_line(sys.argv)
`;

const WSGI = `
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')
application = get_wsgi_application()
`;

/** A project with Celery in releases, which knows nothing of us. In a later one the web servers ask for a task that the one before does not know. */
export class CeleryProject {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-celery-'));

  /** The folder of a release. */
  public release(number: number): string {
    const made = join(this.folder, `release-${number}`);
    // It knows the tasks of those before it, which their web servers may still ask for.
    const more = Array.from({ length: number - 1 }, (_, before) => `\n\n@shared_task\ndef store_${before + 2}(token):\n    done(token)\n`);
    const tasks = [TASKS, ...more].join('');
    const files = {
      'requirements.txt': 'Django==5.2.19\ncelery[redis]==5.7.0\n',
      'manage.py': MANAGE,
      'site1/__init__.py': 'from .celery import app as celery_app\n\n__all__ = ("celery_app",)\n',
      'site1/settings.py': SETTINGS,
      'site1/celery.py': CELERY,
      'site1/urls.py': URLS.replace('RELEASE', String(number)),
      'site1/wsgi.py': WSGI,
      'jobs/__init__.py': '',
      'jobs/models.py': MODELS,
      'jobs/tasks.py': tasks,
      'jobs/migrations/__init__.py': '',
      'jobs/migrations/0001_initial.py': MIGRATION,
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(made, path)), { recursive: true });
      writeFileSync(join(made, path), text);
    }
    return made;
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
