"""Constructs, mixins and the validation plugin: the only package that imports aws_cdk."""
