"""The WSGI application that granian (or any other server) runs."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from evalsite.embedded import provide
from evalsite.lifeline import die_with_parent

if os.environ.get("EVALSITE_LIFELINE"):
    die_with_parent()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalsite.settings")
provide()
application = get_wsgi_application()
# What is loaded by now stays. Looking through it for garbage again and again, after every few
# hundred objects as Python does by default, is a noticeable part of a page's time.
gc.freeze()
gc.set_threshold(50_000, 20, 20)
