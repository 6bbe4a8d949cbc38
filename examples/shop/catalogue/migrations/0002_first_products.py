from django.db import migrations

FIRST = [('Enamel mug', '9.50'), ('Wool blanket', '64.00'), ('Bread knife', '18.00')]


def add(apps, schema_editor):
    Product = apps.get_model('catalogue', 'Product')
    for name, price in FIRST:
        Product.objects.create(name=name, price=price)


class Migration(migrations.Migration):

    dependencies = [
        ('catalogue', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
