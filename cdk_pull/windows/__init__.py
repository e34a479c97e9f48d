"""The servercore images that Fargate hosts have cached."""
