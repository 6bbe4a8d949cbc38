"""
Which unapplied migrations break the code that still serves while they are applied (release.py asks, before `migrate`).

Between `migrate` and the end of a release the old servers run on the new schema. What they cannot survive is judged from
the operations of the plan: Django names every column of a model in its SELECTs and INSERTs, so a column that is gone or has
another name breaks each query, and one that is new breaks each INSERT unless the database itself fills it. Models that
come with the plan itself are nobody's yet. SQL, Python code and operations from elsewhere cannot be judged; the log names them.
"""

import re

EXPAND = "add it with null=True or db_default= (Django 5.0 and newer), and tighten it in a later release"
CONTRACT = (
    "in one release take it out of the code and of Django's state alone (SeparateDatabaseAndState with state_operations), "
    "nullable or with db_default=; drop it in the next"
)
RENAME = "keep the name in the database (db_column=, db_table=), or add the new one, copy, and drop the old one in a later release"
TIGHTEN = "first release code that never violates it; then declare this one"
RETYPE = "add a column of the new type, copy, and drop the old one in a later release"

#: Integers from narrow to wide. A column that became wider holds all that the old code writes.
INTEGERS = ("smallint", "integer", "bigint")
TEXT = re.compile(r"varchar\((\d+)\)|(varchar|text)\Z")
NUMERIC = re.compile(r"numeric\((\d+), ?(\d+)\)")


class Finding:
    """An operation that the old code does not survive."""

    def __init__(self, migration, operation, reason, way_out):
        self.migration = migration
        self.operation = operation
        self.reason = reason
        self.way_out = way_out

    def __str__(self):
        return f"{self.migration}: {self.operation}: {self.reason}. Instead: {self.way_out}."


class Plan:
    """
    The unapplied migrations of a database: their names, what breaks, and what nobody can judge.

    Migrations that only the database knows, after a release back, are no part of it.
    """

    def __init__(self, connection):
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        loader = executor.loader
        self.migrations = [migration for migration, _ in executor.migration_plan(loader.graph.leaf_nodes())]
        self.names = [f"{one.app_label}.{one.name}" for one in self.migrations]
        self.findings = []
        self.unjudged = []
        if not self.migrations:
            return
        # As `migrate` makes it for itself; nothing public gives the state of what is applied.
        state = executor._create_project_state(with_applied_migrations=True)
        judge = Judge(connection, set(state.models))
        for migration, name in zip(self.migrations, self.names):
            for operation in migration.operations:
                judge.judge(name, migration.app_label, operation, state)
                operation.state_forwards(migration.app_label, state)
        self.findings, self.unjudged = judge.findings, judge.unjudged


class Judge:
    def __init__(self, connection, existing):
        self.connection = connection
        self.existing = existing  # (app, model) that the old code knows
        self.findings = []
        self.unjudged = []

    def judge(self, migration, app, operation, state):
        """Looks at one operation; `state` is that before it, and stays as it is."""
        from django.db.migrations import operations as ops

        if isinstance(operation, ops.SeparateDatabaseAndState):
            state = state.clone()
            for inner in operation.database_operations:
                self.judge(migration, app, inner, state)
                inner.state_forwards(app, state)
            return
        if isinstance(operation, (ops.RunSQL, ops.RunPython)) or not is_known(operation):
            self.unjudged.append(f"{migration}: {operation.describe()}")
            return
        model = getattr(operation, "model_name", None) or getattr(operation, "name", None)
        if isinstance(operation, ops.RenameModel):
            model = operation.old_name
        key = (app, model.lower()) if isinstance(model, str) else None
        if key not in self.existing or not has_table(state.models[key]):
            return
        found = self.reason(app, key[1], operation, state)
        if isinstance(operation, ops.RenameModel):
            self.existing.add((app, operation.new_name.lower()))
        if found:
            self.findings.append(Finding(migration, operation.describe(), *found))

    def reason(self, app, model, operation, state):
        """(why the old code does not survive it, the way out), or None."""
        from django.db.migrations import operations as ops

        if isinstance(operation, ops.AddField):
            return add_field(operation.field)
        if isinstance(operation, ops.RemoveField):
            return "the code that is still running reads and writes it in its queries", CONTRACT
        if isinstance(operation, ops.DeleteModel):
            return "the code that is still running uses its table", CONTRACT
        if isinstance(operation, ops.RenameField):
            old, new = self.around(app, model, operation, state)
            names = column(old, operation.old_name), column(new, operation.new_name)
            return renamed("column", *names)
        if isinstance(operation, (ops.RenameModel, ops.AlterModelTable)):
            old, new = self.around(app, model, operation, state, getattr(operation, "new_name", None))
            return renamed("table", old._meta.db_table, new._meta.db_table)
        if isinstance(operation, ops.AlterField):
            old, new = (one._meta.get_field(operation.name) for one in self.around(app, model, operation, state))
            return self.alter_field(old, new)
        if isinstance(operation, ops.AlterUniqueTogether):
            before = {tuple(names) for names in state.models[app, model].options.get("unique_together") or ()}
            if {tuple(names) for names in operation.option_value or ()} - before:
                return "the code that is still running may write what it forbids", TIGHTEN
        if isinstance(operation, ops.AddConstraint):
            return "the code that is still running may write what it forbids", TIGHTEN
        if isinstance(operation, ops.AlterOrderWithRespectTo) and operation.order_with_respect_to:
            return "it adds a column _order that the INSERTs of the code that is still running leave out", TIGHTEN
        return None

    def around(self, app, model, operation, state, new_name=None):
        """The model before and after the operation, as a class."""
        before, after = state.clone(), state.clone()
        operation.state_forwards(app, after)
        return before.apps.get_model(app, model), after.apps.get_model(app, new_name or model)

    def alter_field(self, old, new):
        if old.column is None or new.column is None:
            return None  # many to many: Django itself refuses what cannot be done
        if old.column != new.column:
            return renamed("column", old.column, new.column)
        types = [one.db_parameters(connection=self.connection)["type"] for one in (old, new)]
        if not holds(*types):
            return f"its column becomes {types[1]} instead of {types[0]}, and the code that is still running writes the old type", RETYPE
        if old.null and not new.null:
            return "the code that is still running may write NULL, which the column refuses from now on", TIGHTEN
        if new.unique and not old.unique:
            return "the code that is still running may write a value twice, which the column refuses from now on", TIGHTEN
        return None


def is_known(operation):
    """Whether it is one of Django's own, or made of one."""
    return any(
        kind.__module__.startswith("django.") and kind.__name__ not in ("Operation", "ModelOperation", "FieldOperation") for kind in type(operation).mro()
    )


def has_table(model):
    return model.options.get("managed", True) and not model.options.get("proxy", False)


def add_field(field):
    from django.db.models import NOT_PROVIDED

    filled = getattr(field, "db_default", NOT_PROVIDED) is not NOT_PROVIDED or getattr(field, "generated", False)
    if field.many_to_many or field.null or filled:
        return None
    return "its column is NOT NULL without a default in the database, and the INSERTs of the code that is still running leave it out", EXPAND


def column(model, name):
    return model._meta.get_field(name).column


def renamed(what, old, new):
    if old == new:
        return None
    return f"the code that is still running knows the {what} as {old}, which becomes {new}", RENAME


def holds(old, new):
    """Whether a column of the new type takes and gives everything that the old type does."""
    if old == new:
        return True
    if old in INTEGERS and new in INTEGERS:
        return INTEGERS.index(new) >= INTEGERS.index(old)
    old_text, new_text = TEXT.match(old or ""), TEXT.match(new or "")
    if old_text and new_text:
        return new_text[1] is None or (old_text[1] is not None and int(old_text[1]) <= int(new_text[1]))
    old_number, new_number = NUMERIC.match(old or ""), NUMERIC.match(new or "")
    if old_number and new_number:
        return old_number[2] == new_number[2] and int(old_number[1]) <= int(new_number[1])
    return False
