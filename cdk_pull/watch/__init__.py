"""Task starts as CloudWatch Logs keeps them: what to record, how to query it, what it costs."""
