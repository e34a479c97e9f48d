"""The ECS agent's image settings on EC2: as values, and as user data that is written and read."""
