"""Ways to a start: changes of the image together with task sizes, ranked by what they cost."""
