import { appendFileSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EXAMPLES = join(__dirname, '..', '..', '..', 'examples');

// The table that is written while it is changed. Nothing in it forbids a row to be there twice: that is what is looked for.
const MODEL = `

class Entry(models.Model):
    token = models.TextField()
`;

const VIEW = `

@csrf_exempt
def rows(request):
    """Writes a row and says which."""
    entry = Entry.objects.create(token=request.POST['token'])
    return JsonResponse({'token': entry.token})
`;

/** The example's shop in several releases, each in a folder of its own, so that one can go back. */
export class SoakProject {
  private readonly folder = mkdtempSync(join(tmpdir(), 'cdktf-django-soak-'));
  private migration = '0002_first_products';
  private migrations = 2;

  /** @param light the text of light.py in the small app beside the shop */
  constructor(light: string) {
    cpSync(join(EXAMPLES, 'hello'), this.light, { recursive: true });
    writeFileSync(join(this.light, 'light.py'), light);
    const first = this.release(0);
    cpSync(join(EXAMPLES, 'shop'), first, { recursive: true });
    appendFileSync(join(first, 'catalogue', 'models.py'), MODEL);
    this.migrate(first, 'entry', "migrations.CreateModel('Entry', [('id', models.BigAutoField(primary_key=True)), ('token', models.TextField())])");
    const imports = `from django.views.decorators.csrf import csrf_exempt\n\nfrom .models import Entry\n`;
    edit(join(first, 'catalogue', 'views.py'), (text) => `${imports}${text}${VIEW}`);
    edit(join(first, 'catalogue', 'urls.py'), replacing("path('db/'", "path('rows/', views.rows),\n    path('db/'"));
    this.renameStyle(first, 'shop.css', 'shop-0.css');
  }

  /** The folder of the small app. */
  public get light(): string {
    return join(this.folder, 'light');
  }

  /** The folder of a release. */
  public release(number: number): string {
    return join(this.folder, `release-${number}`);
  }

  /**
   * Writes the release after the one of this number: its table has a column more, which may not be null, and its style sheet another name. The servers
   * of the release before do not know the column, and go on to write rows: the database has a default for it.
   */
  public next(number: number): void {
    const made = this.copy(number, this.release(number + 1));
    this.addColumn(made, `column_${number + 1}`);
    this.renameStyle(made, `shop-${number}.css`, `shop-${number + 1}.css`);
  }

  /** Writes a release whose migration succeeds, and whose servers do not start. Gives its folder. */
  public broken(number: number): string {
    const made = this.copy(number, join(this.folder, `broken-${number}`));
    this.addColumn(made, 'column_of_the_broken_one');
    appendFileSync(join(made, 'shop', 'wsgi.py'), '\nimport a_till_that_nobody_installed\n');
    return made;
  }

  /** Writes a release after a broken one, with what is mended. */
  public mend(broken: string, number: number): void {
    cpSync(broken, this.release(number), { recursive: true });
    edit(join(this.release(number), 'shop', 'wsgi.py'), replacing('import a_till_that_nobody_installed', ''));
  }

  public remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private copy(number: number, to: string): string {
    cpSync(this.release(number), to, { recursive: true });
    return to;
  }

  private addColumn(project: string, name: string): void {
    const field = "models.TextField(db_default='none')";
    appendFileSync(join(project, 'catalogue', 'models.py'), `    ${name} = ${field}\n`);
    this.migrate(project, name, `migrations.AddField('entry', '${name}', ${field})`);
  }

  private migrate(project: string, name: string, operation: string): void {
    const migration = `${String(++this.migrations).padStart(4, '0')}_${name}`;
    const lines = [
      'from django.db import migrations, models',
      '',
      '',
      'class Migration(migrations.Migration):',
      `    dependencies = [('catalogue', '${this.migration}')]`,
      `    operations = [${operation}]`,
    ];
    writeFileSync(join(project, 'catalogue', 'migrations', `${migration}.py`), `${lines.join('\n')}\n`);
    this.migration = migration;
  }

  private renameStyle(project: string, from: string, to: string): void {
    const folder = join(project, 'catalogue', 'static', 'catalogue');
    renameSync(join(folder, from), join(folder, to));
    edit(join(project, 'catalogue', 'templates', 'catalogue', 'index.html'), replacing(`catalogue/${from}`, `catalogue/${to}`));
  }
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, 'utf8')));
}

function replacing(old: string, text: string): (before: string) => string {
  return (before) => {
    if (!before.includes(old)) throw new Error(`there is no "${old}" in the example any more`);
    return before.replace(old, text);
  };
}
