"""The unknown pieces of a script; see :mod:`cdk_pull.agent.pieces`."""

from __future__ import annotations

from cdk_pull.agent.pieces import NOTHING, Hole, Holes

__all__ = ["NOTHING", "Hole", "Holes"]
