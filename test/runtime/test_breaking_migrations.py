"""What the release job refuses, because the release that still runs would not survive it."""

import unittest

from support import ProjectTest

MODELS = """
from django.db import models
class Author(models.Model):
    name = models.CharField(max_length=50)
class Book(models.Model):
    title = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    pages = models.IntegerField(null=True)
    author = models.ForeignKey(Author, models.CASCADE, null=True)
    readers = models.ManyToManyField(Author, related_name='read')
class View(models.Model):
    title = models.CharField(max_length=50)
    class Meta:
        managed = False
"""

MIGRATION = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [('library', {before!r})]
    operations = [{operations}]
"""


OWN = """type('Own', (migrations.operations.base.Operation,), {
    'describe': lambda self: 'Of our own', 'state_forwards': lambda *arguments: None, 'database_forwards': lambda *arguments: None})()"""


class BreakingMigrations(ProjectTest):
    def setUp(self):
        super().setUp()
        self.append_settings(
            "INSTALLED_APPS = ['django.contrib.staticfiles', 'library']\nMIDDLEWARE = []\nTEMPLATES = []\nROOT_URLCONF = 'library'"
        )
        self.app = self.project / "library"
        (self.app / "migrations").mkdir(parents=True)
        (self.app / "migrations" / "__init__.py").touch()
        (self.app / "__init__.py").write_text("urlpatterns = []\n")
        (self.app / "models.py").write_text(MODELS)
        self.config["release"] = {"check": None, "collectstatic": False}
        self.last = None

    def make_first(self):
        self.in_project("from django.core.management import call_command; call_command('makemigrations', 'library', verbosity=0); out = 0")
        self.last = "0001_initial"

    def migration(self, name, operations):
        path = self.app / "migrations" / f"{name}.py"
        path.write_text(MIGRATION.format(before=self.last, operations=operations))
        self.last = name

    def findings(self, *operations):
        """What is said of each migration, all of them unapplied on a database that has the first one."""
        names = [f"{number:04}_it" for number, _ in enumerate(operations, 2)]
        files = {
            str(self.app / "migrations" / f"{name}.py"): MIGRATION.format(before=before, operations=operation)
            for before, name, operation in zip(["0001_initial", *names], names, operations)
        }
        # In one process: it takes longer to start one than to do all of this.
        return self.in_project(
            "from django.core.management import call_command\n"
            "call_command('makemigrations', 'library', verbosity=0); call_command('migrate', verbosity=0)\n"
            "import importlib, pathlib, sys\n"
            f"for path, text in {files!r}.items(): pathlib.Path(path).write_text(text)\n"
            f"importlib.invalidate_caches(); sys.path.insert(0, {str(self.mount)!r}); import breaking_migrations\n"
            "from django.db import connection\n"
            "plan = breaking_migrations.Plan(connection)\n"
            "out = {'found': [str(one) for one in plan.findings], 'unjudged': plan.unjudged}"
        )

    def assert_found(self, operation, reason):
        found = self.findings(operation)["found"]
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith("library.0002_it: "), found[0])
        self.assertIn(reason, found[0])
        self.assertIn(". Instead: ", found[0])

    def assert_survived(self, *operations):
        self.assertEqual(self.findings(*operations), {"found": [], "unjudged": []})

    def test_a_field_goes(self):
        self.assert_found("migrations.RemoveField('book', 'price')", "Remove field price from book: the code that is still running reads")

    def test_a_field_gets_another_name(self):
        self.assert_found("migrations.RenameField('book', 'author', 'writer')", "knows the column as author_id, which becomes writer_id")

    def test_a_field_gets_another_column(self):
        self.assert_found(
            "migrations.AlterField('book', 'pages', models.IntegerField(null=True, db_column='leaves'))", "as pages, which becomes leaves"
        )

    def test_a_field_is_added_that_nobody_fills(self):
        self.assert_found("migrations.AddField('book', 'isbn', models.CharField(max_length=13, default=''))", "NOT NULL without a default in the database")

    def test_a_field_must_not_be_null(self):
        self.assert_found("migrations.AlterField('book', 'pages', models.IntegerField(default=0))", "may write NULL")

    def test_a_field_gets_another_type(self):
        self.assert_found("migrations.AlterField('book', 'pages', models.CharField(max_length=9, null=True))", "becomes varchar(9) instead of integer")

    def test_a_field_gets_shorter(self):
        self.assert_found("migrations.AlterField('book', 'title', models.CharField(max_length=49))", "becomes varchar(49) instead of varchar(50)")

    def test_a_field_becomes_unique(self):
        self.assert_found("migrations.AlterField('book', 'title', models.CharField(max_length=50, unique=True))", "may write a value twice")

    def test_a_model_goes(self):
        self.assert_found("migrations.DeleteModel('Book')", "uses its table")

    def test_a_model_gets_another_name(self):
        self.assert_found("migrations.RenameModel('Book', 'Volume')", "knows the table as library_book, which becomes library_volume")

    def test_a_model_gets_another_table(self):
        self.assert_found("migrations.AlterModelTable('book', 'volumes')", "as library_book, which becomes volumes")

    def test_constraints_come(self):
        self.assert_found("migrations.AlterUniqueTogether('book', {('title', 'author')})", "may write what it forbids")

    def test_a_constraint_comes(self):
        self.assert_found(
            "migrations.AddConstraint('book', models.UniqueConstraint(fields=['title'], name='one_title'))", "may write what it forbids"
        )

    def test_rows_get_an_order(self):
        self.assert_found("migrations.AlterOrderWithRespectTo('book', 'author')", "a column _order")

    def test_what_a_database_operation_does_apart_from_the_state(self):
        self.assert_found(
            "migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField('book', 'price')])", "Remove field price"
        )

    def test_what_the_old_code_survives(self):
        self.assert_survived(
            "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True))",
            "migrations.AddField('book', 'stock', models.IntegerField(db_default=0))",
            "migrations.AddField('book', 'editors', models.ManyToManyField('library.author', related_name='edited'))",
            "migrations.AddField('book', 'double', models.GeneratedField(expression=models.F('pages') * 2, output_field=models.IntegerField(), db_persist=True))",
            "migrations.AlterField('book', 'title', models.CharField(max_length=51, null=True))",
            "migrations.AlterField('book', 'title', models.TextField(null=True))",
            "migrations.AlterField('book', 'pages', models.BigIntegerField(null=True, help_text='how many'))",
            "migrations.AlterField('book', 'price', models.DecimalField(max_digits=6, decimal_places=2, null=True, default=1))",
            "migrations.AddIndex('book', models.Index(fields=['pages'], name='by_pages'))",
            "migrations.AlterModelOptions('book', {'ordering': ['pages']})",
            "migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField('book', 'price')])",
            "migrations.AlterField('view', 'title', models.CharField(max_length=5, unique=True))",
            "migrations.RemoveField('view', 'title')",
        )

    def test_what_keeps_its_name_in_the_database(self):
        self.assert_survived(
            "migrations.AlterField('book', 'pages', models.IntegerField(null=True, db_column='pages')), migrations.RenameField('book', 'pages', 'leaves')",
            "migrations.AlterModelTable('book', 'library_book'), migrations.RenameModel('Book', 'Volume')",
        )

    def test_a_model_that_comes_with_the_plan(self):
        self.assert_survived(
            "migrations.CreateModel('Shelf', [('id', models.AutoField(primary_key=True)), ('name', models.CharField(max_length=9))])",
            "migrations.AddField('shelf', 'room', models.CharField(max_length=9, default='')), migrations.RemoveField('shelf', 'name')",
            "migrations.RenameModel('Shelf', 'Rack')",
            "migrations.AlterField('rack', 'room', models.IntegerField()), migrations.DeleteModel('Rack')",
        )

    def test_after_a_new_name_the_model_is_still_the_old_one(self):
        found = self.findings("migrations.RenameModel('Book', 'Volume')", "migrations.RemoveField('volume', 'price')")["found"]
        self.assertEqual([text.split(":")[0] for text in found], ["library.0002_it", "library.0003_it"])

    def test_what_cannot_be_judged_is_named(self):
        self.assertEqual(
            self.findings("migrations.RunSQL('DROP TABLE library_book')", "migrations.RunPython(migrations.RunPython.noop)", OWN),
            {
                "found": [],
                "unjudged": ["library.0002_it: Raw SQL operation", "library.0003_it: Raw Python operation", "library.0004_it: Of our own"],
            },
        )

    def test_a_release_is_refused_before_anything_is_changed_until_it_is_declared(self):
        self.make_first()
        self.assertEqual(self.release().returncode, 0)
        self.migration("0002_isbn", "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True))")
        self.migration("0003_prices", "migrations.RemoveField('book', 'price'), migrations.RunPython(migrations.RunPython.noop)")
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("Applying library.0002_isbn", result.stdout)
        self.assertNotIn("stay applied", result.stdout)
        self.assertIn("release: note: not judged, whether the running release survives it: library.0003_prices: Raw Python operation", result.stdout)
        self.assertIn(
            "release: FAILED in migrate: the release that is still serving while this one starts would not survive these migrations:\n"
            "  library.0003_prices: Remove field price from book: the code that is still running reads and writes it in its queries. Instead: in one "
            "release take it out of the code and of Django's state alone",
            result.stdout,
        )
        self.assertIn('declare them: release: { breakingMigrations: ["library.0003_prices"] }\n', result.stdout)
        self.config["release"]["breakingMigrations"] = ["library.0003_prices"]
        result = self.release()
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("library.0003_prices is declared", result.stdout)
        self.assertIn("Applying library.0003_prices", result.stdout)

    def test_the_first_release_is_never_refused(self):
        self.make_first()
        self.migration("0002_prices", "migrations.RemoveField('book', 'price')")
        self.migration("0003_isbn", "migrations.AddField('book', 'isbn', models.CharField(max_length=13, default=''))")
        result = self.release()
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_a_release_back_has_nothing_to_do(self):
        self.make_first()
        self.migration("0002_isbn", "migrations.AddField('book', 'isbn', models.CharField(max_length=13, null=True))")
        self.assertEqual(self.release().returncode, 0)
        (self.app / "migrations" / "0002_isbn.py").unlink()
        result = self.release()
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("release: verify: done", result.stdout)

    def test_without_migrate_what_is_missing_is_named(self):
        self.make_first()
        self.config["release"]["migrate"] = False
        result = self.release()
        self.assertEqual(result.returncode, 1)
        self.assertIn(
            "FAILED in verify: migrations that are not applied: library.0001_initial; release.migrate is false: let release.commands apply them", result.stdout
        )
        self.config["release"]["commands"] = [["migrate", "library"]]
        self.assertEqual(self.release().returncode, 0)


if __name__ == "__main__":
    unittest.main()
