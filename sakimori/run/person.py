"""`sakimori person LOGIN`: makes somebody of the SOC's desk and prints the first password once, or stops him."""

import argparse
import sys

from django.core.exceptions import ValidationError
from django.db import DatabaseError

from sakimori.accounts.models import SocRole, User
from sakimori.customers import desk
from sakimori.customers.sheet.cells import BadCell, mail, phone
from sakimori.lib.jst import utc_now

HELP = "make somebody of the SOC's desk, give him a new password, or stop him"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """LOGIN with `--role`, `--family` and `--given`, or with `--new-password` or `--stop`."""
    parser.add_argument("login", metavar="LOGIN", help="login ID")
    parser.add_argument("--role", choices=[SocRole.ANALYST.value, SocRole.MANAGER.value])
    parser.add_argument("--family", default="", help="family name")
    parser.add_argument("--given", default="", help="given name")
    parser.add_argument("--phone", default="", help="where the duty roster calls")
    parser.add_argument("--mail", default="", help="where the duty roster mails")
    parser.add_argument("--new-password", action="store_true", help="for somebody who is locked out")
    parser.add_argument("--stop", action="store_true", help="for somebody who has left")


def run(arguments: argparse.Namespace) -> int:
    """Print login ID and first password. Returns 1 when the person exists (or does not), 2 for a wrong call."""
    try:
        user = User.objects.filter(username=arguments.login).first()
        if arguments.stop:
            desk.stop_person(_known(user), now=utc_now())
            print(f"{arguments.login} signs in no more; --new-password lets him in again.")
            return 0
        password = desk.new_password(_known(user), now=utc_now()) if arguments.new_password else _add(arguments, user)
    except ValueError as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except (ValidationError, BadCell) as refusal:
        words = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
        print(" ".join(words), file=sys.stderr)
        return 2
    except DatabaseError as error:
        print(f"The database cannot be used; start `sakimori up` once, it makes the tables. ({error})", file=sys.stderr)
        return 1
    print(f"login ID        {arguments.login}")
    print(f"first password  {password}")
    print("It is shown only now, and must be changed at the first sign-in.")
    return 0


def _known(user: User | None) -> User:
    if user is None or not user.is_soc:
        raise ValueError("There is nobody of the SOC's desk with this login ID.")
    return user


def _add(arguments: argparse.Namespace, user: User | None) -> str:
    if user is not None:
        raise ValueError("This login ID exists already; --new-password gives a new password.")
    if not (arguments.role and arguments.family and arguments.given):
        raise ValidationError("--role, --family and --given are needed.")
    return desk.add_person(
        arguments.login,
        role=SocRole(arguments.role),
        family=arguments.family,
        given=arguments.given,
        phone=phone(arguments.phone) if arguments.phone else "",
        mail=mail(arguments.mail) if arguments.mail else "",
        now=utc_now(),
    )
