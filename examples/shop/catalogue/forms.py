from django import forms

from .models import Picture, Product


class ProductForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = ['name', 'price']


class PictureForm(forms.ModelForm):
    class Meta:
        model = Picture
        fields = ['title', 'file']
