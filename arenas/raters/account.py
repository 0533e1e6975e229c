"""Raters with an account: one user is one rater, on every device."""

import secrets

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from arenas.raters.admit import HasLeft
from arenas.raters.models import Person, Rater


class BadName(ValueError):
    """A name that no account can have; the message says why."""


def create_account(name: str) -> str:
    """A new user without any rights; returns the password, which is shown this once."""
    password = secrets.token_urlsafe(12)
    user = get_user_model()(username=name)
    user.set_password(password)
    try:
        user.full_clean(exclude=["email", "first_name", "last_name"])
    except ValidationError as error:
        raise BadName(f"{name[:20]!r}: {' '.join(error.messages)}") from error
    user.save()
    return password


def find_or_make_rater(user: AbstractBaseUser) -> Rater:
    """The rater that the user is, made with the first need of it. Raises HasLeft."""
    known = Person.objects.select_related("rater").filter(user_id=user.pk).first()
    if known:
        return known.rater
    try:
        with transaction.atomic():
            users = get_user_model().objects.select_for_update(no_key=True).filter(pk=user.pk)
            if not users:  # a withdrawal has deleted the account since the request began
                raise HasLeft
            return Person.objects.create(rater=Rater.objects.create(), user_id=user.pk).rater
    except IntegrityError:
        return Person.objects.select_related("rater").get(user_id=user.pk).rater
