"""How bandwidth is written on pages."""

from django import template

from sakimori.usage.words import mbps

register = template.Library()
register.filter("mbps", mbps)
