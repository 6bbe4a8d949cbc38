"""A tiny Flask app: `flask run`, or any WSGI server with app:app."""

import os
import socket

from flask import Flask, jsonify, render_template_string, request, url_for

app = Flask(__name__)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hello</title>
<style>
  body { max-width: 32rem; margin: 4rem auto; padding: 0 1.5rem; color: #1f2a30; font: 18px/1.5 system-ui, sans-serif; }
  a { color: #0b6e4f; }
</style>
<h1>{{ greeting }}</h1>
<p>This is {{ hostname }}. Ask it <a href="{{ url_for('whoami') }}">who it is</a>.</p>
</html>
"""


@app.get('/')
def index():
    greeting = os.environ.get('GREETING', 'Hello from Flask')
    return render_template_string(PAGE, greeting=greeting, hostname=socket.gethostname())


@app.get('/whoami')
def whoami():
    return jsonify(
        hostname=socket.gethostname(),
        pid=os.getpid(),
        script_root=request.script_root,
        scheme=request.scheme,
        host=request.host,
        remote_addr=request.remote_addr,
        x_forwarded_for=request.headers.get('X-Forwarded-For'),
        x_request_id=request.headers.get('X-Request-ID'),
        home=url_for('index'),
        greeting=os.environ.get('GREETING'),
    )
