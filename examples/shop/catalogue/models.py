from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ['-created', '-pk']

    def __str__(self):
        return self.name


class Picture(models.Model):
    title = models.CharField(max_length=100)
    file = models.FileField(upload_to='pictures/')
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ['-created', '-pk']

    def __str__(self):
        return self.title
