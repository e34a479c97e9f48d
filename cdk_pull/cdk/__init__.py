"""Constructs, mixins and the validation plugin: the only room that imports aws_cdk."""
