"""The rules and their fixes in a CDK app."""
