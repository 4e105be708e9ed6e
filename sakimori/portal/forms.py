"""What a customer types."""

from django import forms


class RestoreForm(forms.Form):
    """Why an address is needed. The reason is a courtesy to the analyst, never a condition."""

    reason = forms.CharField(
        label="理由（任意）",
        help_text="例：取引先の事務所のアドレスのため。200 文字までご記入いただけます。",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
