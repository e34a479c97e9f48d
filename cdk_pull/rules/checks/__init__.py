"""The rules, one module each; see :mod:`cdk_pull.rules.engine.registry`."""
