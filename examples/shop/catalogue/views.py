import os
import socket
import time

from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from .forms import PictureForm, ProductForm
from .models import Picture, Product


def index(request):
    """The catalogue, and a form that adds to it."""
    form = ProductForm(request.POST or None)
    if request.method == 'POST' and form.is_valid():
        form.save()
        return redirect('catalogue:index')
    return render_index(request, product_form=form)


def upload(request):
    """Takes a picture from the form on the front page."""
    if request.method != 'POST':
        return redirect('catalogue:index')
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        form.save()
        return redirect('catalogue:index')
    return render_index(request, picture_form=form)


def render_index(request, product_form=None, picture_form=None):
    return render(request, 'catalogue/index.html', {
        'products': Product.objects.all()[:20],
        'product_count': Product.objects.count(),
        'pictures': Picture.objects.all()[:8],
        'product_form': product_form or ProductForm(),
        'picture_form': picture_form or PictureForm(),
        'hostname': socket.gethostname(),
    })


@require_safe
def db(request):
    """One row, as light as it gets."""
    product = Product.objects.order_by('pk').values('id', 'name', 'price').first()
    return JsonResponse({'product': product})


@require_safe
def slow(request):
    """Takes its time, to see what happens to requests under way: /slow/?seconds=5."""
    try:
        seconds = min(max(float(request.GET.get('seconds', 1)), 0), 30)
    except ValueError:
        seconds = 1
    time.sleep(seconds)
    return JsonResponse({'slept': seconds, 'hostname': socket.gethostname()})


@require_safe
def whoami(request):
    """Who answered, and what it knows about the request."""
    return JsonResponse({
        'hostname': socket.gethostname(),
        'pid': os.getpid(),
        'scheme': request.scheme,
        'host': request.get_host(),
        'remote_addr': request.META.get('REMOTE_ADDR'),
        'x_forwarded_for': request.headers.get('X-Forwarded-For'),
        'x_request_id': request.headers.get('X-Request-ID'),
        'greeting': os.environ.get('GREETING'),
    })
