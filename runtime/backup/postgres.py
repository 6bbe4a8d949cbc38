"""The programs of Postgres, and what is asked of a server."""

import json
import os
import subprocess
import time

from settings import BackupError

PATIENCE = 60


class Server:
    """How a server is reached as its superuser."""

    def __init__(self, host, port=5432, database="postgres", password_file=None, user="postgres"):
        self.host, self.port, self.database, self.password_file, self.user = host, port, database, password_file, user

    def environment(self):
        own = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user, "PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "cdktf-django backup"}
        # A quick look at a table must not wait behind one that a statement_timeout of the database cuts short.
        own["PGOPTIONS"] = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c default_transaction_read_only=off"
        if self.password_file:
            with open(self.password_file, encoding="utf-8") as file:
                own["PGPASSWORD"] = file.readline().rstrip("\n")
        return {**os.environ, **own}

    def run(self, program, *arguments, stdin=None, stdout=None, what=None):
        """Runs a program to its end. Gives what it printed, unless that goes elsewhere."""
        ran = subprocess.run(
            [program, *arguments],
            env=self.environment(),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if ran.returncode != 0:
            raise BackupError(f"{what or program} failed: {reason_of(ran)}")
        return ran.stdout

    def sql(self, program, database=None, what=None):
        """What a program of psql prints, unaligned, without a head."""
        return self.run(
            "psql",
            *("--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"),
            *("--dbname", database or self.database, "--file=-"),
            stdin="SET client_min_messages = warning;\nSET standard_conforming_strings = on;\n" + program,
            what=what,
        )

    def ask(self, query, database=None):
        """The one value of a query that gives JSON."""
        return json.loads(self.sql(query, database, what="a question to the server"))

    def wait(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            ready = subprocess.run(["pg_isready", "--quiet", f"--dbname={self.database}"], env=self.environment(), check=False)
            if ready.returncode == 0:
                return
            if time.monotonic() > deadline:
                raise BackupError(f"the server {self.host} did not answer within {PATIENCE} s")
            time.sleep(0.5)


def server_of(settings):
    own = settings["server"]
    return Server(own["host"], own["port"], own["database"], own["passwordFile"])


def reason_of(ran):
    lines = [line for line in (ran.stderr or "").strip().splitlines() if line]
    if not lines:
        return f"it was ended by signal {-ran.returncode}" if ran.returncode < 0 else f"exit code {ran.returncode}"
    return " | ".join(lines[-4:])


def literal(text):
    """A text as SQL has it, with standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"


def identifier(text):
    return '"' + text.replace('"', '""') + '"'


ROLES = """
SELECT coalesce(json_agg(json_build_object(
  'name', rolname, 'super', rolsuper, 'inherit', rolinherit, 'createrole', rolcreaterole, 'createdb', rolcreatedb,
  'login', rolcanlogin, 'replication', rolreplication, 'bypassrls', rolbypassrls, 'limit', rolconnlimit,
  'until', rolvaliduntil, 'comment', shobj_description(oid, 'pg_authid'),
  'settings', (SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0),
  'memberOf', (SELECT json_agg(json_build_object('role', pg_get_userbyid(m.roleid), 'options', to_jsonb(m)))
               FROM pg_auth_members m WHERE m.member = r.oid)
) ORDER BY rolname), '[]')
FROM pg_roles r WHERE rolname !~ '^pg_' AND rolname <> 'postgres';
"""

DATABASE = """
SELECT json_build_object(
  'name', datname, 'bytes', pg_database_size(oid), 'owner', pg_get_userbyid(datdba), 'encoding', pg_encoding_to_char(encoding),
  'provider', datlocprovider, 'collate', datcollate, 'ctype', datctype,
  'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'), 'icuRules', to_jsonb(d) ->> 'daticurules',
  'limit', datconnlimit, 'comment', shobj_description(oid, 'pg_database'),
  'acl', CASE WHEN datacl IS NOT NULL THEN (
    SELECT coalesce(json_agg(json_build_object('privilege', privilege_type, 'grantable', is_grantable,
      'grantee', CASE WHEN grantee <> 0 THEN pg_get_userbyid(grantee) END)), '[]') FROM aclexplode(datacl)) END,
  'settings', (SELECT coalesce(json_agg(json_build_object('config', setconfig,
    'role', CASE WHEN setrole <> 0 THEN pg_get_userbyid(setrole) END)), '[]') FROM pg_db_role_setting WHERE setdatabase = d.oid),
  'system', (SELECT system_identifier::text FROM pg_control_system()), 'version', current_setting('server_version'), 'preload', current_setting('shared_preload_libraries'))
FROM pg_database d WHERE datname = current_database();
"""
