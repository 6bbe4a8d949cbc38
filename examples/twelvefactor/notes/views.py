import os
import socket

from django.http import JsonResponse
from django.shortcuts import redirect, render

from .models import Note


def index(request):
    if request.method == 'POST' and request.POST.get('text'):
        Note.objects.create(text=request.POST['text'][:200])
        return redirect('index')
    return render(request, 'notes/index.html', {'notes': Note.objects.all()[:20], 'count': Note.objects.count()})


def whoami(request):
    return JsonResponse({
        'hostname': socket.gethostname(),
        'scheme': request.scheme,
        'host': request.get_host(),
        'settings': os.environ.get('DJANGO_SETTINGS_MODULE'),
        'greeting': os.environ.get('GREETING'),
    })
