"""Gathers the tasks of the rooms, where each is defined and explained."""

from .ops.tasks import canary

__all__ = ["canary"]
