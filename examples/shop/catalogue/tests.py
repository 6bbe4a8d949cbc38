import tempfile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from django.urls import reverse

from .models import Picture, Product


class IndexTests(TestCase):
    def test_lists_products_and_their_count(self):
        Product.objects.all().delete()
        Product.objects.create(name='Kettle', price='24.50')
        response = self.client.get(reverse('catalogue:index'))
        self.assertContains(response, 'Kettle')
        self.assertContains(response, '<span id="count">1</span> product in', html=False)

    def test_adds_a_product(self):
        response = self.client.post(reverse('catalogue:index'), {'name': 'Lamp', 'price': '12'})
        self.assertRedirects(response, reverse('catalogue:index'))
        self.assertTrue(Product.objects.filter(name='Lamp').exists())

    def test_refuses_a_product_without_a_price(self):
        response = self.client.post(reverse('catalogue:index'), {'name': 'Lamp'})
        self.assertContains(response, 'This field is required')


class UploadTests(TestCase):
    def test_keeps_the_file(self):
        with tempfile.TemporaryDirectory() as folder, override_settings(MEDIA_ROOT=folder):
            file = SimpleUploadedFile('cat.txt', b'meow')
            response = self.client.post(reverse('catalogue:upload'), {'title': 'Cat', 'file': file})
            self.assertRedirects(response, reverse('catalogue:index'))
            with Picture.objects.get(title='Cat').file.open() as kept:
                self.assertEqual(kept.read(), b'meow')


class PlainViewTests(TestCase):
    def test_db_reads_the_first_product(self):
        first = Product.objects.order_by('pk').first()
        response = self.client.get(reverse('catalogue:db'))
        self.assertEqual(response.json()['product']['name'], first.name)

    def test_slow_is_bounded(self):
        response = self.client.get(reverse('catalogue:slow'), {'seconds': '0.01'})
        self.assertEqual(response.json()['slept'], 0.01)

    def test_whoami(self):
        response = self.client.get(reverse('catalogue:whoami'), headers={'x-request-id': 'abc'})
        self.assertEqual(response.json()['x_request_id'], 'abc')
        self.assertEqual(response.json()['host'], 'testserver')
