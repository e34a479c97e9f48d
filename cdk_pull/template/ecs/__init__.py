"""What a template says of Amazon ECS: capacity, task definitions, services, repositories and their network."""
