"""What forms of several rooms share."""

from urllib.parse import urlencode

from django import forms


class ListFilter(forms.Form):
    """The filter above a list. It comes with the address of the page, and goes into those of further pages."""

    def query(self) -> str:
        """What was chosen or typed, as the part of an address behind the question mark."""
        return urlencode({name: value for name in self.fields if (value := self.data.get(name, ""))})


def moment_input() -> forms.DateTimeInput:
    """A day and a time to the minute, as the browser's own field for it wants them written."""
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def reason_field(help_text: str, *, longest: int = 300) -> forms.CharField:
    """理由: why somebody does what the record keeps, in one or two lines of at most so many characters."""
    return forms.CharField(
        label="理由", help_text=help_text, max_length=longest, widget=forms.Textarea(attrs={"rows": 2})
    )
