"""Whether tasks and instances reach registries, on plain data: reachable, closed, or not known and why."""
