"""A small clinic with bookings, as Flask's and Flask-WTF's documents write one."""

import os
import time

from flask import Flask, Response, redirect, render_template_string, request, session, url_for
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from flask_wtf.file import FileField
from werkzeug.middleware.proxy_fix import ProxyFix
from wtforms import StringField
from wtforms.validators import DataRequired

app = Flask(__name__)
app.config.update(
    SECRET_KEY=os.urandom(32),
    SESSION_COOKIE_SECURE=True,
    SESSION_COOKIE_SAMESITE="Lax",
    MAX_CONTENT_LENGTH=1_000_000,
)
CSRFProtect(app)
# https://flask.palletsprojects.com/en/latest/deploying/proxy_fix/: one proxy is in front.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)

pictures = {}


class BookingForm(FlaskForm):
    name = StringField("Name", validators=[DataRequired()])
    picture = FileField("Picture")


HOME = '<h1>Clinic on Flask</h1><a href="{{ url_for("book", _external=True) }}">Book</a>'
FORM = """<form method="post" enctype="multipart/form-data">
  {{ form.csrf_token }} {{ form.name }} {{ form.picture }} <button>Book</button>
</form>"""
BOOKING = "<p>Booked for {{ name }} from {{ address }}</p>"


@app.get("/")
def home():
    return render_template_string(HOME)


@app.route("/book", methods=["GET", "POST"])
def book():
    form = BookingForm()
    if not form.validate_on_submit():
        return render_template_string(FORM, form=form)
    session["name"] = form.name.data
    if form.picture.data:
        pictures[form.name.data] = form.picture.data.read()
    return redirect(url_for("booking", _external=True))


@app.get("/booking")
def booking():
    return render_template_string(BOOKING, name=session.get("name"), address=request.remote_addr)


@app.get("/picture")
def picture():
    return Response(pictures[session["name"]], mimetype="image/png")


@app.get("/slots/")
def slots():
    return {"slots": ["09:00", "09:30"]}


@app.get("/stream")
def stream():
    def lines():
        for number in range(3):
            yield f"line {number}\n"
            time.sleep(0.4)

    return Response(lines(), mimetype="text/plain")
