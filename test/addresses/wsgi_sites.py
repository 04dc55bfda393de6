# Sites in Python: plain WSGI with the ways in which its programs take the path, Flask and Django. Run by gunicorn.

import posixpath
import re
from urllib.parse import unquote, unquote_plus, urlsplit

HANDLERS = {
    "book": "/book",
    "reserve": "/예약",
    "nested": "/a/b",
    "shop": "/Shop",
    "script": "/apply.php",
    "static": "/static",
    "webhook": "/webhook",
}


def mark(name, method):
    return f"[handler {name} {method}]"


def handler_of(path):
    for name, served in HANDLERS.items():
        if path == served or path.startswith(served + "/"):
            return name
    return "front"


def readings(environ):
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    raw = environ.get("RAW_URI", "")
    before = raw.split("?")[0]
    yield path
    yield posixpath.normpath(path)
    yield unquote(path)
    yield before
    yield unquote(before)
    yield unquote_plus(before)
    yield posixpath.normpath(unquote(before))
    try:
        parsed = urlsplit(raw).path
    except ValueError:
        return
    yield parsed
    yield unquote(parsed)
    yield posixpath.normpath(unquote(parsed))


def plain(environ, start_response):
    names = {handler_of(path) for path in readings(environ)}
    body = "".join(mark(name, environ["REQUEST_METHOD"]) for name in sorted(names)).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def make_flask_site():
    from flask import Flask, request
    from werkzeug.routing import BaseConverter

    class Anything(BaseConverter):
        regex = ".*"
        part_isolating = False

    app = Flask(__name__, static_folder=None)
    app.url_map.converters["anything"] = Anything

    def add(name, rule, suffix=""):
        view = lambda rest="": mark(name, request.method)
        app.add_url_rule(rule, name + suffix, view, methods=METHODS)

    for name, path in HANDLERS.items():
        add(name, path)
        add(name, path + "/<anything:rest>", "-below")
    add("front", "/")
    add("front", "/<anything:rest>", "-below")
    return app


def make_django_site():
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path, re_path

    def view(name):
        return lambda request, rest="": HttpResponse(mark(name, request.method), content_type="text/plain")

    class Urls:
        urlpatterns = []

    for name, served in HANDLERS.items():
        Urls.urlpatterns.append(path(served[1:], view(name)))
        Urls.urlpatterns.append(re_path("^%s/(?P<rest>.*)$" % re.escape(served[1:]), view(name)))
        Urls.urlpatterns.append(re_path("^%s/?$" % re.escape(served[1:]), view(name)))
    Urls.urlpatterns.append(re_path("", view("front")))
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=Urls,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        SECRET_KEY="for tests",
        LOGGING_CONFIG=None,
    )
    django.setup()
    return get_wsgi_application()


def on_first_request(make):
    made = []

    def site(environ, start_response):
        if not made:
            made.append(make())
        return made[0](environ, start_response)

    return site


flask_site = on_first_request(make_flask_site)
django_site = on_first_request(make_django_site)
