"""What IAM policies allow, on plain data: yes, no, or not known and why."""
