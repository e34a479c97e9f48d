"""Image references, image profiles and where their facts come from."""
