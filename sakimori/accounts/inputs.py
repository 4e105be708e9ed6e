"""Fields that forms of several rooms share."""

from django import forms


def moment_input() -> forms.DateTimeInput:
    """A day and a time to the minute, as the browser's own field for it wants them written."""
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
