"""Sightloop: a self-hosted platform for image models that keep learning."""

__version__ = "0.1.0"
