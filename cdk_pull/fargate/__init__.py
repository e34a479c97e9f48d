"""Fargate task sizes, start-up estimates, prices, and the choice between them."""
