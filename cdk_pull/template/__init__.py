"""CloudFormation templates as the rules see them."""
