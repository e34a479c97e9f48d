"""What PullFixes changes for a rule."""
