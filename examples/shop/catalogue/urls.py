from django.urls import path

from . import views

app_name = 'catalogue'

urlpatterns = [
    path('', views.index, name='index'),
    path('pictures/', views.upload, name='upload'),
    path('db/', views.db, name='db'),
    path('slow/', views.slow, name='slow'),
    path('whoami/', views.whoami, name='whoami'),
]
