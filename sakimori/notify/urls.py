"""Addresses at which phone providers call back."""

from django.urls import path

from sakimori.notify import phone_door as door

app_name = "phone"
urlpatterns = [
    path("twilio/<slug:reference>/answer/", door.answer, name="answer"),
    path("twilio/<slug:reference>/key/<int:turn>/", door.key, name="key"),
    path("twilio/<slug:reference>/bridge/<int:turn>/", door.bridge, name="bridge"),
    path("twilio/<slug:reference>/operator/", door.operator, name="operator"),
    path("twilio/<slug:reference>/operator/key/", door.operator_key, name="operator-key"),
    path("twilio/<slug:reference>/status/", door.status, name="status"),
    path("twilio/<slug:reference>/machine/", door.machine, name="machine"),
]
