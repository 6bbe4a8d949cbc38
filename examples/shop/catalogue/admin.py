from django.contrib import admin

from .models import Picture, Product


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ['name', 'price', 'created']
    search_fields = ['name']


@admin.register(Picture)
class PictureAdmin(admin.ModelAdmin):
    list_display = ['title', 'file', 'created']
