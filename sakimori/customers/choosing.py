"""The field of a filter in which a customer is chosen."""

from django import forms
from django.db.models import QuerySet

from sakimori.customers.models import Customer


def customer_field(customers: QuerySet[Customer]) -> "forms.ModelChoiceField[Customer]":
    """One of these customers, or all."""
    return forms.ModelChoiceField(customers.order_by("name"), label="お客様", required=False, empty_label="すべて")
