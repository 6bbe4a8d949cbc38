from django.test import TestCase

from .models import Note


class NotesTests(TestCase):
    def test_reads_and_writes(self):
        self.client.post('/', {'text': 'Buy bread'})
        self.assertEqual(Note.objects.get().text, 'Buy bread')
        self.assertContains(self.client.get('/'), 'Buy bread')
