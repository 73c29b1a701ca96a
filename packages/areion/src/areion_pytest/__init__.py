"""Areion's pytest plugin; outside of the package ``areion``, which runs that do not use it never import."""
